#include "stack/srtp/packet_index.h"

namespace parley::srtp {
namespace {

constexpr std::uint64_t kHalf = 64;

}  // namespace

bool ReplayWindow::bit(std::uint64_t behind) const {
  return ((received_[behind / kHalf] >> (behind % kHalf)) & 1U) != 0;
}

void ReplayWindow::shift(std::uint64_t count) {
  if (count >= kWidth) {
    received_ = {};
  } else if (count >= kHalf) {
    received_ = {0, received_[0] << (count - kHalf)};
  } else if (count > 0) {
    received_[1] = (received_[1] << count) | (received_[0] >> (kHalf - count));
    received_[0] <<= count;
  }
}

ReplayWindow::Place ReplayWindow::place(std::uint64_t index) const {
  if (empty_ || index > highest_)
    return Place::New;
  const std::uint64_t behind = highest_ - index;
  if (behind >= kWidth)
    return Place::TooOld;
  return bit(behind) ? Place::Repeated : Place::New;
}

void ReplayWindow::receive(std::uint64_t index) {
  if (empty_ || index > highest_) {
    shift(empty_ ? kWidth : index - highest_);
    highest_ = index;
    empty_ = false;
  }
  const std::uint64_t behind = highest_ - index;
  if (behind < kWidth)
    received_[behind / kHalf] |= std::uint64_t{1} << (behind % kHalf);
}

}  // namespace parley::srtp
