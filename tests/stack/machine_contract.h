#pragma once

// The contract of stack/machine.h as a typed test suite, the same for every engine:
//
//   struct AgentAtWork {                         // a fixture: one machine in a typical situation
//     Agent& machine();
//     void start(Instant now, Outbox& out);      // gives it work to do
//     Datagram datagram(Random& random);         // something that it might receive
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Agent, MachineContract, AgentAtWork);

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "stack/base/random.h"
#include "stack/base/time.h"
#include "stack/machine.h"

namespace parley::test {

// Bytes at random, sometimes with a beginning that passes for a protocol's.
inline ByteBuffer noise(Random& random) {
  ByteBuffer bytes(static_cast<std::size_t>(random.below(120)));
  random.fill(bytes);
  constexpr std::byte kStun[] = {std::byte{0x01}, std::byte{0x01}, std::byte{0},
                                 std::byte{0},    std::byte{0x21}, std::byte{0x12},
                                 std::byte{0xa4}, std::byte{0x42}};
  if (bytes.size() >= 20 && random.chance(0.5)) {
    std::copy(std::begin(kStun), std::end(kStun), bytes.begin());
    bytes[3] = static_cast<std::byte>((bytes.size() - 20) & 0xfcU);
  }
  return bytes;
}

template <class Fixture>
class MachineContract : public ::testing::Test {
 protected:
  using Output = std::vector<std::pair<Instant, ByteBuffer>>;

  static void take(Instant now, Outbox& out, Output& output) {
    out.take_datagrams([&](const Datagram& d) { output.emplace_back(now, to_buffer(d.payload)); });
  }
  // Serves up to `count` deadlines, each `late` after its time, with a datagram between them.
  static Output run(Fixture& fixture, int count, Duration late) {
    SeededRandom random(7, "contract");
    Outbox out;
    Output output;
    Instant now{std::chrono::seconds(1)};
    fixture.start(now, out);
    take(now, out, output);
    for (int i = 0; i < count; ++i) {
      const Instant deadline = fixture.machine().next_deadline();
      if (deadline == kNever)
        break;
      now = std::max(now, deadline + late);
      fixture.machine().on_deadline(now, out);
      EXPECT_GT(fixture.machine().next_deadline(), now) << "after deadline " << i;
      take(now, out, output);
      const Datagram datagram = fixture.datagram(random);
      fixture.machine().on_datagram(now, datagram, out);
      take(now, out, output);
    }
    return output;
  }
};
TYPED_TEST_SUITE_P(MachineContract);

TYPED_TEST_P(MachineContract, ServesADeadlineAndThenWantsALaterOne) {
  TypeParam fixture;
  (void)this->run(fixture, 300, Duration::zero());
}

TYPED_TEST_P(MachineContract, MayBeCalledLate) {
  TypeParam fixture;
  (void)this->run(fixture, 300, std::chrono::milliseconds(730));
}

TYPED_TEST_P(MachineContract, DoesNothingBeforeItsDeadline) {
  TypeParam fixture;
  Outbox out;
  Instant now{std::chrono::seconds(1)};
  fixture.start(now, out);
  for (int i = 0; i < 50; ++i) {
    const Instant deadline = fixture.machine().next_deadline();
    if (deadline == kNever)
      break;
    now = std::max(now, deadline - std::chrono::nanoseconds(1));
    out.take_datagrams([](const Datagram&) {});
    if (now < deadline) {
      fixture.machine().on_deadline(now, out);
      EXPECT_TRUE(out.empty()) << "early call " << i;
      EXPECT_EQ(fixture.machine().next_deadline(), deadline) << "early call " << i;
    }
    now = deadline;
    fixture.machine().on_deadline(now, out);
  }
}

TYPED_TEST_P(MachineContract, AnswersEqualInputsEqually) {
  TypeParam one, two;
  EXPECT_EQ(this->run(one, 200, Duration::zero()), this->run(two, 200, Duration::zero()));
}

TYPED_TEST_P(MachineContract, IsNotDisturbedByNoise) {
  TypeParam fixture;
  SeededRandom random(11, "noise");
  Outbox out;
  Instant now{std::chrono::seconds(1)};
  fixture.start(now, out);
  const Datagram typical = fixture.datagram(random);
  for (int i = 0; i < 2000; ++i) {
    const ByteBuffer bytes = noise(random);
    fixture.machine().on_datagram(now, {typical.local, typical.remote, bytes}, out);
    now += std::chrono::milliseconds(3);
    if (fixture.machine().next_deadline() <= now)
      fixture.machine().on_deadline(now, out);
    EXPECT_GT(fixture.machine().next_deadline(), now);
    out.take_datagrams([](const Datagram&) {});
  }
}

REGISTER_TYPED_TEST_SUITE_P(MachineContract, ServesADeadlineAndThenWantsALaterOne, MayBeCalledLate,
                            DoesNothingBeforeItsDeadline, AnswersEqualInputsEqually,
                            IsNotDisturbedByNoise);

}  // namespace parley::test
