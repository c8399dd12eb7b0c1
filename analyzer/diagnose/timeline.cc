#include "analyzer/diagnose/timeline.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/diagnose/call_end.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/network_facts.h"
#include "analyzer/diagnose/timeline_builder.h"

namespace parley::analyzer {
namespace {

constexpr std::size_t kMaxEntries = 200;

struct StreamsFrom {
  const Stream* first = nullptr;
  std::size_t count = 0;
};
StreamsFrom streams_from(const Call& call, Side side) {
  StreamsFrom streams;
  for (const Stream& stream : call.streams) {
    if (stream.from != side || !stream.first_at)
      continue;
    ++streams.count;
    if (streams.first == nullptr || *stream.first_at < *streams.first->first_at)
      streams.first = &stream;
  }
  return streams;
}

}  // namespace

void TimelineBuilder::add(const std::optional<Instant>& at, const std::optional<PacketRef>& packet,
                          std::optional<Side> peer, std::string_view layer, std::string what) {
  if (at && entries_.size() < kMaxEntries)
    entries_.push_back({*at, packet, peer, std::string(layer), std::move(what)});
}

void TimelineBuilder::weigh(std::size_t first, Weight weight) {
  for (std::size_t i = first; i < entries_.size(); ++i)
    entries_[i].weight = weight;
}

// A side whose media goes on over another path than before.
void TimelineBuilder::add_moves(const Transport& transport, Side side) {
  constexpr std::uint64_t kLasting = 20;
  const std::size_t first = entries_.size();
  const Flow* before = nullptr;
  for (const Flow& flow : transport.flows) {
    if (flow.from != side || flow.rtp < kLasting || !flow.first_rtp_at || !flow.last_rtp_at)
      continue;
    if (before != nullptr && *flow.first_rtp_at >= *before->last_rtp_at)
      add(flow.first_rtp_at, flow.first_rtp, side, "media",
          fmt::format("RTP of {} moves to {} -> {}, {} after its last on the old path{}{}",
                      to_string(side), to_string(flow.source), to_string(flow.destination),
                      span_text(*flow.first_rtp_at - *before->last_rtp_at),
                      before->last_rtp ? " " + cite_.ref(before->last_rtp) : "",
                      suffix(transport)));
    if (before == nullptr || *flow.last_rtp_at > *before->last_rtp_at)
      before = &flow;
  }
  weigh(first, Weight::Main);
}

void TimelineBuilder::add_media() {
  const std::size_t begin = entries_.size();
  for (const Side side : {Side::A, Side::B}) {
    const StreamsFrom streams = streams_from(call_, side);
    if (const Stream* first = streams.first)
      add(first->first_at, first->first, side, "media",
          fmt::format("first RTP of {}{}, SSRC {}{}", to_string(side),
                      up_before_capture(call_) ? " seen" : "", first->ssrc,
                      streams.count > 1 ? fmt::format("; {} streams in all", streams.count)
                                        : std::string()));
  }
  for (const Transport& transport : call_.transports)
    for (const Side side : {Side::A, Side::B})
      add_moves(transport, side);
  for (const Side side : {Side::A, Side::B})
    if (const std::optional<MediaStop> stop = media_stop(call_, side))
      add(stop->at, stop->packet, side, "media",
          fmt::format("last RTP of {}; {}", to_string(side),
                      stop->other_goes_on ? fmt::format("{}'s goes on", to_string(other(side)))
                                          : fmt::format("{} goes on without", to_string(side))));
  weigh(begin, Weight::Main);
}

std::string TimelineBuilder::suffix(const Transport& transport) const {
  return call_.transports.size() > 1 ? fmt::format(" (transport {})", transport.id) : std::string();
}

void TimelineBuilder::add_silence(const Transport& transport, Side side) {
  // Consent is asked for every 4 to 6 s (RFC 7675 section 5.1).
  constexpr Duration kNews = std::chrono::seconds(7);
  const std::optional<Silence> silence = consent_silence(transport, side, end_);
  const std::size_t first = entries_.size();
  if (silence)
    add_last_through(transport, side, *silence->pair);
  if (silence && silence->lasted >= kNews && silence->pair->last_response_at)
    add(silence->since, silence->pair->last_response, side, "ice",
        fmt::format("{} gets its last answer; {} after it got none", to_string(side),
                    counted(silence->unanswered, "check")));
  weigh(first, Weight::Main);
}

// Both sides notice one fault.
void TimelineBuilder::add_last_through(const Transport& transport, Side side, const Pair& pair) {
  const auto way = broken_way(call_, transport, side, pair);
  const SeenPacket* last = way ? last_through(transport, *way, pair) : nullptr;
  const bool told =
      last == nullptr || std::any_of(entries_.begin(), entries_.end(), [&](const auto& entry) {
        return entry.packet == last->packet && entry.layer == "network";
      });
  if (!told)
    add(last->at, last->packet, way->from, "network",
        fmt::format("the last packet of {} that reaches {}", to_string(way->from),
                    cite_.place(last->point)));
}

void TimelineBuilder::add_end() {
  for (const Side side : {Side::A, Side::B}) {
    for (TimelineEntry& entry : closed_port_entries(call_, cite_, side))
      add(entry.at, entry.packet, side, entry.layer, std::move(entry.what));
    for (const Transport& transport : call_.transports)
      add_silence(transport, side);
    // News only when the other side or the capture goes on without it.
    const std::optional<Instant>& last = call_.last_packet_from_at[index_of(side)];
    const std::optional<PacketRef>& packet = call_.last_packet_from[index_of(side)];
    const bool told = std::any_of(entries_.begin(), entries_.end(), [&](const TimelineEntry& e) {
      return packet && e.packet == packet && e.layer == "dtls";
    });
    if (was_connected(call_) && last && !told && end_ - *last >= std::chrono::milliseconds(500))
      add(last, packet, side, "network", fmt::format("last packet of {}", to_string(side)));
  }
}

std::vector<TimelineEntry> TimelineBuilder::build() {
  add_stun_servers();
  add_turn();
  for (const Transport& transport : call_.transports) {
    for (const Side side : {Side::A, Side::B}) {
      add_checks(transport, side);
      add_path(transport, side);
    }
    add_ice_life(transport);
    add_dtls(transport);
    add_dtls_end(transport);
  }
  add_media();
  add_end();
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const TimelineEntry& a, const TimelineEntry& b) {
                     return std::tie(a.at, a.packet) < std::tie(b.at, b.packet);
                   });
  return std::move(entries_);
}

std::vector<TimelineEntry> timeline_of(const Call& call, const Citation& cite, Instant end) {
  return TimelineBuilder(call, cite, end).build();
}

}  // namespace parley::analyzer
