#include <algorithm>

#include <fmt/format.h>

#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/network_facts.h"
#include "analyzer/diagnose/rules.h"
#include "analyzer/model/coverage.h"

namespace parley::analyzer {
namespace {

constexpr double kNoticeable = 1.0;  // per cent
constexpr std::uint64_t kEnough = 5;

// How many packets its sender sent, as far as its numbers tell: those that came and those that are
// missing among them. The sender's own point may lack some, too.
std::uint64_t sent_of(const Stream& stream) {
  const std::uint64_t lost = stream.lost.value_or(0);
  if (stream.arrived)
    return *stream.arrived + lost;
  if (stream.sent)
    return std::max(*stream.sent + stream.not_captured.value_or(0), lost);
  return stream.packets - std::min(stream.packets, stream.duplicated.value_or(0)) + lost;
}

double share(std::uint64_t part, std::uint64_t all) {
  return part == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(all);
}

// The share of its packets that a stream lost, in per cent.
double loss_of(const Stream& stream) {
  return share(stream.lost.value_or(0), sent_of(stream));
}

// The capture beside the sender lacks a noticeable part of the stream.
bool has_gaps(const Stream& stream) {
  const std::uint64_t missing = stream.not_captured.value_or(0);
  return stream.sent && missing >= kEnough && share(missing, *stream.sent + missing) >= kNoticeable;
}

// A point that lacks packets of the side it stands beside may have missed those of the other, too.
const Stream* gaps_beside_receiver(const Call& call, const Stream& stream) {
  const auto found = std::find_if(call.streams.begin(), call.streams.end(), [&](const Stream& s) {
    return s.from != stream.from && s.transport == stream.transport && has_gaps(s);
  });
  return found == call.streams.end() ? nullptr : &*found;
}

// Once for all streams of a side.
void find_uncaptured(const Story& story, Side side, Findings& out) {
  const std::vector<Stream>& streams = story.call.streams;
  if (std::none_of(streams.begin(), streams.end(),
                   [&](const Stream& s) { return s.from == side && has_gaps(s); }))
    return;
  std::uint64_t missing = 0;
  std::uint64_t seen = 0;
  Finding finding = make_finding("rtp-not-captured");
  for (const Stream& stream : streams) {
    if (stream.from != side || !stream.sent)
      continue;
    const std::uint64_t gaps = stream.not_captured.value_or(0);
    seen += *stream.sent;
    missing += gaps;
    if (gaps == 0)
      continue;
    finding.facts.push_back(fmt::format("SSRC {}: {} of {} are missing {}.", stream.ssrc, gaps,
                                        counted(*stream.sent + gaps, "number"),
                                        story.cite.range(stream.first, stream.last)));
    if (stream.first)
      finding.evidence.push_back(*stream.first);
  }
  if (std::any_of(streams.begin(), streams.end(), [&](const Stream& s) {
        return s.from == side && has_gaps(s) && is_inferred(s.inferred, "not_captured");
      })) {
    finding.confidence = Confidence::Likely;
    finding.open.push_back(fmt::format(
        "Whether the capture was taken on {}'s side: that is inferred.", to_string(side)));
  }
  finding.peer = side;
  finding.summary = fmt::format(
      "The capture on {}'s side lacks {:.1f} % of {}'s own RTP packets ({} of {}): it missed them, "
      "or they never got that far.",
      to_string(side), share(missing, seen + missing), to_string(side), missing, seen + missing);
  out.push_back(std::move(finding));
}

// Where nothing of a side arrives, media-one-way says it.
bool none_arrived(const Call& call, const Stream& stream) {
  for (const Transport& transport : call.transports) {
    const auto& arrived = transport.media_arrived[index_of(stream.from)];
    if (transport.id == stream.transport && arrived && arrived->rtp + arrived->rtcp == 0)
      return true;
  }
  return false;
}

// All streams that lost any, when one of them lost a noticeable part; what lost most first.
std::vector<const Stream*> lossy_streams(const Call& call) {
  std::vector<const Stream*> lossy;
  bool noticeable = false;
  for (const Stream& stream : call.streams) {
    const std::uint64_t lost = stream.lost.value_or(0);
    if (lost == 0 || none_arrived(call, stream))
      continue;
    lossy.push_back(&stream);
    noticeable = noticeable || (lost >= kEnough && loss_of(stream) >= kNoticeable);
  }
  if (!noticeable)
    return {};
  std::stable_sort(lossy.begin(), lossy.end(),
                   [](const Stream* x, const Stream* y) { return *x->lost > *y->lost; });
  return lossy;
}

// What the packets show of the NATs that the direct checks met.
void add_why_no_direct_path(const Story& story, Finding& finding) {
  add_shared_address_facts(story, finding);
  std::vector<std::string> changing;
  for (const Side side : {Side::A, Side::B}) {
    if (!changes_port(story.call, side))
      continue;
    // What is inferred stands below, and not in the summary.
    if (!is_inferred(story.call.peers[index_of(side)].nat.inferred, "mapping"))
      changing.emplace_back(to_string(side));
    add_mapping_facts(story, side, finding);
    add_untold_port_fact(story, side, finding);
  }
  if (!changing.empty())
    finding.summary = fmt::format(
        "The call runs through a relay: no direct check was answered, and {} each destination "
        "another port.",
        changing.size() == 2 ? "both NATs give"
                             : fmt::format("the NAT of {} gives", changing.front()));
}

}  // namespace

void find_relayed_path(const Story& story, Findings& out) {
  // The answers would not be in the capture.
  if (one_direction(story.call))
    return;
  const Checks direct = direct_checks_of(story.call);
  if (direct.requests == 0 || direct.responses > 0 || up_before_capture(story.call))
    return;
  for (const Transport& transport : story.call.transports) {
    if (!was_connected(transport) ||
        (!runs_through_relay(transport, Side::A) && !runs_through_relay(transport, Side::B)))
      continue;
    Finding finding = make_finding("ice-relayed");
    finding.transport = transport.id;
    finding.summary = "The call runs through a relay: no direct check was answered.";
    finding.facts.push_back(fmt::format(
        "{}, {}: 0 answers {}.", counted(direct.pairs, "direct pair"),
        counted(direct.requests, "check"), story.cite.range(direct.first, direct.last)));
    if (direct.first)
      finding.evidence.push_back(*direct.first);
    add_why_no_direct_path(story, finding);
    out.push_back(std::move(finding));
    return;  // once for the call
  }
}

void find_remote_only_reflexive(const Story& story, Findings& out) {
  if (story.call.from_run)
    return;
  for (const Transport& transport : story.call.transports) {
    for (const Side side : {Side::A, Side::B}) {
      const Pair* pair = only_reflexive(transport, side);
      if (pair == nullptr)
        continue;
      Finding finding = make_finding("ice-remote-only-reflexive");
      finding.peer = side;
      finding.transport = transport.id;
      const std::string_view us = to_string(side);
      const std::string_view them = to_string(other(side));
      finding.summary = fmt::format(
          "{} checked nothing but {}, where {}'s checks come from, and only after the first of "
          "them: {} may have had no candidate of {}.",
          us, address_word(pair->remote), them, us, them);
      finding.facts.push_back(
          fmt::format("{}'s first check {}; look at the signaling from {} to {}.", us,
                      story.cite.ref(pair->first), them, us));
      if (pair->first)
        finding.evidence.push_back(*pair->first);
      out.push_back(std::move(finding));
    }
  }
}

void find_lost_packets(const Story& story, Findings& out) {
  for (const Side side : {Side::A, Side::B})
    find_uncaptured(story, side, out);
  const std::vector<const Stream*> lossy = lossy_streams(story.call);
  if (lossy.empty())
    return;
  Finding finding = make_finding("rtp-loss");
  const Stream& worst = *lossy.front();
  finding.peer = worst.from;
  finding.stream = worst.ssrc;
  const std::string most = number(loss_of(worst));
  const std::string which = fmt::format("SSRC {} of {}", worst.ssrc, to_string(worst.from));
  finding.summary = lossy.size() == 1
                        ? fmt::format("1 RTP stream lost {} % of its packets: {}.", most, which)
                        : fmt::format("{} lost packets; most were lost of {}: {} of {} ({} %).",
                                      counted(lossy.size(), "RTP stream"), which, *worst.lost,
                                      sent_of(worst), most);
  // The side of the capture is inferred, or one of the captures has holes or is the shorter one.
  const auto guessed = std::find_if(lossy.begin(), lossy.end(), [](const Stream* stream) {
    return is_inferred(stream->inferred, "lost");
  });
  if (guessed != lossy.end()) {
    const Side from = (*guessed)->from;
    finding.confidence = Confidence::Likely;
    finding.open.push_back(fmt::format("How many packets of {} did not reach {}: it is inferred.",
                                       to_string(from), to_string(other(from))));
  }
  if (gaps_beside_receiver(story.call, worst) != nullptr) {
    finding.confidence = Confidence::Possible;
    finding.summary.pop_back();
    finding.summary += fmt::format("; or the capture missed them, as it did some of {}.",
                                   to_string(other(worst.from)));
    finding.open.push_back(fmt::format("Whether the network lost packets of {} or the capture.",
                                       to_string(worst.from)));
  }
  for (const Stream* stream : lossy) {
    finding.facts.push_back(fmt::format(
        "SSRC {} of {}: {} of {} lost {}.", stream->ssrc, to_string(stream->from), *stream->lost,
        counted(sent_of(*stream), "packet"), story.cite.range(stream->first, stream->last)));
    if (stream->first)
      finding.evidence.push_back(*stream->first);
  }
  out.push_back(std::move(finding));
}

}  // namespace parley::analyzer
