#include <algorithm>

#include "stack/wire/dtls.h"

namespace parley::dtls {
namespace {

// Finished messages that are remembered, to tell a retransmission from something new. A handshake
// has about twenty messages in each direction.
constexpr std::size_t kMaxDone = 256;

bool well_formed(const HandshakeFragment& f) {
  return f.length <= HandshakeReassembler::kMaxMessageSize && f.fragment_length <= f.length &&
         f.fragment_offset <= f.length - f.fragment_length && f.body.size() == f.fragment_length;
}

}  // namespace

HandshakeReassembler::Outcome HandshakeReassembler::add(const HandshakeFragment& fragment,
                                                        Message& completed) {
  if (!well_formed(fragment))
    return Outcome::Refused;
  const auto done = std::find_if(done_.begin(), done_.end(), [&](const Done& d) {
    return d.message_seq == fragment.message_seq;
  });
  if (done != done_.end())
    return done->type == fragment.type && done->length == fragment.length ? Outcome::Duplicate
                                                                          : Outcome::Refused;
  auto partial = std::find_if(partials_.begin(), partials_.end(), [&](const Partial& p) {
    return p.message_seq == fragment.message_seq;
  });
  if (partial == partials_.end()) {
    // A fragment without content says nothing worth a place in the table.
    if (fragment.fragment_length == 0 && fragment.length > 0)
      return Outcome::Duplicate;
    if (!make_room(fragment.message_seq))
      return Outcome::Refused;
    partials_.push_back(
        {fragment.type, fragment.message_seq, fragment.length, {}, {}, fragment.length});
    partial = partials_.end() - 1;
  }
  if (partial->type != fragment.type || partial->length != fragment.length)
    return Outcome::Refused;
  const Outcome outcome = merge(*partial, fragment);
  if (outcome == Outcome::Refused || partial->missing > 0)
    return outcome;
  completed = {partial->type, partial->message_seq, std::move(partial->body)};
  if (done_.size() == kMaxDone)
    done_.erase(done_.begin());
  done_.push_back({partial->message_seq, partial->type, partial->length});
  partials_.erase(partial);
  return Outcome::Completed;
}

// The message that is due first must not be crowded out by ones that claim to come later.
bool HandshakeReassembler::make_room(std::uint16_t message_seq) {
  if (partials_.size() < kMaxMessages)
    return true;
  const auto last = std::max_element(
      partials_.begin(), partials_.end(),
      [](const Partial& a, const Partial& b) { return a.message_seq < b.message_seq; });
  if (last->message_seq < message_seq)
    return false;
  partials_.erase(last);
  return true;
}

HandshakeReassembler::Outcome HandshakeReassembler::merge(Partial& partial,
                                                          const HandshakeFragment& fragment) {
  const std::size_t from = fragment.fragment_offset;
  const std::size_t end = from + fragment.fragment_length;
  const std::size_t known = std::min(end, partial.body.size());
  for (std::size_t i = from; i < known; ++i)
    if (partial.have[i] && partial.body[i] != fragment.body[i - from])
      return Outcome::Refused;
  // Memory follows what was received, not what a header claims.
  if (end > partial.body.size()) {
    partial.body.resize(end);
    partial.have.resize(end);
  }
  const std::size_t missing_before = partial.missing;
  for (std::size_t i = from; i < end; ++i) {
    if (partial.have[i])
      continue;
    partial.have[i] = true;
    partial.body[i] = fragment.body[i - from];
    --partial.missing;
  }
  return partial.missing < missing_before ? Outcome::Stored : Outcome::Duplicate;
}

std::size_t HandshakeReassembler::memory() const {
  std::size_t total = partials_.capacity() * sizeof(Partial) + done_.capacity() * sizeof(Done);
  for (const Partial& p : partials_)
    total += p.body.capacity() + p.have.capacity() / 8;
  return total;
}

}  // namespace parley::dtls
