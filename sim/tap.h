#pragma once

// Capture points: what a packet sniffer at each host, server and side of a NAT would write, as
// pcapng, plus what a wire cannot show: a comment on the packet that was lost or dropped further
// on. A record is therefore held back until the packet's fate is known; the comment stands at the
// last point that saw it. Owns the formats' order and time; where bytes go is the caller's.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scheduler.h"
#include "stack/base/bytes.h"
#include "stack/base/time.h"
#include "stack/wire/pcapng.h"

namespace parley::sim {

// 2024-01-01T00:00:00Z: the moment at which every run begins.
inline constexpr Duration kSimulatedEpoch = std::chrono::seconds(1704067200);

using PointId = Strong<struct PointIdTag, std::uint32_t>;
inline constexpr PointId kNoPoint{~std::uint32_t{0}};

// Takes over the bytes of one file, piece by piece.
using ByteConsumer = std::function<void(Bytes)>;

class Tap {
 public:
  // `comment` goes into the section header of each file.
  explicit Tap(std::string comment) : comment_(std::move(comment)) {}

  // A point whose packets go to its own file and/or to the common one.
  PointId add_point(std::string name, ByteConsumer own_file);
  // One file with every point added so far as an interface.
  void set_common_file(ByteConsumer file);

  void sight(PointId point, Instant at, Packet& packet);
  // The packet's way ended here, as it should.
  void settle(const Packet& packet);
  void comment(const Packet& packet, std::string_view text);
  // Lines in the NSS key log format; they stand in front of the packets that they open.
  void key_log(std::string_view line);
  // Writes everything that is still held back.
  void finish();

  std::uint64_t packets(PointId point) const { return points_[point.value()].packets; }
  std::size_t points() const { return points_.size(); }
  const std::string& name(PointId point) const { return points_[point.value()].name; }

 private:
  // Bytes collected before a consumer is called.
  static constexpr std::size_t kChunk = std::size_t{64} * 1024;

  struct File {
    ByteBuffer buffer;
    pcapng::Writer writer;
    ByteConsumer consume;
    File(const pcapng::Section& section, ByteConsumer consumer)
        : writer(buffer, section), consume(std::move(consumer)) {}
    void flush_if(std::size_t at_least);
  };
  struct Point {
    std::string name;
    std::uint64_t packets = 0;
    std::unique_ptr<File> file;
    std::uint32_t common_interface = 0;
  };
  struct Held {
    PointId point;
    Instant at;
    ByteBuffer bytes;
    std::string comment;
    bool settled = false;
  };

  std::unique_ptr<File> make_file(ByteConsumer consume) const;
  Held* held(const Packet& packet);
  void release_settled();
  void write(const Held& record);

  std::string comment_;
  std::vector<Point> points_;
  std::unique_ptr<File> common_;
  std::deque<Held> held_;
  std::uint64_t first_held_ = 1;   // number of held_.front(); numbers start at 1
  std::vector<ByteBuffer> spare_;  // buffers to use again
};

}  // namespace parley::sim
