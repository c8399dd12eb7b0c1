#include "analyzer/analyze.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <set>

#include "analyzer/call_builder.h"
#include "analyzer/capture_file.h"
#include "analyzer/capture_points.h"
#include "analyzer/clock_offsets.h"
#include "analyzer/diagnose/diagnose.h"
#include "analyzer/frame.h"
#include "analyzer/link.h"
#include "analyzer/model/candidate_types.h"
#include "analyzer/pipeline.h"
#include "analyzer/server_builder.h"

namespace parley::analyzer {

namespace {

constexpr std::uint64_t kProgressEvery = 65536;  // packets

// One file being read.
struct Source {
  std::unique_ptr<CaptureFile> file;
  FrameDecoder decoder;
  Capture capture;
  RawPacket raw;
  bool more = false;
  Duration ahead{};  // of its clock
  Instant last_at;
  std::uint64_t size = 0;  // 0: not known

  // The packets at the seam of two files that continue each other may lie in the wrong one.
  bool almost_ended() const {
    constexpr std::uint64_t kPartOfSeam = 50;
    return !more || (size > 0 && (size - std::min(size, file->bytes_read())) * kPartOfSeam < size);
  }
  void advance() {
    more = file->next(raw);
    raw.at -= ahead;
  }
};

class Reader {
 public:
  // `clocks`: empty, or what is known of every file's.
  Reader(const std::vector<std::string>& files, const AnalyzeOptions& options,
         const ClockOffsets::Offsets& clocks);
  void read_all(Pipeline& pipeline);
  void note_clocks(const ClockOffsets::Offsets& clocks);
  std::vector<Capture> captures(Pipeline& pipeline);

 private:
  Source* earliest();
  void take(Source& source, Pipeline& pipeline);
  void report_progress();

  const AnalyzeOptions& options_;
  std::vector<Source> sources_;
  CapturePoints points_;
  std::uint64_t packets_ = 0;
  std::uint64_t size_ = 0;  // of all files; 0: not known
};

// Of what CaptureFile::bytes_read() counts; 0 where that is not known beforehand (a pipe, a packed
// file).
std::uint64_t size_of(const CaptureFile& file) {
  std::error_code none;
  if (!file.packed_by().empty() || !std::filesystem::is_regular_file(file.path(), none))
    return 0;
  const std::uintmax_t size = std::filesystem::file_size(file.path(), none);
  return none ? 0 : size;
}

Reader::Reader(const std::vector<std::string>& files, const AnalyzeOptions& options,
               const ClockOffsets::Offsets& clocks)
    : options_(options) {
  sources_.resize(files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    Source& s = sources_[i];
    s.file = CaptureFile::open(files[i]);
    s.capture.index = static_cast<std::uint32_t>(i);
    s.capture.file = s.file->path();
    s.capture.format = std::string(to_string(s.file->format()));
    if (i < clocks.size() && clocks[i])
      s.ahead = clocks[i]->ahead;
    s.advance();
  }
  for (Source& s : sources_)
    s.size = size_of(*s.file);
  const auto unknown = [](const Source& s) { return s.size == 0; };
  if (std::none_of(sources_.begin(), sources_.end(), unknown))
    for (const Source& s : sources_)
      size_ += s.size;
  note_clocks(clocks);
  points_.find_halves(files);
}

void Reader::note_clocks(const ClockOffsets::Offsets& clocks) {
  for (std::size_t i = 0; i < std::min(clocks.size(), sources_.size()); ++i) {
    if (!clocks[i])
      continue;
    sources_[i].capture.clock_offset = clocks[i]->ahead;
    sources_[i].capture.clock_of = clocks[i]->reference;
  }
}

// Packets of one file keep their order; between files the earlier one goes first.
Source* Reader::earliest() {
  Source* best = nullptr;
  for (Source& s : sources_)
    if (s.more && (best == nullptr || s.raw.at < best->raw.at))
      best = &s;
  return best;
}

void Reader::take(Source& source, Pipeline& pipeline) {
  Capture& c = source.capture;
  const RawPacket& raw = source.raw;
  ++c.packets;
  c.bytes += raw.original_size;
  c.timed = c.timed && raw.has_time;
  if (raw.has_time) {
    if (c.first_time && raw.at < source.last_at)
      ++c.times_backwards;
    source.last_at = raw.at;
    c.first_time = c.first_time ? std::min(*c.first_time, raw.at) : raw.at;
    c.last_time = c.last_time ? std::max(*c.last_time, raw.at) : raw.at;
  }
  if (raw.original_size > raw.bytes.size())
    ++c.cut_short;
  Packet packet;
  const PacketRef ref{c.index, raw.number};
  const std::uint32_t point = points_.of(c.index, *source.file, raw, [this](std::uint32_t file) {
    return sources_[file].almost_ended();
  });
  switch (source.decoder.decode(raw, ref, point, packet)) {
    case FrameVerdict::Decoded:
      pipeline.on_packet(packet);
      break;
    case FrameVerdict::NotIp:
      ++(source.decoder.ether_type() == kEtherArp ? pipeline.counts(c.index).arp
                                                  : pipeline.counts(c.index).other);
      break;
    case FrameVerdict::Fragment:
      ++pipeline.counts(c.index).fragment;
      break;
    case FrameVerdict::UnknownLink:
    case FrameVerdict::Undecoded:
      ++c.undecoded;
      break;
  }
}

void Reader::report_progress() {
  if (!options_.progress)
    return;
  std::uint64_t done = 0;
  for (const Source& s : sources_)
    done += s.file->bytes_read();
  options_.progress(done, size_);
}

void Reader::read_all(Pipeline& pipeline) {
  while (Source* source = earliest()) {
    take(*source, pipeline);
    source->advance();
    if (++packets_ % kProgressEvery == 0)
      report_progress();
  }
}

void name_counts(const ProtocolCounts& n, Capture& capture) {
  const std::array<std::pair<const char*, std::uint64_t>, 14> named{{{"stun", n.stun},
                                                                     {"turn", n.turn},
                                                                     {"dtls", n.dtls},
                                                                     {"srtp", n.srtp},
                                                                     {"srtcp", n.srtcp},
                                                                     {"rtp", n.rtp},
                                                                     {"rtcp", n.rtcp},
                                                                     {"icmp", n.icmp},
                                                                     {"arp", n.arp},
                                                                     {"tcp", n.tcp},
                                                                     {"turn-tcp", n.turn_tcp},
                                                                     {"dns", n.dns},
                                                                     {"fragment", n.fragment},
                                                                     {"other", n.other}}};
  for (const auto& [name, count] : named)
    if (count > 0)
      capture.by_protocol[name] = count;
}

std::vector<CapturePoint> named_points(
    const std::vector<std::pair<std::uint32_t, std::string>>& points) {
  std::vector<CapturePoint> list;
  list.reserve(points.size());
  for (const auto& [id, name] : points)
    list.push_back({id, points.size() > 1 ? name : std::string()});
  return list;
}

std::vector<Capture> Reader::captures(Pipeline& pipeline) {
  std::vector<Capture> list;
  for (Source& s : sources_) {
    s.capture.interfaces = s.file->interfaces();
    s.capture.damage = s.file->damage();
    s.capture.points = named_points(points_.points_in(s.capture.index));
    name_counts(pipeline.counts(s.capture.index), s.capture);
    s.capture.tcp_unread = pipeline.counts(s.capture.index).tcp_unread;
    list.push_back(std::move(s.capture));
  }
  return list;
}

// A flow of a call costs a few KiB with all that hangs on it; half of the budget is for those, the
// rest for streams, transactions and the model.
std::size_t flows_within(std::size_t budget) {
  constexpr std::size_t kBytesOfFlow = 4096;
  constexpr std::size_t kFewest = AnalyzeOptions::kLeastMemory / 2 / kBytesOfFlow;
  return std::clamp(budget / 2 / kBytesOfFlow, kFewest, FlowTable::kMaxFlows);
}

// Without the times of packets there are none of what they did.
void withdraw_times(Call& call) {
  for (Transport& t : call.transports) {
    for (TransportAgent& agent : t.agents) {
      agent.connected.reset();
      agent.consent_lost.reset();
    }
    for (Pair& pair : t.pairs)
      pair.rtt.reset();
    t.dtls.handshake_ms.reset();
  }
  for (Stream& s : call.streams) {
    s.jitter_ms.reset();
    s.bitrate_bps.reset();
  }
  for (StunServerUse& use : call.stun_servers)
    use.rtt.reset();
}

constexpr std::size_t kMaxStrangers = 256;

// Questions to STUN servers that belong to no call.
std::vector<StunServerUse> strangers_of(Pipeline& pipeline, const std::vector<Call>& calls) {
  std::set<std::pair<Endpoint, Endpoint>> known;
  for (const Call& call : calls)
    for (const StunServerUse& use : call.stun_servers)
      known.emplace(use.client, use.server);
  std::vector<StunServerUse> list;
  for (PlacedStunUse& placed : build_stun_uses(pipeline))
    if (list.size() < kMaxStrangers && known.count({placed.use.client, placed.use.server}) == 0)
      list.push_back(std::move(placed.use));
  return list;
}

// Not one packet of anything but STUN and TURN: a capture of a host that no filter touched shows
// more, if it is but ARP.
bool holds_stun_only(const Call& call, const std::vector<Capture>& captures) {
  const auto stun_only = [&](std::uint32_t index) {
    const Capture& capture = captures[index];
    return capture.undecoded == 0 &&
           std::all_of(capture.by_protocol.begin(), capture.by_protocol.end(), [](const auto& n) {
             return n.first == "stun" || n.first == "turn" || n.first == "turn-tcp";
           });
  };
  return !call.captures.empty() &&
         std::all_of(call.captures.begin(), call.captures.end(), stun_only);
}

bool holds_unread_tcp(const Call& call, const std::vector<Capture>& captures) {
  const bool known = std::any_of(call.turn.begin(), call.turn.end(),
                                 [](const TurnAllocation& a) { return a.transport != "udp"; });
  return !known && std::any_of(call.captures.begin(), call.captures.end(),
                               [&](std::uint32_t i) { return captures[i].tcp_unread > 0; });
}

// The client of a call's allocation, or its relay, is at an end of the flow.
bool belongs_to(const Call& call, const LooseFlow& flow) {
  return !call.server_only &&
         std::any_of(call.turn.begin(), call.turn.end(), [&](const TurnAllocation& allocation) {
           const auto is_end = [&](const Endpoint& end) {
             return end == allocation.client || end == allocation.relayed;
           };
           return is_end(flow.a) || is_end(flow.b);
         });
}

// What all the files hold, and their packets in order.
struct Material {
  Material(const std::vector<std::string>& files, const AnalyzeOptions& options,
           const ClockOffsets::Offsets& clocks)
      : reader(files, options, clocks), pipeline(flows_within(options.memory_budget)) {}

  void read() {
    reader.read_all(pipeline);
    pipeline.finish();
  }

  Reader reader;
  Pipeline pipeline;
};

// Standard input and pipes are gone when they have been read.
bool can_be_read_again(const std::vector<std::string>& files) {
  return std::all_of(files.begin(), files.end(), [](const std::string& file) {
    std::error_code none;
    return std::filesystem::is_regular_file(file, none);
  });
}

bool differ(const ClockOffsets::Offsets& clocks) {
  return std::any_of(clocks.begin(), clocks.end(),
                     [](const auto& clock) { return clock && clock->ahead != Duration{}; });
}

// Read by their own clocks, and once more by one clock if those turn out to differ.
std::unique_ptr<Material> read_by_one_clock(const std::vector<std::string>& files,
                                            const AnalyzeOptions& options) {
  auto material = std::make_unique<Material>(files, options, ClockOffsets::Offsets{});
  ClockOffsets messages;
  const bool compare = files.size() > 1 && can_be_read_again(files);
  if (compare)
    material->pipeline.compare_clocks(messages);
  material->read();
  if (!compare)
    return material;
  const auto clocks = messages.estimate(static_cast<std::uint32_t>(files.size()));
  if (differ(clocks)) {
    material.reset();
    material = std::make_unique<Material>(files, options, clocks);
    material->read();
  } else {
    material->reader.note_clocks(clocks);
  }
  return material;
}

}  // namespace

Analysis analyze_captures(const std::vector<std::string>& files, const AnalyzeOptions& options) {
  const std::unique_ptr<Material> material = read_by_one_clock(files, options);
  Pipeline& pipeline = material->pipeline;

  Analysis analysis;
  analysis.captures = material->reader.captures(pipeline);
  bool dated = false;
  for (const Capture& c : analysis.captures) {
    if (c.first_time && (!dated || *c.first_time < analysis.origin)) {
      analysis.origin = *c.first_time;
      dated = true;
    }
  }
  analysis.loose = pipeline.loose();
  analysis.calls = build_calls(pipeline);
  analysis.strangers = strangers_of(pipeline, analysis.calls);
  if (std::any_of(analysis.captures.begin(), analysis.captures.end(),
                  [](const Capture& c) { return !c.timed; }))
    for (Call& call : analysis.calls)
      withdraw_times(call);
  for (Call& call : analysis.calls) {
    share_candidate_types(call);
    call.stun_only = holds_stun_only(call, analysis.captures);
    call.unread_tcp = holds_unread_tcp(call, analysis.captures);
  }
  std::erase_if(analysis.loose, [&](const LooseFlow& flow) {
    return std::any_of(analysis.calls.begin(), analysis.calls.end(),
                       [&](const Call& call) { return belongs_to(call, flow); });
  });
  diagnose(analysis);
  return analysis;
}

}  // namespace parley::analyzer
