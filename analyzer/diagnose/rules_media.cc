#include <fmt/format.h>

#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/rules.h"
#include "analyzer/model/coverage.h"

namespace parley::analyzer {
namespace {

using std::chrono::seconds;

// RFC 3550 6.2: a receiver reports every 5 s on average at least (WebRTC: about every second).
constexpr Duration kReportDue = seconds(5);
constexpr std::uint64_t kEnoughPackets = 50;

struct Sent {
  std::optional<PacketRef> first, last;
  std::optional<Instant> first_at, last_at;
};

Sent media_of(const Call& call, const Transport& transport, Side side) {
  Sent sent;
  for (const Stream& stream : call.streams) {
    if (stream.from != side || stream.transport != transport.id || !stream.first_at)
      continue;
    if (!sent.first_at || *stream.first_at < *sent.first_at) {
      sent.first_at = stream.first_at;
      sent.first = stream.first;
    }
    if (stream.last_at && (!sent.last_at || *stream.last_at > *sent.last_at)) {
      sent.last_at = stream.last_at;
      sent.last = stream.last;
    }
  }
  return sent;
}

void add_checks(const Transport& transport, Side side, Finding& finding) {
  const Pair* path = selected_pair(transport, side);
  if (path != nullptr && path->responses > 0)
    finding.facts.push_back(
        fmt::format("{} of {}'s {} on the same path {} answered.", path->responses, to_string(side),
                    counted(path->requests, "check"), path->responses == 1 ? "was" : "were"));
}

std::string place(const Story& story, PointId point, std::string_view otherwise) {
  const std::string name = story.cite.place(point);
  return name.empty() ? std::string(otherwise) : name;
}

// One capture shows the media leave, another that none of it arrived.
std::optional<Finding> media_lost_on_the_way(const Story& story, const Transport& transport,
                                             Side side) {
  const auto& sent = transport.media_sent[index_of(side)];
  const auto& seen = transport.media_seen_last[index_of(side)];
  const auto& arrived = transport.media_arrived[index_of(side)];
  if (!sent || !seen || !arrived || sent->rtp < kEnoughPackets ||
      arrived->rtp + arrived->rtcp > 0 || !sent->first_at ||
      *sent->last_at - *sent->first_at < kReportDue)
    return std::nullopt;
  const std::string end =
      place(story, arrived->point, fmt::format("the point nearest to {}", to_string(other(side))));
  const std::string last = place(story, seen->point, "the last point that saw them");
  Finding finding = make_finding("media-one-way");
  // A filter of that capture could have left out RTP: the media that leaves there speaks against
  // it.
  const auto& opposite = transport.media_sent[index_of(other(side))];
  const bool shows_media = opposite && opposite->rtp > 0 && opposite->point == arrived->point;
  finding.confidence = shows_media ? Confidence::Certain : Confidence::Likely;
  finding.peer = side;
  finding.transport = transport.id;
  finding.summary = fmt::format("{} sends media, and none of it reaches {}.", to_string(side),
                                to_string(other(side)));
  finding.facts.push_back(fmt::format(
      "{} sent {} over {} {}.", to_string(side), counted(sent->rtp, "RTP packet"),
      span_text(*sent->last_at - *sent->first_at), story.cite.range(sent->first, sent->last)));
  if (seen->point != sent->point)
    finding.facts.push_back(fmt::format("{} of them were seen last at {} {}.", seen->rtp, last,
                                        story.cite.range(seen->first, seen->last)));
  finding.facts.push_back(fmt::format("At {} arrived 0 RTP and 0 RTCP packets of them.", end));
  add_checks(transport, side, finding);
  finding.evidence = {*seen->first, *seen->last};
  finding.open.push_back(
      fmt::format("Which device between {} and {} drops RTP and RTCP.", last, end));
  finding.try_this = fmt::format(
      "Look for a filter between {} and {} that lets STUN and DTLS pass and drops RTP.", last, end);
  return finding;
}

std::optional<Finding> media_from_one_only(const Story& story, const Transport& transport,
                                           Side side) {
  const Side back = other(side);
  const std::uint64_t packets = rtp_from(transport, side);
  // Where nothing at all came back it is not media that is missing.
  const std::optional<Silence> silence = consent_silence(transport, side, story.end);
  if (silence && silence->complete && gave_up(*silence))
    return std::nullopt;
  if (packets < kEnoughPackets || rtp_from(transport, back) + rtcp_from(transport, back) > 0)
    return std::nullopt;
  const Sent sent = media_of(story.call, transport, side);
  if (!sent.first_at || !sent.last_at || *sent.last_at - *sent.first_at < kReportDue)
    return std::nullopt;
  Finding finding = make_finding("media-one-way");
  finding.peer = back;
  finding.transport = transport.id;
  finding.summary =
      fmt::format("The path is up, and media flows from {} only: no RTP and no RTCP of {}.",
                  to_string(side), to_string(back));
  finding.facts.push_back(fmt::format(
      "{} sent {} over {} {}.", to_string(side), counted(packets, "RTP packet"),
      span_text(*sent.last_at - *sent.first_at), story.cite.range(sent.first, sent.last)));
  finding.facts.push_back(
      fmt::format("Of {} came 0 RTP and 0 RTCP packets; a receiver of media reports by RTCP.",
                  to_string(back)));
  add_checks(transport, side, finding);
  if (sent.first)
    finding.evidence.push_back(*sent.first);
  finding.open.push_back(
      fmt::format("Whether {} sends no media at all, or something between drops RTP and RTCP only.",
                  to_string(back)));
  finding.try_this =
      fmt::format("Capture at {} too: if its media leaves there, a device between filters it.",
                  to_string(back));
  return finding;
}

}  // namespace

void find_one_way_media(const Story& story, Findings& out) {
  // The answers would not be in the capture.
  if (one_direction(story.call))
    return;
  for (const Transport& transport : story.call.transports) {
    for (const Side side : {Side::A, Side::B}) {
      if (auto lost = media_lost_on_the_way(story, transport, side))
        out.push_back(std::move(*lost));
      else if (auto silent = media_from_one_only(story, transport, side))
        out.push_back(std::move(*silent));
    }
  }
}

}  // namespace parley::analyzer
