#pragma once

// Where a packet stands in its stream: the 48-bit index that RTP's 16-bit sequence number only
// shows the end of (RFC 3711 section 3.3.1), and which indices were already there (section 3.3.2).

#include <array>
#include <cstdint>

namespace parley::srtp {

// index = 2^16 * ROC + SEQ
inline constexpr unsigned kSequenceBits = 16;
inline constexpr std::uint64_t kIndexLimit = std::uint64_t{1} << 48U;

constexpr std::uint32_t roc_of(std::uint64_t index) {
  return static_cast<std::uint32_t>(index >> kSequenceBits);
}
constexpr std::uint64_t index_of(std::uint32_t roc, std::uint16_t sequence) {
  return (std::uint64_t{roc} << kSequenceBits) | sequence;
}

// The ROC of a packet with `sequence` in a stream whose highest authenticated index so far is
// `highest`: RFC 3711 appendix A. Where the appendix answers ROC - 1 and ROC is 0, the answer is 0:
// nothing can have been sent before the first packet, but a gap can be longer than half a turn.
constexpr std::uint32_t estimate_roc(std::uint64_t highest, std::uint16_t sequence) {
  constexpr std::int32_t kHalfTurn = 0x8000;
  const std::uint32_t roc = roc_of(highest);
  const auto last = static_cast<std::int32_t>(highest & 0xffffU);
  const std::int32_t seq = sequence;
  if (last < kHalfTurn)
    return seq - last > kHalfTurn && roc > 0 ? roc - 1 : roc;
  return last - kHalfTurn > seq ? roc + 1 : roc;
}

// The indices that were received, as far back as kWidth from the highest.
class ReplayWindow {
 public:
  // At least 64 is required (RFC 3711 section 3.3.2).
  static constexpr std::uint64_t kWidth = 128;

  enum class Place : std::uint8_t {
    New,
    Repeated,  // this index was received before
    TooOld     // so far behind that it is not known whether it was
  };
  Place place(std::uint64_t index) const;
  // Only for packets that were authenticated.
  void receive(std::uint64_t index);

  bool empty() const { return empty_; }
  std::uint64_t highest() const { return highest_; }

 private:
  bool bit(std::uint64_t behind) const;
  void shift(std::uint64_t count);

  bool empty_ = true;
  std::uint64_t highest_ = 0;
  // Bit n: highest_ - n was received; the low half first.
  std::array<std::uint64_t, 2> received_{};
};

}  // namespace parley::srtp
