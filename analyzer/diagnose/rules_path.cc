#include <algorithm>

#include <fmt/format.h>

#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/network_facts.h"
#include "analyzer/diagnose/rules.h"
#include "analyzer/model/coverage.h"

namespace parley::analyzer {
namespace {

// How many packets its sender sent: as its own point counts them, else those that came and those
// that are missing among them.
std::uint64_t sent_of(const Stream& stream) {
  return std::max(stream.sent.value_or(stream.packets + stream.lost.value_or(0)),
                  stream.lost.value_or(0));
}

// The share of its packets that a stream lost, in per cent.
double loss_of(const Stream& stream) {
  const std::uint64_t lost = stream.lost.value_or(0);
  return lost == 0 ? 0 : 100.0 * static_cast<double>(lost) / static_cast<double>(sent_of(stream));
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
  constexpr double kNoticeable = 1.0;  // per cent
  constexpr std::uint64_t kEnough = 5;
  std::vector<const Stream*> lossy;
  for (const Stream& stream : story.call.streams)
    if (stream.lost.value_or(0) >= kEnough && loss_of(stream) >= kNoticeable &&
        !none_arrived(story.call, stream))
      lossy.push_back(&stream);
  if (lossy.empty())
    return;
  std::stable_sort(lossy.begin(), lossy.end(),
                   [](const Stream* x, const Stream* y) { return loss_of(*x) > loss_of(*y); });
  Finding finding = make_finding("rtp-loss");
  const Stream& worst = *lossy.front();
  finding.peer = worst.from;
  finding.stream = worst.ssrc;
  const std::string share = number(loss_of(worst));
  const std::string which = fmt::format("SSRC {} of {}", worst.ssrc, to_string(worst.from));
  finding.summary = lossy.size() == 1
                        ? fmt::format("1 RTP stream lost {} % of its packets: {}.", share, which)
                        : fmt::format("{} lost packets: at most {} %, {}.",
                                      counted(lossy.size(), "RTP stream"), share, which);
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
