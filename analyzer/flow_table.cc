#include "analyzer/flow_table.h"

#include <algorithm>
#include <chrono>

namespace parley::analyzer {

namespace {

constexpr std::size_t kFirstSlots = 1024;
// Flows of no call that were silent this long go first.
constexpr Duration kIdle = std::chrono::seconds(30);

constexpr std::uint64_t mix(std::uint64_t x) {
  // The finalizer of MurmurHash3: every input bit reaches every output bit.
  x ^= x >> 33U;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33U;
  x *= 0xc4ceb9fe1a85ec53ULL;
  return x ^ (x >> 33U);
}

std::uint64_t hash_endpoint(const Endpoint& e) {
  if (e.address.is_v4())
    return mix((std::uint64_t{e.address.v4_host_order()} << 16U) | e.port);
  const Bytes b = e.address.bytes();
  if (b.size() < 16)
    return mix(e.port);
  return mix(load_u64(b.data()) ^ mix(load_u64(b.data() + 8) + e.port));
}

// The same for both directions.
std::uint32_t hash_key(const FlowKey& key) {
  const std::uint64_t ends = hash_endpoint(key.a) + hash_endpoint(key.b);
  const std::uint64_t place = (std::uint64_t{key.point} << 32U) ^ key.carrier;
  return static_cast<std::uint32_t>(mix(ends ^ mix(place)));
}

bool is_name_service(std::uint16_t port) {
  return port == 53 || port == 5353 || port == 5355 || port == 137;
}

}  // namespace

FlowTable::FlowTable(std::size_t max_flows) : slots_(kFirstSlots), max_flows_(max_flows) {}

bool FlowTable::matches(const FlowRecord& flow, const FlowKey& key, Direction& direction) const {
  if (flow.key.point != key.point || flow.key.carrier != key.carrier ||
      flow.key.protocol != key.protocol)
    return false;
  if (flow.key.a == key.a && flow.key.b == key.b) {
    direction = 0;
    return true;
  }
  if (flow.key.a == key.b && flow.key.b == key.a) {
    direction = 1;
    return true;
  }
  return false;
}

FlowTable::Found FlowTable::find(const FlowKey& key) const {
  const std::uint32_t hash = hash_key(key);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash & mask; slots_[i].id != kNone; i = (i + 1) & mask) {
    Direction direction = 0;
    if (slots_[i].hash == hash && matches(flows_[slots_[i].id], key, direction))
      return {slots_[i].id, direction, false};
  }
  return {};
}

FlowTable::Found FlowTable::find_or_add(const FlowKey& key, const Packet& packet) {
  Direction direction = 0;
  if (last_ != kNone && matches(flows_[last_], key, direction))
    return {last_, direction, false};
  if (const Found found = find(key); found.id != kNone) {
    last_ = found.id;
    return found;
  }
  if (used_ >= max_flows_ && !make_room(packet.at))
    return {};
  FlowId id = 0;
  if (free_.empty()) {
    id = static_cast<FlowId>(flows_.size());
    flows_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
    flows_[id] = FlowRecord{};
  }
  FlowRecord& flow = flows_[id];
  flow.key = key;
  flow.first = {packet.ref, packet.at};
  flow.capture = packet.ref.capture;
  flow.last_at = packet.at;
  flow.dns = is_name_service(key.a.port) || is_name_service(key.b.port);
  ++used_;
  place(id);
  last_ = id;
  return {id, 0, true};
}

bool FlowTable::rename(FlowId id, const Endpoint& a, const Endpoint& b) {
  FlowKey key = flows_[id].key;
  key.a = a;
  key.b = b;
  if (find(key).id != kNone)
    return false;
  flows_[id].key = key;
  ++stale_;
  place(id);
  return true;
}

void FlowTable::place(FlowId id) {
  if ((used_ + stale_) * 2 <= slots_.size())
    insert_slot(hash_key(flows_[id].key), id);
  else
    rebuild(used_ * 4 > slots_.size() ? slots_.size() * 2 : slots_.size());
}

void FlowTable::insert_slot(std::uint32_t hash, FlowId id) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = hash & mask;
  while (slots_[i].id != kNone)
    i = (i + 1) & mask;
  slots_[i] = {hash, id};
}

void FlowTable::rebuild(std::size_t slots) {
  slots_.assign(slots, Slot{});
  stale_ = 0;
  for (FlowId id = 0; id < flows_.size(); ++id)
    if (flows_[id].in_use)
      insert_slot(hash_key(flows_[id].key), id);
}

// Forgets the idle flows of no call; where that is not an eighth of the table, the oldest such
// flows too.
bool FlowTable::make_room(Instant now) {
  std::vector<FlowId> candidates;
  for (FlowId id = 0; id < flows_.size(); ++id) {
    const FlowRecord& flow = flows_[id];
    if (flow.in_use && flow.proof == FlowProof::None && flow.turn == kNone && flow.paths.empty())
      candidates.push_back(id);
  }
  std::sort(candidates.begin(), candidates.end(), [&](FlowId x, FlowId y) {
    return flows_[x].last_at != flows_[y].last_at ? flows_[x].last_at < flows_[y].last_at : x < y;
  });
  const std::size_t wanted = std::max<std::size_t>(1, max_flows_ / 8);
  std::size_t gone = 0;
  for (const FlowId id : candidates) {
    if (gone >= wanted && now - flows_[id].last_at < kIdle)
      break;
    if (evicted_)
      evicted_(id);
    flows_[id] = FlowRecord{};
    flows_[id].in_use = false;
    free_.push_back(id);
    ++gone;
  }
  used_ -= gone;
  last_ = kNone;
  rebuild(slots_.size());
  return gone > 0;
}

}  // namespace parley::analyzer
