#include "sim/nat_table.h"

#include <utility>

namespace parley::sim {

std::string_view to_string(NatBehavior behavior) {
  switch (behavior) {
    case NatBehavior::EndpointIndependent:
      return "endpoint-independent";
    case NatBehavior::AddressDependent:
      return "address-dependent";
    case NatBehavior::AddressAndPortDependent:
      return "address-and-port-dependent";
  }
  return "?";
}

std::string_view to_string(PortAllocation ports) {
  switch (ports) {
    case PortAllocation::Preserving:
      return "preserving";
    case PortAllocation::Contiguous:
      return "contiguous";
    case PortAllocation::Random:
      return "random";
  }
  return "?";
}

std::string_view to_string(NatRefresh refresh) {
  switch (refresh) {
    case NatRefresh::Outbound:
      return "outbound";
    case NatRefresh::Inbound:
      return "inbound";
    case NatRefresh::Both:
      return "both";
  }
  return "?";
}

std::size_t NatTable::KeyHash::operator()(const Key& key) const noexcept {
  const std::hash<Endpoint> hash;
  return hash(key.inside) * 31U + hash(key.scope);
}

Endpoint NatTable::scope(NatBehavior behavior, const Endpoint& remote) {
  switch (behavior) {
    case NatBehavior::EndpointIndependent:
      return {};
    case NatBehavior::AddressDependent:
      return {remote.address, 0};
    case NatBehavior::AddressAndPortDependent:
      return remote;
  }
  return remote;
}

NatTable::NatTable(const NatPolicy& policy, std::vector<IpAddress> outside,
                   const SeededRandom& random)
    : policy_(policy),
      outside_(std::move(outside)),
      random_(random),
      next_port_(policy.first_port) {}

NatOutbound NatTable::outbound(Instant now, const Endpoint& inside, const Endpoint& remote) {
  const Key key{inside, scope(policy_.mapping, remote)};
  NatOutbound result;
  std::uint32_t slot = find_live(now, key);
  if (slot == kNone) {
    result.verdict = create(now, key, remote, slot);
    if (result.verdict != NatVerdict::Translated)
      return result;
    result.mapping_created = true;
  } else if (policy_.refresh != NatRefresh::Inbound) {
    refresh(slot, now);
    Mapping& mapping = mappings_[slot];
    result.refreshed = now - mapping.reported >= kRefreshReport;
    if (result.refreshed)
      mapping.reported = now;
  }
  result.outside = mappings_[slot].outside;
  if (!open_filter(now, mappings_[slot], remote, result.filter_opened))
    result.verdict = NatVerdict::TableFull;
  return result;
}

NatInbound NatTable::inbound(Instant now, const Endpoint& outside, const Endpoint& remote) {
  const auto found = by_outside_.find(outside);
  if (found == by_outside_.end() || dead(mappings_[found->second].refreshed, now))
    return {NatVerdict::NoMapping, {}, false, {}};
  const std::uint32_t slot = found->second;
  Mapping& mapping = mappings_[slot];
  const auto entry = mapping.filter.find(scope(policy_.filtering, remote));
  // Endpoint-independent filtering lets in whoever finds the mapping (RFC 4787 section 5).
  const bool open =
      entry != mapping.filter.end() && (policy_.filtering == NatBehavior::EndpointIndependent ||
                                        !dead(entry->second.refreshed, now));
  if (!open)
    return {NatVerdict::Filtered, mapping.inside, false, {}};
  const bool first =
      mapping.admitted.size() < kMaxFilterEntries && mapping.admitted.insert(remote).second;
  if (policy_.refresh != NatRefresh::Outbound) {
    entry->second.refreshed = now;
    refresh(slot, now);
  }
  return {NatVerdict::Translated, mapping.inside, first, now - entry->second.opened};
}

std::optional<Endpoint> NatTable::find_outside(Instant now, const Endpoint& inside,
                                               const Endpoint& remote) const {
  const auto found = by_inside_.find({inside, scope(policy_.mapping, remote)});
  if (found == by_inside_.end() || dead(mappings_[found->second].refreshed, now))
    return std::nullopt;
  return mappings_[found->second].outside;
}

std::optional<Endpoint> NatTable::find_inside(Instant now, const Endpoint& outside) const {
  const auto found = by_outside_.find(outside);
  if (found == by_outside_.end() || dead(mappings_[found->second].refreshed, now))
    return std::nullopt;
  return mappings_[found->second].inside;
}

Instant NatTable::next_expiry() const {
  return oldest_ == kNone ? kNever : mappings_[oldest_].refreshed + policy_.lifetime;
}

std::optional<NatExpired> NatTable::expire(Instant now) {
  if (oldest_ == kNone || !dead(mappings_[oldest_].refreshed, now))
    return std::nullopt;
  return erase(oldest_);
}

std::uint32_t NatTable::find_live(Instant now, const Key& key) {
  const auto found = by_inside_.find(key);
  if (found == by_inside_.end())
    return kNone;
  if (!dead(mappings_[found->second].refreshed, now))
    return found->second;
  erase(found->second);
  return kNone;
}

NatVerdict NatTable::create(Instant now, const Key& key, const Endpoint& remote,
                            std::uint32_t& slot) {
  if (size() >= policy_.max_mappings)
    return NatVerdict::TableFull;
  const std::optional<Endpoint> outside = allocate(key.inside);
  if (!outside)
    return NatVerdict::NoPort;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(mappings_.size());
    mappings_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  Mapping& mapping = mappings_[slot];
  mapping.inside = key.inside;
  mapping.scope = key.scope;
  mapping.outside = *outside;
  mapping.remote = remote;
  mapping.refreshed = mapping.reported = now;
  by_inside_[key] = slot;
  by_outside_[*outside] = slot;
  append(slot);
  return NatVerdict::Translated;
}

std::optional<Endpoint> NatTable::allocate(const Endpoint& inside) {
  const auto [paired, is_new] = paired_.try_emplace(inside.address, next_address_);
  if (is_new)
    next_address_ = static_cast<std::uint32_t>((next_address_ + 1) % outside_.size());
  const IpAddress& address = outside_[paired->second];
  const std::optional<std::uint16_t> port = pick_port(address, inside.port);
  if (!port)
    return std::nullopt;
  return Endpoint{address, *port};
}

std::optional<std::uint16_t> NatTable::pick_port(const IpAddress& outside, std::uint16_t wanted) {
  const std::uint32_t count = std::uint32_t{policy_.last_port} - policy_.first_port + 1U;
  const bool in_range = wanted >= policy_.first_port && wanted <= policy_.last_port;
  if (policy_.ports == PortAllocation::Preserving && in_range && is_free(outside, wanted))
    return wanted;
  // Where to look first: the next in line, or anywhere (also when a port cannot be preserved).
  const std::uint32_t start = policy_.ports == PortAllocation::Contiguous
                                  ? next_port_ - policy_.first_port
                                  : static_cast<std::uint32_t>(random_.below(count));
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t offset = (start + i) % count;
    const auto port = static_cast<std::uint16_t>(policy_.first_port + offset);
    if (!is_free(outside, port))
      continue;
    next_port_ = policy_.first_port + (offset + 1U) % count;
    return port;
  }
  return std::nullopt;
}

bool NatTable::is_free(const IpAddress& outside, std::uint16_t port) const {
  return !by_outside_.contains({outside, port});
}

bool NatTable::open_filter(Instant now, Mapping& mapping, const Endpoint& remote, bool& opened) {
  const Endpoint key = scope(policy_.filtering, remote);
  const auto entry = mapping.filter.find(key);
  if (entry != mapping.filter.end() && !dead(entry->second.refreshed, now)) {
    if (policy_.refresh != NatRefresh::Inbound)
      entry->second.refreshed = now;
    return true;
  }
  if (entry == mapping.filter.end() && mapping.filter.size() >= kMaxFilterEntries) {
    prune_filter(now, mapping);
    if (mapping.filter.size() >= kMaxFilterEntries)
      return false;
  }
  mapping.filter[key] = {now, now};
  mapping.admitted.erase(remote);
  opened = true;
  return true;
}

void NatTable::prune_filter(Instant now, Mapping& mapping) const {
  std::erase_if(mapping.filter,
                [&](const auto& entry) { return dead(entry.second.refreshed, now); });
}

void NatTable::refresh(std::uint32_t slot, Instant now) {
  mappings_[slot].refreshed = now;
  if (slot == newest_)
    return;
  unlink(slot);
  append(slot);
}

void NatTable::unlink(std::uint32_t slot) {
  const Mapping& m = mappings_[slot];
  (m.older == kNone ? oldest_ : mappings_[m.older].newer) = m.newer;
  (m.newer == kNone ? newest_ : mappings_[m.newer].older) = m.older;
}

void NatTable::append(std::uint32_t slot) {
  mappings_[slot].older = newest_;
  mappings_[slot].newer = kNone;
  (newest_ == kNone ? oldest_ : mappings_[newest_].newer) = slot;
  newest_ = slot;
}

NatExpired NatTable::erase(std::uint32_t slot) {
  unlink(slot);
  Mapping& m = mappings_[slot];
  const NatExpired gone{m.inside, m.outside, m.remote};
  by_inside_.erase({m.inside, m.scope});
  by_outside_.erase(m.outside);
  m = {};
  free_.push_back(slot);
  return gone;
}

}  // namespace parley::sim
