#include <algorithm>

#include <fmt/format.h>

#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/network_facts.h"
#include "analyzer/diagnose/rules.h"

namespace parley::analyzer {
namespace {

// The share of its packets that a stream lost, in per cent.
double loss_of(const Stream& stream) {
  const std::uint64_t lost = stream.lost.value_or(0);
  return lost == 0 ? 0
                   : 100.0 * static_cast<double>(lost) / static_cast<double>(lost + stream.packets);
}

}  // namespace

void find_relayed_path(const Story& story, Findings& out) {
  const Checks direct = direct_checks_of(story.call);
  if (direct.requests == 0 || direct.responses > 0)
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
  if (story.call.from_run || story.captures.size() > 1)
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
    if (stream.lost.value_or(0) >= kEnough && loss_of(stream) >= kNoticeable)
      lossy.push_back(&stream);
  if (lossy.empty())
    return;
  std::stable_sort(lossy.begin(), lossy.end(),
                   [](const Stream* x, const Stream* y) { return loss_of(*x) > loss_of(*y); });
  Finding finding = make_finding("rtp-loss");
  const Stream& worst = *lossy.front();
  finding.peer = worst.from;
  finding.stream = worst.ssrc;
  finding.summary = fmt::format("{} lost packets, {} % of SSRC {} of {} at most.",
                                counted(lossy.size(), "RTP stream"), number(loss_of(worst)),
                                worst.ssrc, to_string(worst.from));
  for (const Stream* stream : lossy) {
    finding.facts.push_back(fmt::format("SSRC {} of {}: {} of {} lost {}.", stream->ssrc,
                                        to_string(stream->from), *stream->lost,
                                        counted(*stream->lost + stream->packets, "packet"),
                                        story.cite.range(stream->first, stream->last)));
    if (stream->first)
      finding.evidence.push_back(*stream->first);
  }
  out.push_back(std::move(finding));
}

}  // namespace parley::analyzer
