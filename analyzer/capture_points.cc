#include "analyzer/capture_points.h"

#include <algorithm>
#include <filesystem>

#include "analyzer/capture_halves.h"
#include "analyzer/frame.h"

namespace parley::analyzer {

namespace {

constexpr std::uint16_t kLinuxSll2 = 276;

constexpr std::size_t kMaxPlacesLookedAt = 64;

// Every place that this file has shown so far holds both directions of something.
bool all_whole(const CaptureHalves& halves, const std::vector<CapturePlace>& places,
               const CaptureFile& file) {
  return places.size() >= file.interfaces().size() &&
         std::all_of(places.begin(), places.end(),
                     [&](const CapturePlace& p) { return halves.is_whole(p); });
}

void look_at(std::uint32_t number, CaptureFile& file, CaptureHalves& halves) {
  FrameDecoder decoder;
  RawPacket raw;
  Packet packet;
  std::vector<CapturePlace> places;
  for (std::uint64_t n = 0; n < CapturePoints::kLookedAt && file.next(raw); ++n) {
    const CapturePlace place = place_of(number, raw);
    if (std::find(places.begin(), places.end(), place) == places.end())
      places.push_back(place);
    if (places.size() > kMaxPlacesLookedAt)
      return;
    if (decoder.decode(raw, {number, raw.number}, place.interface, packet) != FrameVerdict::Decoded)
      continue;
    halves.on_packet(place, packet);
    if (all_whole(halves, places, file))
      return;
  }
}

}  // namespace

CapturePlace place_of(std::uint32_t file, const RawPacket& raw) {
  CapturePlace place{file, raw.interface, 0};
  // LINKTYPE_LINUX_SLL2: protocol (16 bits), reserved (16), interface index (32), ...
  if (raw.link_type == kLinuxSll2 && raw.bytes.size() >= 8)
    place.device = load_u32(raw.bytes.data() + 4);
  return place;
}

void CapturePoints::find_halves(const std::vector<std::string>& files) {
  CaptureHalves halves;
  for (std::size_t i = 0; i < files.size(); ++i) {
    std::error_code none;
    if (!std::filesystem::is_regular_file(files[i], none))
      continue;
    const auto file = CaptureFile::open(files[i]);
    look_at(static_cast<std::uint32_t>(i), *file, halves);
  }
  for (const auto& [x, y] : halves.pairs()) {
    other_half_[x] = y;
    other_half_[y] = x;
  }
}

std::uint32_t CapturePoints::section_of(const CaptureFile& file, const RawPacket& raw) {
  return raw.interface < file.interfaces().size() ? file.interfaces()[raw.interface].section : 0;
}

CapturePoints::Identity CapturePoints::identity_of(const CaptureFile& file, const RawPacket& raw,
                                                   std::uint32_t device) {
  Identity identity{{}, raw.link_type, 0, device};
  const std::vector<CaptureInterface>& list = file.interfaces();
  if (raw.interface >= list.size())
    return identity;
  const CaptureInterface& own = list[raw.interface];
  identity.name = own.name;
  for (std::uint32_t i = 0; i < raw.interface; ++i)
    if (list[i].section == own.section && list[i].name == own.name &&
        list[i].link_type == own.link_type)
      ++identity.rank;
  return identity;
}

std::size_t CapturePoints::index_of(const CapturePlace& place) const {
  const auto it = index_.find(place);
  return it == index_.end() ? kUnknown : it->second;
}

std::vector<std::pair<std::uint32_t, std::string>> CapturePoints::points_in(
    std::uint32_t file) const {
  std::map<std::uint32_t, std::string> points;
  for (const Known& known : known_) {
    if (known.place.file != file)
      continue;
    std::string name = known.identity.name;
    if (known.place.device > 0)
      name = "device " + std::to_string(known.place.device);
    else if (name.empty())
      name = "interface " + std::to_string(known.place.interface);
    points.try_emplace(known.point, std::move(name));
  }
  return {points.begin(), points.end()};
}

std::uint32_t CapturePoints::new_point(const CapturePlace& place) {
  if (const auto half = other_half_.find(place); half != other_half_.end())
    if (const std::size_t known = index_of(half->second); known != kUnknown)
      return known_[known].point;
  return next_point_++;
}

std::size_t CapturePoints::keep(Known fresh) {
  index_[fresh.place] = known_.size();
  known_.push_back(std::move(fresh));
  return known_.size() - 1;
}

}  // namespace parley::analyzer
