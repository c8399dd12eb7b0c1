#include "analyzer/stun_transactions.h"

#include <algorithm>

#include "stack/base/bytes.h"

namespace parley::analyzer {

std::size_t StunTransactions::KeyHash::operator()(const Key& key) const noexcept {
  // The id is random (RFC 8489 section 5), so its own bytes are a good hash.
  const std::uint64_t high = load_u64(key.id.data());
  const std::uint64_t low = load_u32(key.id.data() + 8);
  return static_cast<std::size_t>((high ^ (low << 32U) ^ key.salt) * 0x9e3779b97f4a7c15ULL);
}

StunTransactions::Opened StunTransactions::request(const Key& key, PathId path,
                                                   const Packet& packet) {
  expire(packet.at);
  if (open_.size() >= kMaxOpen && open_.find(key) == open_.end())
    fold_oldest();
  const auto [it, added] = open_.try_emplace(key);
  Transaction& transaction = it->second;
  if (added) {
    transaction.opened = packet.at;
    order_.push_back(key);
  }
  const auto view = std::find_if(transaction.views.begin(), transaction.views.end(),
                                 [&](const TransactionView& v) { return v.path == path; });
  if (view != transaction.views.end())
    return {&transaction, &*view};
  if (transaction.views.size() >= kMaxViews)
    return {&transaction, nullptr};
  TransactionView fresh;
  fresh.path = path;
  fresh.first_request = {packet.ref, packet.at};
  transaction.views.push_back(fresh);
  return {&transaction, &transaction.views.back()};
}

Transaction* StunTransactions::find(const Key& key) {
  const auto it = open_.find(key);
  return it == open_.end() ? nullptr : &it->second;
}

void StunTransactions::fold_oldest() {
  const Key key = order_.front();
  order_.pop_front();
  const auto it = open_.find(key);
  if (it == open_.end())
    return;
  fold_(it->second);
  open_.erase(it);
}

void StunTransactions::expire(Instant now) {
  while (!order_.empty()) {
    const auto it = open_.find(order_.front());
    if (it != open_.end() && now - it->second.opened < kLifetime)
      return;
    fold_oldest();
  }
}

void StunTransactions::finish() {
  while (!order_.empty())
    fold_oldest();
}

}  // namespace parley::analyzer
