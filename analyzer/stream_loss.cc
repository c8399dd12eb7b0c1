#include "analyzer/stream_loss.h"

#include <cmath>

namespace parley::analyzer {

namespace {

// Fewer numbers than that may still be under way.
constexpr std::int64_t kInFlight = 64;
// Longer than a stream that goes on is silent.
constexpr Duration kPause = std::chrono::milliseconds(500);

std::int64_t numbers_of(const RtpStream& s) {
  return s.highest_sequence - s.first_sequence;
}

// From the sender's first number to the receiver's. Each point extends them by the cycles that it
// saw itself (RFC 3550 appendix A.1): 16 bits of the distance are certain, how many cycles it has
// more follows from the time between and from how fast the numbers went.
std::int64_t first_apart(const RtpStream& sent, const RtpStream& arrived) {
  constexpr std::int64_t kCycle = 0x10000;
  const std::int64_t low =
      static_cast<std::int16_t>(static_cast<std::uint16_t>(arrived.first_sequence) -
                                static_cast<std::uint16_t>(sent.first_sequence));
  const RtpStream& longer = numbers_of(sent) > numbers_of(arrived) ? sent : arrived;
  const Duration lasted = longer.last.at - longer.first.at;
  if (lasted <= Duration::zero())
    return low;
  const double passed = static_cast<double>((arrived.first.at - sent.first.at).count()) /
                        static_cast<double>(lasted.count());
  const double expected = passed * static_cast<double>(numbers_of(longer));
  const double cycles =
      std::round((expected - static_cast<double>(low)) / static_cast<double>(kCycle));
  return low + static_cast<std::int64_t>(cycles) * kCycle;
}

// Numbers that were sent between two times in which nothing of the stream arrived: lost as far as
// the receiver was captured then.
void add_missing(std::int64_t numbers, Instant from, Instant to, const Extent& receiver,
                 StreamLoss& loss) {
  if (numbers < kInFlight || to <= from)
    return;
  const Duration captured = receiver.within(from, to);
  const double share =
      static_cast<double>(captured.count()) / static_cast<double>((to - from).count());
  const auto lost = static_cast<std::int64_t>(share * static_cast<double>(numbers));
  const bool in_part = captured < to - from;
  loss.inferred = loss.inferred || (in_part && captured > kPause);
  if (!in_part || lost >= kInFlight)
    loss.lost += static_cast<std::uint64_t>(lost);
}

}  // namespace

StreamLoss& StreamLoss::operator+=(const StreamLoss& other) {
  lost += other.lost;
  inferred = inferred || other.inferred;
  sent_in_part = sent_in_part || other.sent_in_part;
  arrived_in_part = arrived_in_part || other.arrived_in_part;
  return *this;
}

StreamLoss lost_between(const RtpStream& sent, const Extent& sender, const RtpStream& arrived,
                        const Extent& receiver) {
  const std::int64_t head = first_apart(sent, arrived);
  const std::int64_t tail = numbers_of(sent) - numbers_of(arrived) - head;
  // A capture may begin between a packet's way out and its arrival.
  const bool sender_whole =
      sender.covers(arrived.first.at, arrived.last.at) && head >= 0 && tail >= 0;
  const bool receiver_whole = receiver.covers(sent.first.at, sent.last.at);
  StreamLoss loss;
  loss.lost = arrived.lost();
  if (sender_whole && receiver_whole) {
    const std::uint64_t got = arrived.unique + arrived.uncaptured;
    if (head >= kInFlight || tail >= kInFlight)
      loss.lost = sent.unique > got ? sent.unique - got : 0;
    return loss;
  }
  add_missing(head, sent.first.at, arrived.first.at, receiver, loss);
  add_missing(tail, arrived.last.at, sent.last.at, receiver, loss);
  loss.arrived_in_part = !receiver_whole && (head > 0 || tail > 0);
  // Numbers that came before the sender's capture began, or after it ended.
  loss.sent_in_part = !sender_whole && (head < 0 || tail < 0);
  loss.inferred = loss.inferred || loss.sent_in_part;
  return loss;
}

}  // namespace parley::analyzer
