#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/network_facts.h"
#include "analyzer/diagnose/rules.h"
#include "analyzer/model/coverage.h"

namespace parley::analyzer {
namespace {

// The first octets are enough to compare by eye; the JSON has all.
std::string short_print(const std::string& fingerprint) {
  constexpr std::size_t kShown = 23;  // eight octets with their colons
  return fingerprint.size() > kShown ? fingerprint.substr(0, kShown) + ":..." : fingerprint;
}

bool is_dtls13(const Dtls& dtls) {
  return dtls.version == "DTLS 1.3";
}

bool fatal(const DtlsAlert& alert) {
  return alert.level == "fatal" && alert.description != "close_notify";
}

std::string_view alert_advice(std::string_view description) {
  if (description == "bad_certificate" || description == "certificate_unknown" ||
      description == "unsupported_certificate" || description == "decrypt_error")
    return "Compare a=fingerprint in the SDP with the certificate that was sent.";
  if (description == "protocol_version")
    return "The two sides have no DTLS version in common.";
  if (description == "handshake_failure" || description == "illegal_parameter")
    return "Compare cipher suites, groups and SRTP profiles that both sides offer.";
  return "Look at the log of the side that sent the alert.";
}

void find_alerts(const Story& story, const Transport& transport, Findings& out) {
  for (const DtlsAlert& alert : transport.dtls.alerts) {
    if (!fatal(alert))
      continue;
    Finding finding = make_finding("dtls-alert");
    finding.peer = alert.from;
    finding.transport = transport.id;
    if (is_dtls13(transport.dtls))
      finding.rfc = "RFC 8446 section 6.2";
    finding.summary = fmt::format("{} ended DTLS with the fatal alert {}.", to_string(alert.from),
                                  printable(alert.description));
    finding.facts.push_back(fmt::format("{} sent alert {} {}{}.", to_string(alert.from),
                                        printable(alert.description), story.cite.ref(alert.at),
                                        dtls_finished(transport.dtls)
                                            ? ", after the handshake was complete"
                                            : ", before the handshake was complete"));
    finding.evidence.push_back(alert.at);
    finding.try_this = std::string(alert_advice(alert.description));
    out.push_back(std::move(finding));
  }
}

std::string times_text(const DtlsStep& step) {
  if (step.datagrams)
    return "in " + counted(step.times, "datagram");
  const std::string_view what = step.far ? "came" : "sent";
  return step.times == 1 ? fmt::format("{} once", what)
                         : fmt::format("{} {} times", what, step.times);
}

bool same_capture(const DtlsStep& step) {
  return step.last && step.last->capture == step.packet.capture;
}

// The messages of a side that nothing of the other side came between, up to its last one.
std::vector<const DtlsStep*> last_flight_of(const Transport& transport, Side side) {
  std::vector<const DtlsStep*> flight;
  const std::vector<DtlsStep>& steps = transport.dtls_steps;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if (step->from == side)
      flight.insert(flight.begin(), &*step);
    else if (!flight.empty())
      break;
  }
  return flight;
}

// The message of a flight that came most often, where its last one came less often than that: who
// sends a flight again sends all of it (RFC 6347 section 4.2.4), so the rest was lost.
const DtlsStep* came_in_part(const std::vector<const DtlsStep*>& flight) {
  if (flight.empty() || !flight.back()->far || flight.back()->datagrams)
    return nullptr;
  const DtlsStep* most =
      *std::max_element(flight.begin(), flight.end(),
                        [](const DtlsStep* x, const DtlsStep* y) { return x->times < y->times; });
  return most->times > flight.back()->times ? most : nullptr;
}

void add_lost_part(const Story& story, Side side, const DtlsStep& last, const DtlsStep& most,
                   Finding& finding) {
  finding.facts.push_back(fmt::format(
      "{} began that flight {} times, first at {} {}: {} of {} {} lost on the way.",
      to_string(side), most.times, story.cite.time(most.at),
      story.cite.range(most.packet, same_capture(most) ? most.last : most.packet),
      most.times - last.times, most.times, most.times - last.times == 1 ? "was" : "were"));
  finding.evidence.push_back(most.packet);
}

void step_facts(const Story& story, const Transport& transport, Finding& finding) {
  for (const Side side : {Side::A, Side::B}) {
    const std::vector<const DtlsStep*> flight = last_flight_of(transport, side);
    const DtlsStep* last = flight.empty() ? nullptr : flight.back();
    if (last == nullptr) {
      finding.facts.push_back(fmt::format("No DTLS packet of {} was seen.", to_string(side)));
      continue;
    }
    finding.facts.push_back(fmt::format(
        "The last handshake message of {}: {}, {}, first at {} {}.", to_string(side),
        printable(last->what), times_text(*last), story.cite.time(last->at),
        story.cite.range(last->packet, same_capture(*last) ? last->last : last->packet)));
    finding.evidence.push_back(last->packet);
    if (const DtlsStep* most = came_in_part(flight))
      add_lost_part(story, side, *last, *most, finding);
  }
  if (transport.dtls.retransmissions.value_or(0) > 0)
    finding.facts.push_back(counted(*transport.dtls.retransmissions, "flight") + " sent again.");
}

// The handshake messages that nothing new of the other side came after.
std::vector<const DtlsStep*> last_flight(const Transport& transport) {
  std::vector<const DtlsStep*> flight;
  const std::vector<DtlsStep>& steps = transport.dtls_steps;
  for (auto step = steps.rbegin(); step != steps.rend() && step->from == steps.back().from; ++step)
    flight.insert(flight.begin(), &*step);
  return flight;
}

// They were sent, and did not come to the socket that they were sent to.
void add_lost_messages(const Story& story, const std::vector<const DtlsStep*>& missing,
                       Finding& finding) {
  const DtlsStep& last = *missing.back();
  const std::string_view us = to_string(last.from);
  const std::string_view them = to_string(other(last.from));
  std::vector<std::string> names;
  names.reserve(missing.size());
  for (const DtlsStep* step : missing)
    names.push_back(printable(step->what));
  const auto home = home_of(story.call, other(last.from));
  const std::string there =
      home ? fmt::format("{} (at {})", them, place_name(story, *home)) : std::string(them);
  std::string fact =
      fmt::format("{} of {} never came whole to {}", listed(names, names.size()), us, there);
  if (last.seen_last && *last.seen_last != last.packet.capture && home != last.seen_last)
    fact +=
        fmt::format("; {} was seen last at {}", names.back(), place_name(story, *last.seen_last));
  finding.facts.push_back(fact + ".");
  finding.open.push_back(fmt::format(
      "What drops them on the way from {} to {}: a limit on the size of datagrams, a filter, a "
      "queue that is full.",
      us, them));
  finding.try_this =
      fmt::format("Look at the way from {} to {}: MTU, packet filters, rate limits.", us, them);
}

// Which of the two it is that does not go on, as far as the captures show both ends.
void add_stuck_at(const Story& story, const Transport& transport, Finding& finding) {
  const std::vector<const DtlsStep*> flight = last_flight(transport);
  std::vector<const DtlsStep*> missing;
  for (const DtlsStep* step : flight)
    if (step->arrived && !*step->arrived)
      missing.push_back(step);
  const bool known = !flight.empty() && std::all_of(flight.begin(), flight.end(),
                                                    [](const auto* s) { return s->arrived; });
  if (!missing.empty()) {
    add_lost_messages(story, missing, finding);
    if (known && finding.confidence == Confidence::Likely)
      finding.confidence = Confidence::Certain;
    return;
  }
  if (known) {
    const std::string_view us = to_string(flight.back()->from);
    const std::string_view them = to_string(other(flight.back()->from));
    finding.facts.push_back(fmt::format(
        "All of {}'s last flight came to {}, which sent nothing new after it.", us, them));
    finding.open.push_back(fmt::format("Why {} does not go on.", them));
    finding.try_this = fmt::format("Look at the log of {}: its DTLS has what it waits for.", them);
    return;
  }
  const auto in_part = [&](Side side) {
    return came_in_part(last_flight_of(transport, side)) != nullptr;
  };
  if (in_part(Side::A) || in_part(Side::B)) {
    const Side lossy = in_part(Side::A) ? Side::A : Side::B;
    finding.open.push_back(
        fmt::format("Whether the last flight of {} comes to {}, and what drops that of {}.",
                    to_string(other(lossy)), to_string(lossy), to_string(lossy)));
    finding.try_this = fmt::format(
        "Look at the way between {} and {}: rate limits, queues, MTU; capture at {} too.",
        to_string(lossy), to_string(other(lossy)), to_string(lossy));
    return;
  }
  finding.open.emplace_back(
      "Whether the answers are lost on the way (large datagrams first) or never sent.");
  finding.try_this = "Capture at the other side: that shows which flight does not arrive.";
}

// Until a flight had to be sent twice, a handshake that is not over is merely cut off by the end of
// the capture (RFC 6347 section 4.2.4.1: after 1 s and after 3 s).
constexpr Duration kTwoRetransmissions = std::chrono::seconds(3);

void find_stuck(const Story& story, const Transport& transport, Findings& out) {
  if (story.end - *transport.dtls.started_at < kTwoRetransmissions)
    return;
  Finding finding = make_finding("dtls-stuck");
  finding.transport = transport.id;
  finding.peer = transport.dtls.client;
  if (is_dtls13(transport.dtls))
    finding.rfc = "RFC 9147 section 5.8";
  const bool undecided = story.outcome == Outcome::InProgress;
  finding.level = undecided ? Level::Warning : Level::Error;
  finding.confidence = undecided ? Confidence::Possible : Confidence::Likely;
  finding.summary = fmt::format("The DTLS handshake did not finish within {}.",
                                span_text(story.end - *transport.dtls.started_at));
  step_facts(story, transport, finding);
  add_stuck_at(story, transport, finding);
  out.push_back(std::move(finding));
}

void find_not_started(const Story& story, const Transport& transport, Findings& out) {
  const std::optional<Instant> up = ice_up_at(transport);
  if (!up || story.outcome != Outcome::Failed)
    return;
  Finding finding = make_finding("dtls-not-started");
  finding.transport = transport.id;
  finding.summary =
      fmt::format("ICE found a path at {}, and no DTLS packet was seen in {} after it.",
                  story.cite.time(*up), span_text(story.end - *up));
  finding.open.emplace_back(
      "Whether neither side is active (a=setup), or DTLS is dropped before this point.");
  finding.try_this =
      "Compare a=setup in offer and answer: the answer should say active or passive.";
  for (const Pair& pair : transport.pairs)
    if (pair.selected && pair.nominated_by)
      finding.evidence.push_back(*pair.nominated_by);
  out.push_back(std::move(finding));
}

// Nothing but ClientHellos was sent again, and the server answered as soon as its ICE was up. Where
// they are seen to come to its own socket, no loss is shown.
struct HeldBack {
  const DtlsStep* hello;
  const DtlsStep* answer;
  Instant up;
};

// When a side has a path for its DTLS; from afar, when its nomination is answered.
std::optional<Instant> path_of(const Transport& transport, Side side) {
  std::optional<Instant> up = transport.agents[index_of(side)].connected;
  for (const Pair& pair : transport.pairs)
    if (!up && pair.agent == side && pair.selected && pair.use_candidate > 0)
      up = pair.nominated_at;
  return up;
}

std::optional<HeldBack> held_back(const Transport& transport) {
  constexpr Duration kAtOnce = std::chrono::milliseconds(50);
  if (!transport.dtls.client)
    return std::nullopt;
  const Side client = *transport.dtls.client;
  const std::optional<Instant> up = path_of(transport, other(client));
  const DtlsStep* hello = nullptr;
  const DtlsStep* answer = nullptr;
  for (const DtlsStep& step : transport.dtls_steps) {
    if (step.from == client && step.what == "ClientHello" && step.times > 1)
      hello = &step;
    else if (step.times > 1)
      return std::nullopt;
    if (step.from != client && answer == nullptr)
      answer = &step;
  }
  if (hello == nullptr || answer == nullptr || !up || answer->at < *up ||
      answer->at - *up > kAtOnce || hello->at >= *up)
    return std::nullopt;
  return HeldBack{hello, answer, *up};
}

void explain_held_back(const Story& story, const HeldBack& held, const std::string& took,
                       Finding& finding) {
  const std::string_view server = to_string(held.answer->from);
  const bool came = held.hello->arrived.value_or(false);
  finding.facts.push_back(fmt::format(
      "ICE of {} is up at {}, and its {} follows {} later {}{}.", server, story.cite.time(held.up),
      printable(held.answer->what), span_text(held.answer->at - held.up),
      story.cite.ref(held.answer->packet), came ? "; no loss is shown" : ""));
  finding.evidence.push_back(held.answer->packet);
  if (came)
    finding.summary =
        fmt::format("The DTLS handshake took {}: {} answered no ClientHello before its ICE was up.",
                    took, server);
  else
    finding.open.push_back(fmt::format(
        "Whether ClientHellos were lost on their way, or {} answers none before its ICE is up.",
        server));
}

// RFC 6347 section 4.2.4.1 waits 1 s before a flight is sent again; browsers begin far earlier, and
// then a lost datagram costs next to nothing.
void find_slow(const Story& story, const Transport& transport, Findings& out) {
  constexpr double kNoticeableMs = 500;
  const Dtls& dtls = transport.dtls;
  if (!dtls_finished(dtls) || dtls.handshake_ms.value_or(0) < kNoticeableMs ||
      dtls.retransmissions.value_or(0) == 0)
    return;
  Finding finding = make_finding("dtls-slow");
  finding.transport = transport.id;
  if (is_dtls13(dtls))
    finding.rfc = "RFC 9147 section 5.8";
  const std::string took = fmt::format(
      "{}{}", is_inferred(dtls.inferred, "handshake_ms") && !is_dtls13(dtls) ? "at least " : "",
      span_text(std::chrono::nanoseconds(std::llround(*dtls.handshake_ms * 1e6))));
  finding.summary = fmt::format("The DTLS handshake took {}: parts of it were sent again.", took);
  for (const DtlsStep& step : transport.dtls_steps) {
    if (step.times < 2)
      continue;
    finding.facts.push_back(fmt::format("{} of {} {} {} times, first at {} {}.",
                                        printable(step.what), to_string(step.from),
                                        step.far ? "came" : "was sent", step.times,
                                        story.cite.time(step.at), story.cite.ref(step.packet)));
    finding.evidence.push_back(step.packet);
  }
  if (const std::optional<HeldBack> held = held_back(transport))
    explain_held_back(story, *held, took, finding);
  else if (!story.call.from_run)
    finding.open.emplace_back(
        "Whether these packets were lost on their way, or the answers to them.");
  out.push_back(std::move(finding));
}

void find_silent_peer(const Story& story, const Transport& transport, Findings& out) {
  const std::optional<Side> silent = silent_behind_dtls(transport);
  if (!silent || story.outcome != Outcome::Failed)
    return;
  const std::string_view them = to_string(*silent);
  const std::string_view us = to_string(other(*silent));
  Finding finding = make_finding("dtls-peer-silent");
  finding.peer = *silent;
  finding.transport = transport.id;
  finding.summary =
      fmt::format("DTLS finished on the wire at {}, and {} never sent anything through it.",
                  story.cite.time(*transport.dtls.connected_at), them);
  for (const Flow& flow : transport.flows) {
    if (flow.from == other(*silent))
      finding.facts.push_back(fmt::format(
          "{} keeps sending protected data, up to {} after the handshake {}.", us,
          span_text(flow.last_at - *transport.dtls.connected_at), story.cite.ref(flow.last)));
    else
      finding.facts.push_back(
          fmt::format("The last DTLS packet of {} is of its handshake, at {} {}; its STUN goes on.",
                      them, story.cite.time(flow.last_at), story.cite.ref(flow.last)));
    finding.evidence.push_back(flow.last);
  }
  for (const DtlsCertificate& certificate : transport.dtls.certificates)
    if (certificate.peer == other(*silent))
      finding.facts.push_back(fmt::format("The certificate of {} has the fingerprint {} {}.", us,
                                          certificate.algorithm, certificate.value));
  finding.open.push_back(
      fmt::format("Why {} is silent: it refused {}'s certificate (a=fingerprint does not match), "
                  "or what should "
                  "answer above DTLS is not there.",
                  them, us));
  finding.try_this = fmt::format(
      "Compare the fingerprint of {}'s certificate with the a=fingerprint that {} received.", us,
      them);
  out.push_back(std::move(finding));
}

}  // namespace

void find_dtls_trouble(const Story& story, Findings& out) {
  for (const Transport& transport : story.call.transports) {
    find_alerts(story, transport, out);
    if (transport.heard_only || up_before_capture(transport) || handshake_was_cut(transport) ||
        only_stun_was_kept(story.call, transport) ||
        handshake_goes_on_unseen(story.call, transport, story.end))
      continue;
    find_silent_peer(story, transport, out);
    find_slow(story, transport, out);
    if (!ice_worked(transport) || was_connected(transport))
      continue;
    const bool alerted = std::any_of(transport.dtls.alerts.begin(), transport.dtls.alerts.end(),
                                     [](const DtlsAlert& alert) { return fatal(alert); });
    if (transport.dtls.state == trace::DtlsState::Handshaking && transport.dtls.started_at)
      find_stuck(story, transport, out);
    else if (transport.dtls.state == trace::DtlsState::None && !alerted)
      find_not_started(story, transport, out);
  }
}

void find_unverified_fingerprint(const Story& story, Findings& out) {
  if (story.call.from_run)
    return;
  for (const Transport& transport : story.call.transports) {
    const Dtls& dtls = transport.dtls;
    if (!dtls_finished(dtls))
      continue;
    const bool verified =
        !dtls.certificates.empty() &&
        std::all_of(dtls.certificates.begin(), dtls.certificates.end(),
                    [](const DtlsCertificate& c) { return c.matches_sdp.has_value(); });
    if (verified)
      continue;
    Finding finding = make_finding("dtls-fingerprint-unverified");
    finding.transport = transport.id;
    const bool hidden = dtls.certificates.empty();
    finding.summary = hidden && dtls.version == "DTLS 1.3"
                          ? "DTLS 1.3 hides the certificates: not compared with SDP."
                      : hidden ? "No certificate could be read, so no fingerprint was compared."
                               : "The certificates were not compared with an SDP.";
    for (const DtlsCertificate& certificate : dtls.certificates)
      finding.facts.push_back(fmt::format("{}: {} {}", to_string(certificate.peer),
                                          certificate.algorithm, short_print(certificate.value)));
    if (dtls.server_hello)
      finding.evidence.push_back(*dtls.server_hello);
    out.push_back(std::move(finding));
    return;  // once for the call
  }
}

}  // namespace parley::analyzer
