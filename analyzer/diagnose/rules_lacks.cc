// What the captures lack of a call, and how that shows.

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/network_facts.h"
#include "analyzer/diagnose/rules.h"
#include "analyzer/model/coverage.h"

namespace parley::analyzer {
namespace {

void add(Finding& finding, std::string fact, const std::optional<PacketRef>& packet) {
  finding.facts.push_back(std::move(fact));
  if (packet)
    finding.evidence.push_back(*packet);
}

// ---- one direction ----

void add_answers(const Story& story, Side sender, Finding& finding) {
  for (const HostTraffic& point : story.call.traffic)
    if (const std::optional<Unasked> answers = unasked_answers(point, sender))
      add(finding,
          fmt::format("{} answers {} of {} that {} not here {}.", to_string(sender),
                      counted(answers->seen.count, "check"), to_string(other(sender)),
                      answers->seen.count == 1 ? "is" : "are",
                      story.cite.range(answers->seen.first, answers->seen.last)),
          answers->seen.first);
}

void add_hello(const Story& story, const Transport& transport, Side sender, Finding& finding) {
  const Dtls& dtls = transport.dtls;
  const bool answered = std::any_of(
      transport.dtls_steps.begin(), transport.dtls_steps.end(), [&](const DtlsStep& step) {
        return step.from == sender && dtls.server_hello == step.packet && !dtls.client_hello;
      });
  if (answered)
    add(finding,
        fmt::format("{} answers a ClientHello that is not here {}.", to_string(sender),
                    story.cite.ref(dtls.server_hello)),
        dtls.server_hello);
}

void add_data(const Story& story, const Transport& transport, Side sender, Finding& finding) {
  const auto flow = std::find_if(transport.flows.begin(), transport.flows.end(),
                                 [&](const Flow& f) { return f.from == sender; });
  if (flow != transport.flows.end())
    add(finding,
        fmt::format("{} sends data, and so had an answer to a check before {}.", to_string(sender),
                    story.cite.ref(flow->first)),
        flow->first);
}

void add_refused_packets(const Story& story, Side sender, Finding& finding) {
  for (const IcmpReport& report : story.call.icmp_reports) {
    if (report.owner != sender)
      continue;
    add(finding,
        fmt::format("ICMP refuses a packet of {} to {} that is not here {}.",
                    to_string(other(sender)), to_string(sender), story.cite.ref(report.packet)),
        report.packet);
    return;
  }
}

void add_nonces(const Story& story, Side sender, Finding& finding) {
  for (const TurnAllocation& allocation : story.call.turn)
    if (allocation.of == sender && allocation.knows_nonce && allocation.responses == 0)
      add(finding,
          fmt::format("{} repeats a NONCE of {}, which only an answer can have brought {}.",
                      to_string(sender), to_string(allocation.server),
                      story.cite.ref(allocation.knows_nonce)),
          allocation.knows_nonce);
}

// What a client asked for is here, and not what it was given.
void add_credentials(const Story& story, Side sender, Finding& finding) {
  for (const TurnAllocation& allocation : story.call.turn) {
    if (allocation.of != sender || !allocation.asked_with || allocation.responses > 0)
      continue;
    add(finding,
        fmt::format("{} asks {} for a relay with credentials{} {}.", to_string(sender),
                    to_string(allocation.server),
                    allocation.asked_as ? fmt::format(", as '{}'", *allocation.asked_as) : "",
                    story.cite.ref(allocation.asked_with)),
        allocation.asked_with);
    finding.open.push_back(fmt::format("Whether {} gave {} a relay.", to_string(allocation.server),
                                       to_string(sender)));
  }
}

void add_lacking_answers(const Story& story, Finding& finding) {
  for (const TurnAllocation& allocation : story.call.turn)
    if (answer_is_lacking(story.call, allocation))
      add(finding,
          fmt::format("TURN: {} sent {} once at {} {} and goes on without a retransmission, so it "
                      "had its answer, which is not here.",
                      to_string(*allocation.of), allocation.unrepeated_method,
                      story.cite.time(*allocation.unrepeated_at),
                      story.cite.ref(allocation.unrepeated)),
          allocation.unrepeated);
}

Finding one_direction_at(std::string_view place, const OneDirection& way) {
  const std::string_view host = to_string(way.host);
  Finding finding = make_finding("capture-one-direction");
  finding.peer = way.host;
  finding.summary = way.outgoing ? fmt::format("{} holds only what {} sends: 0 of {} come in.",
                                               place, host, counted(way.packets, "packet"))
                                 : fmt::format("{} holds only what comes to {}: {} sent 0 of {}.",
                                               place, host, host, counted(way.packets, "packet"));
  finding.try_this = fmt::format(
      "Take the capture at {} in both directions, without a filter on addresses.", host);
  return finding;
}

// ---- the beginning ----

std::optional<Instant> first_time(const Story& story) {
  std::optional<Instant> first;
  for (const Capture& capture : story.captures)
    if (capture.first_time && (!first || *capture.first_time < *first))
      first = capture.first_time;
  return first;
}

// The capture begins with a check of `side`, or almost.
bool begins_with_check(const Story& story, Side side) {
  constexpr Duration kAtOnce = std::chrono::seconds(1);
  const Checks checks = checks_of(story.call, side);
  const std::optional<Instant> first = first_time(story);
  return checks.first_at && first && *checks.first_at - *first < kAtOnce;
}

void add_first_data(const Story& story, Finding& finding) {
  for (const Transport& transport : story.call.transports) {
    if (!up_before_capture(transport) || transport.flows.empty())
      continue;
    const Flow& flow = transport.flows.front();
    const bool media = flow.rtp > 0 && flow.first_rtp && flow.first_rtp_at;
    const PacketRef first = media ? *flow.first_rtp : flow.first;
    add(finding,
        fmt::format("{} of {} flows at {} {}, {}.",
                    media           ? "RTP"
                    : flow.rtcp > 0 ? "RTCP"
                                    : "Protected data",
                    to_string(flow.from),
                    story.cite.time(media ? *flow.first_rtp_at : flow.first_at),
                    story.cite.ref(first),
                    transport.dtls_steps.empty() ? "and no handshake of DTLS is in the capture"
                                                 : "before the first answer to a check"),
        first);
  }
}

const Transport* begun_before_capture(const Call& call) {
  const auto found =
      std::find_if(call.transports.begin(), call.transports.end(),
                   [](const Transport& transport) { return transport.first_checks_missing; });
  return found == call.transports.end() ? nullptr : &*found;
}

// The first packet that takes for granted what is not here.
void add_what_came_before(const Story& story, const Transport& transport, Finding& finding) {
  for (const TurnAllocation& allocation : story.call.turn)
    if (allocation.made_before && allocation.of)
      add(finding,
          fmt::format("{} uses a relay of {} that it asked for before {}.",
                      to_string(*allocation.of), to_string(allocation.server),
                      story.cite.ref(allocation.first)),
          allocation.first);
  for (const Side side : {Side::A, Side::B})
    if (const Flow* flow = flow_before_answer(transport, side))
      add(finding,
          fmt::format("{} sends data at {} {}, before an answer to a check of {} is here.",
                      to_string(side), story.cite.time(flow->first_at), story.cite.ref(flow->first),
                      to_string(side)),
          flow->first);
  for (const HostTraffic& point : story.call.traffic)
    for (const Side side : {Side::A, Side::B})
      if (const std::optional<SeenAt>& seen = point.unasked[index_of(side)])
        add(finding,
            fmt::format("{} answers a check of {} that is not here {}.", to_string(side),
                        to_string(other(side)), story.cite.ref(seen->first)),
            seen->first);
  if (transport.dtls.server_hello && !transport.dtls.client_hello)
    add(finding,
        fmt::format("A ServerHello answers a ClientHello that is not here {}.",
                    story.cite.ref(transport.dtls.server_hello)),
        transport.dtls.server_hello);
}

// ICE was restarted before the capture, and both sessions go on in it.
std::string unordered_text(const Call& call) {
  std::size_t most = 0;
  for (const Transport& transport : call.transports)
    for (const std::vector<std::string>& ufrags : transport.unordered_ufrags)
      most = std::max(most, ufrags.size());
  return most < 2 ? std::string()
                  : fmt::format(" {} ufrag pairs are in use; which is older was not captured.",
                                most == 2 ? "Two" : "Several");
}

// ---- packets ----

void add_seen_handshake(const Story& story, const Transport& transport, Finding& finding) {
  const DtlsStep& last = transport.dtls_steps.back();
  add(finding,
      fmt::format("DTLS: {} sent {} once at {} {} and goes on without a retransmission, so it had "
                  "its answer, which is not here.",
                  to_string(last.from), printable(last.what), story.cite.time(last.at),
                  story.cite.ref(last.packet)),
      last.packet);
}

constexpr std::array<std::string_view, 13> kDrawnFromAbsence = {
    "dtls-loss",           "ice-loss",      "dtls-not-started",   "dtls-peer-silent",
    "dtls-stuck",          "ice-no-answer", "ice-no-relay",       "ice-not-nominated",
    "ice-one-side-silent", "media-one-way", "turn-server-silent", "stun-server-silent",
    "nat-no-hairpin"};

}  // namespace

void find_one_direction(const Story& story, Findings& out) {
  const std::optional<OneDirection> way = one_direction(story.call);
  if (!way) {
    for (const HostTraffic& point : story.call.traffic)
      if (const auto here = one_direction(point))
        out.push_back(one_direction_at(place_name(story, point.point), *here));
    return;
  }
  Finding finding = one_direction_at("The capture", *way);
  const Side sender = way->sender();
  add_answers(story, sender, finding);
  for (const Transport& transport : story.call.transports) {
    add_hello(story, transport, sender, finding);
    add_data(story, transport, sender, finding);
  }
  add_refused_packets(story, sender, finding);
  add_nonces(story, sender, finding);
  add_credentials(story, sender, finding);
  if (finding.facts.empty())
    finding.open.emplace_back(way->outgoing ? "Whether anything came back."
                                            : "What was asked and answered here.");
  else
    finding.open.push_back(fmt::format("What {} sent, and when.", to_string(other(sender))));
  out.push_back(std::move(finding));
}

void find_late_begin(const Story& story, Findings& out) {
  if (story.call.from_run)
    return;
  Finding finding = make_finding("capture-begins-late");
  finding.try_this = "Start the capture before the call.";
  if (up_before_capture(story.call)) {
    finding.summary =
        "The capture begins in the middle of the call: when and how ICE and DTLS came up was not "
        "captured.";
    add_first_data(story, finding);
    finding.summary += unordered_text(story.call);
    out.push_back(std::move(finding));
    return;
  }
  if (const Transport* late = begun_before_capture(story.call)) {
    finding.transport = late->id;
    finding.summary =
        "The capture begins after the first checks: when ICE came up was not captured.";
    add_what_came_before(story, *late, finding);
    out.push_back(std::move(finding));
    return;
  }
  for (const Side side : {Side::A, Side::B}) {
    if (!gathered_unseen(story.call, side) || !begins_with_check(story, side))
      continue;
    finding.peer = side;
    finding.summary =
        fmt::format("The capture begins after {} gathered its candidates.", to_string(side));
    const Checks checks = checks_of(story.call, side);
    add(finding,
        fmt::format("{}'s first packet here is a check already {}.", to_string(side),
                    story.cite.ref(checks.first)),
        checks.first);
    out.push_back(std::move(finding));
    return;
  }
}

void find_lacking_packets(const Story& story, Findings& out) {
  if (story.call.from_run || one_direction(story.call))
    return;
  Finding finding = make_finding("capture-lacks-packets");
  // Of a request that a snap length cut it is not known that it is one.
  const bool cut = std::any_of(story.captures.begin(), story.captures.end(),
                               [](const Capture& capture) { return capture.cut_short > 0; });
  for (const Side side : {Side::A, Side::B}) {
    if (!cut)
      add_answers(story, side, finding);
    add_nonces(story, side, finding);
  }
  add_lacking_answers(story, finding);
  for (const Transport& transport : story.call.transports)
    if (handshake_goes_on_unseen(story.call, transport, story.end))
      add_seen_handshake(story, transport, finding);
  if (finding.facts.empty())
    return;
  if (was_connected(story.call))
    finding.level = Level::Note;
  finding.summary = "The capture lacks packets that were there.";
  finding.open.emplace_back(
      "Whether the capture dropped them, a filter left them out, or they took another way.");
  finding.try_this =
      "Capture without a filter, and with a larger buffer (tcpdump -B) if it says that the kernel "
      "dropped packets.";
  out.push_back(std::move(finding));
}

void find_filter(const Story& story, Findings& out) {
  for (const Transport& transport : story.call.transports) {
    if (!ice_worked(transport) || was_connected(transport) ||
        !only_stun_was_kept(story.call, transport))
      continue;
    const std::optional<Instant> up = ice_up_at(transport);
    Finding finding = make_finding("capture-filtered");
    finding.transport = transport.id;
    finding.summary = fmt::format(
        "ICE found a path{}, and the capture holds nothing but STUN: whether DTLS and media "
        "followed cannot be known.",
        up ? " at " + story.cite.time(*up) : std::string());
    finding.open.emplace_back(
        "Whether neither side began DTLS (a=setup), or a capture filter left "
        "out all but STUN.");
    finding.try_this =
        "Capture without a filter. If there is no DTLS then: compare a=setup in offer and answer.";
    for (const Pair& pair : transport.pairs)
      if (pair.selected && pair.nominated_by)
        finding.evidence.push_back(*pair.nominated_by);
    out.push_back(std::move(finding));
    return;  // once for the call
  }
}

void weaken_what_absence_tells(const Story& story, Findings& findings) {
  const bool lacking = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.code == "capture-lacks-packets";
  });
  if (!lacking || story.call.from_run)
    return;
  for (Finding& finding : findings) {
    if (finding.code == "rtp-loss") {
      finding.confidence = Confidence::Possible;
      if (finding.open.empty())
        finding.open.emplace_back(
            "Whether the network lost these packets or the capture did: it lacks others.");
    }
    if (std::find(kDrawnFromAbsence.begin(), kDrawnFromAbsence.end(), finding.code) ==
        kDrawnFromAbsence.end())
      continue;
    finding.confidence = Confidence::Possible;
    finding.open.emplace_back(
        "Whether what is missing here is missing in the capture only: it lacks packets.");
  }
}

}  // namespace parley::analyzer
