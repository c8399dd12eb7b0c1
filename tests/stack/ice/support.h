#pragma once

// An agent alone with a test that plays its peer: crafts and reads STUN with the project's codec.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stack/base/random.h"
#include "stack/ice/agent.h"
#include "stack/ice/messages.h"
#include "stack/stun/transaction.h"
#include "stack/trace/record.h"
#include "stack/wire/stun.h"

namespace parley::test {

using namespace std::chrono_literals;

// noexcept: constants are made of it; a wrong text ends the test program.
inline Endpoint endpoint(std::string_view text) noexcept {
  return *Endpoint::parse(text);
}
inline Instant at(Duration since_start) {
  return Instant(since_start);
}

template <class E>
std::vector<E> events(const trace::RecordList& records) {
  std::vector<E> found;
  for (const trace::Record& record : records.records())
    if (const E* event = std::get_if<E>(&record.event))
      found.push_back(*event);
  return found;
}

inline ice::Credentials credentials(std::string_view ufrag, std::string_view password) noexcept {
  return {std::string(ufrag), std::string(password)};
}
inline const ice::Credentials kOurs = credentials("ourU", "ourPasswordOurPassword1234");
inline const ice::Credentials kTheirs = credentials("peer", "peerPasswordPeerPassword12");

inline ice::Candidate host_candidate(std::string_view address, std::uint16_t preference = 65535) {
  return {trace::CandidateType::Host, endpoint(address), endpoint(address),
          ice::candidate_priority(126, preference), "1"};
}

struct Packet {
  Instant at;
  Endpoint local, remote;
  ByteBuffer bytes;
  stun::MessageView view() const { return *stun::MessageView::decode(bytes); }
};

// Drives one agent by hand.
class Lone {
 public:
  explicit Lone(const ice::AgentConfig& config = {}, std::uint64_t seed = 1)
      : random(seed, "ice"), agent(trace::ActorId(0), config, kOurs, random), out_(&records) {}

  SeededRandom random;
  trace::RecordList records;
  ice::Agent agent;
  std::vector<Packet> sent;
  Instant now{};
  const Endpoint base = endpoint("192.168.0.2:5000");

  void gather(const std::vector<Endpoint>& servers = {}) {
    agent.start_gathering(now, {base}, servers, out_);
    take();
  }
  void describe(const std::vector<ice::Candidate>& candidates = {}, bool end = false) {
    agent.set_remote(now, kTheirs, out_);
    take();
    for (const ice::Candidate& candidate : candidates)
      add(candidate);
    if (end)
      finish_candidates();
  }
  void add(const ice::Candidate& candidate) {
    agent.add_remote_candidate(now, candidate, out_);
    take();
  }
  void finish_candidates() {
    agent.set_remote_end_of_candidates(now, out_);
    take();
  }
  void close() {
    agent.close(now, out_);
    take();
  }
  void receive(const Endpoint& from, Bytes bytes) { receive(base, from, bytes); }
  void receive(const Endpoint& to, const Endpoint& from, Bytes bytes) {
    agent.on_datagram(now, {to, from, bytes}, out_);
    take();
  }
  void run_until(Instant end) {
    while (agent.next_deadline() <= end) {
      now = std::max(now, agent.next_deadline());
      agent.on_deadline(now, out_);
      take();
    }
    now = end;
  }

  // A good check of the peer's.
  struct Ask {
    trace::IceRole role = trace::IceRole::Controlled;
    std::uint64_t tie_breaker = 1;
    bool use_candidate = false;
    std::uint32_t priority = ice::candidate_priority(110, 65535);
  };
  stun::TransactionId check_from(const Endpoint& from, const Ask& ask) {
    ice::CheckRequest request;
    request.id = stun::make_transaction_id(random);
    request.priority = ask.priority;
    request.role = ask.role;
    request.tie_breaker = ask.tie_breaker;
    request.use_candidate = ask.use_candidate;
    receive(from, ice::encode_check(request, kTheirs, kOurs));
    return request.id;
  }
  // The peer's good answer to a request of the agent's.
  void answer(const Packet& request, std::optional<Endpoint> mapped = {}) {
    receive(request.local, request.remote,
            ice::encode_success(request.view().transaction_id(), mapped.value_or(request.local),
                                kTheirs));
  }
  void answer_error(const Packet& request, std::uint16_t code) {
    receive(request.local, request.remote,
            ice::encode_error(request.view().transaction_id(), code, {}, kTheirs));
  }
  // What the agent answered to a request of ours: 0 for success, nullopt for silence.
  std::optional<int> reply_to(const stun::TransactionId& id) const {
    for (const Packet& packet : sent) {
      const stun::MessageView view = packet.view();
      if (view.transaction_id() != id)
        continue;
      if (view.message_class() == stun::Class::Success)
        return 0;
      if (const auto error = view.error_code())
        return error->code;
    }
    return std::nullopt;
  }
  std::vector<Packet> requests() const {
    std::vector<Packet> found;
    for (const Packet& packet : sent)
      if (packet.view().message_class() == stun::Class::Request)
        found.push_back(packet);
    return found;
  }
  Packet last_request() const { return requests().back(); }

 private:
  void take() {
    out_.take_datagrams([&](const Datagram& d) {
      sent.push_back({now, d.local, d.remote, to_buffer(d.payload)});
    });
  }
  Outbox out_;
};

}  // namespace parley::test
