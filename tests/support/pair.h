#pragma once

// Two machines and the network between them in virtual time: delay, jitter (and so reordering),
// loss, duplication, and a hook that can translate, drop or answer what passes, as a NAT or a
// server would. Same seed, same run. What happened is kept for the test to look at.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stack/base/random.h"
#include "stack/base/time.h"
#include "stack/machine.h"
#include "stack/trace/record.h"
#include "tests/support/pair_capture.h"

namespace parley::test {

struct LinkConfig {
  Duration delay = std::chrono::milliseconds(20);  // one way
  Duration jitter{};                               // uniform, on top of it
  double loss = 0;
  double duplication = 0;
  std::uint64_t seed = 1;
};

// One datagram on its way, with the addresses that its sender used.
struct Passing {
  bool from_first = true;
  Endpoint source, destination;
  ByteBuffer payload;
};

// One that a machine sent, and whether the network delivered it.
struct Sent {
  Instant at;
  Passing datagram;
  bool delivered = false;
};

template <Machine A, Machine B>
class Pair {
 public:
  Pair(A& first, B& second, const LinkConfig& link)
      : first_(first),
        second_(second),
        link_(link),
        random_(link.seed, "link"),
        first_out_(&first_records),
        second_out_(&second_records) {}

  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  // Leaves a capture of what was sent when PARLEY_CAPTURE asks for it.
  ~Pair() {
    const char* directory = std::getenv("PARLEY_CAPTURE");
    if (directory == nullptr)
      return;
    PairCapture capture;
    for (const Sent& s : sent)
      capture.add(s.at, s.datagram.source, s.datagram.destination, s.datagram.payload, s.delivered);
    capture.write(directory);
  }

  trace::RecordList first_records, second_records;
  std::vector<Sent> sent;
  // Changes what arrives (source and destination as the receiver sees them), or drops it by
  // answering false. Called when the datagram leaves.
  std::function<bool(Instant, Passing&)> on_path;

  Instant now() const { return now_; }

  // Runs a call on a machine at the present time and takes what it sends.
  template <class F>
  void on_first(F&& call) {
    call(first_, now_, first_out_);
    collect(true);
  }
  template <class F>
  void on_second(F&& call) {
    call(second_, now_, second_out_);
    collect(false);
  }
  // Brings a datagram of nobody's to a machine after the link's delay.
  void inject(Passing datagram) { schedule(std::move(datagram)); }

  // Calls `action` at that time, between whatever else happens then.
  void at(Instant when, std::function<void()> action) {
    events_.emplace(std::pair(std::max(when, now_), ++sequence_), std::move(action));
  }

  void run_until(Instant end) {
    while (step(end)) {
    }
    now_ = std::max(now_, end);
  }
  // Until `done()` or the end; whether it was done.
  template <class F>
  bool run_until(Instant end, F&& done) {
    while (!done())
      if (!step(end))
        return false;
    return true;
  }

 private:
  bool step(Instant end) {
    const Instant event = events_.empty() ? kNever : events_.begin()->first.first;
    const Instant first = first_.next_deadline();
    const Instant second = second_.next_deadline();
    const Instant next = std::min({event, first, second});
    if (next == kNever || next > end)
      return false;
    now_ = std::max(now_, next);
    if (event == next) {
      auto action = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      action();
    } else if (first == next) {
      first_.on_deadline(now_, first_out_);
      collect(true);
    } else {
      second_.on_deadline(now_, second_out_);
      collect(false);
    }
    return true;
  }

  void collect(bool from_first) {
    Outbox& out = from_first ? first_out_ : second_out_;
    out.take_datagrams([&](const Datagram& d) {
      Passing passing{from_first, d.local, d.remote, to_buffer(d.payload)};
      sent.push_back({now_, passing, false});
      if (random_.chance(link_.loss) || (on_path && !on_path(now_, passing)))
        return;
      sent.back().delivered = true;
      const bool twice = random_.chance(link_.duplication);
      if (twice)
        schedule(passing);
      schedule(std::move(passing));
    });
  }

  void schedule(Passing passing) {
    Duration delay = link_.delay;
    if (link_.jitter > Duration::zero())
      delay += Duration(static_cast<Duration::rep>(
          random_.below(static_cast<std::uint64_t>(link_.jitter.count()))));
    at(now_ + delay, [this, passing = std::move(passing)] {
      const Datagram arrived{passing.destination, passing.source, passing.payload};
      if (passing.from_first) {
        second_.on_datagram(now_, arrived, second_out_);
        collect(false);
      } else {
        first_.on_datagram(now_, arrived, first_out_);
        collect(true);
      }
    });
  }

  A& first_;
  B& second_;
  LinkConfig link_;
  SeededRandom random_;
  Outbox first_out_, second_out_;
  Instant now_{};
  std::uint64_t sequence_ = 0;
  std::map<std::pair<Instant, std::uint64_t>, std::function<void()>> events_;
};

}  // namespace parley::test
