#include "sim/tap.h"

#include <utility>

namespace parley::sim {

void Tap::File::flush_if(std::size_t at_least) {
  if (buffer.size() < at_least || buffer.empty())
    return;
  consume(buffer);
  buffer.clear();
}

std::unique_ptr<Tap::File> Tap::make_file(ByteConsumer consume) const {
  pcapng::Section section;
  section.comment = comment_;
  section.application = "Parley";
  return std::make_unique<File>(section, std::move(consume));
}

PointId Tap::add_point(std::string name, ByteConsumer own_file) {
  const PointId id{static_cast<std::uint32_t>(points_.size())};
  Point& point = points_.emplace_back();
  point.name = std::move(name);
  if (own_file) {
    point.file = make_file(std::move(own_file));
    point.file->writer.interface({point.name, "simulated", pcapng::kLinkRaw, 0});
  }
  return id;
}

void Tap::set_common_file(ByteConsumer file) {
  common_ = make_file(std::move(file));
  for (Point& point : points_)
    point.common_interface =
        common_->writer.interface({point.name, "simulated", pcapng::kLinkRaw, 0});
}

void Tap::sight(PointId point, Instant at, Packet& packet) {
  if (point == kNoPoint)
    return;
  if (Held* previous = held(packet))
    previous->settled = true;
  packet.sighting.record = first_held_ + held_.size();
  Held& record = held_.emplace_back();
  record.point = point;
  record.at = at;
  if (!spare_.empty()) {
    record.bytes = std::move(spare_.back());
    spare_.pop_back();
  }
  record.bytes.assign(packet.bytes.begin(), packet.bytes.end());
  release_settled();
}

void Tap::settle(const Packet& packet) {
  if (Held* record = held(packet)) {
    record->settled = true;
    release_settled();
  }
}

void Tap::comment(const Packet& packet, std::string_view text) {
  if (Held* record = held(packet)) {
    record->comment = text;
    record->settled = true;
    release_settled();
  }
}

void Tap::key_log(std::string_view line) {
  const std::string with_end = std::string(line) + "\n";
  for (const Point& point : points_)
    if (point.file)
      point.file->writer.tls_key_log(with_end);
  if (common_)
    common_->writer.tls_key_log(with_end);
}

void Tap::finish() {
  for (Held& record : held_)
    record.settled = true;
  release_settled();
  for (const Point& point : points_)
    if (point.file)
      point.file->flush_if(0);
  if (common_)
    common_->flush_if(0);
}

Tap::Held* Tap::held(const Packet& packet) {
  const std::uint64_t number = packet.sighting.record;
  if (number < first_held_ || number >= first_held_ + held_.size())
    return nullptr;
  return &held_[number - first_held_];
}

void Tap::release_settled() {
  while (!held_.empty() && held_.front().settled) {
    write(held_.front());
    spare_.push_back(std::move(held_.front().bytes));
    held_.pop_front();
    ++first_held_;
  }
}

void Tap::write(const Held& record) {
  Point& point = points_[record.point.value()];
  ++point.packets;
  pcapng::PacketRecord out;
  out.at = record.at + kSimulatedEpoch;
  out.bytes = record.bytes;
  out.comment = record.comment;
  if (point.file) {
    point.file->writer.packet(out);
    point.file->flush_if(kChunk);
  }
  if (common_) {
    out.interface = point.common_interface;
    common_->writer.packet(out);
    common_->flush_if(kChunk);
  }
}

}  // namespace parley::sim
