// Drives one ICE agent with packets, time and API calls that the input chooses. Packets are raw
// bytes, or good STUN of a peer that knows the passwords and lies about the rest: what an attacker
// on the call, not only beside it, can do. The agent's invariants have to hold after each call.

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "stack/base/random.h"
#include "stack/ice/agent.h"
#include "stack/ice/messages.h"
#include "stack/wire/stun.h"

namespace parley {
namespace {

void require(bool condition) {
  if (!condition)
    std::abort();
}

class Driver {
 public:
  explicit Driver(Bytes input) : input_(input), random_(1, "fuzz"), agent_(make()) {}

  void run() {
    while (input_.ok() && input_.remaining() > 0 && steps_++ < 500) {
      act(input_.u8("action") % 12);
      require(agent_.broken_invariant().empty());
      require(agent_.next_deadline() > now_ || agent_.next_deadline() == kNever);
      remember();
    }
  }

 private:
  ice::Agent make() {
    ice::AgentConfig config;
    const std::uint8_t bits = input_.u8("config");
    config.role = (bits & 1U) != 0 ? trace::IceRole::Controlled : trace::IceRole::Controlling;
    config.nomination =
        (bits & 2U) != 0 ? trace::Nomination::Aggressive : trace::Nomination::Regular;
    config.consent = (bits & 4U) == 0;
    config.max_pairs = (bits & 8U) != 0 ? 3 : 100;
    config.tie_breaker = 128;
    return {trace::ActorId(0), config, ours_, random_};
  }

  Endpoint peer() {
    return {IpAddress::v4(0x0a000001U + (input_.u8("address") & 3U)),
            static_cast<std::uint16_t>(input_.u8("port"))};
  }

  void act(unsigned action) {
    switch (action) {
      case 0:
        agent_.start_gathering(now_, {base_, other_}, {{IpAddress::v4(0x01020304U), 3478}}, out_);
        break;
      case 1:
        agent_.set_remote(now_, theirs_, out_);
        break;
      case 2: {
        const Endpoint address = peer();
        agent_.add_remote_candidate(
            now_,
            {trace::CandidateType::Host, address, address, input_.u16("priority") * 65536U, "f"},
            out_);
        break;
      }
      case 3:
        agent_.set_remote_end_of_candidates(now_, out_);
        break;
      case 4:
        raw();
        break;
      case 5:
      case 6:
        check();
        break;
      case 7:
      case 8:
        answer();
        break;
      case 9:
        wait(Duration(std::chrono::milliseconds(input_.u8("wait"))));
        break;
      case 10:
        wait(Duration(std::chrono::seconds(input_.u8("wait") & 63U)));
        break;
      default:
        if (input_.u8("close") == 0)
          agent_.close(now_, out_);
        else
          (void)agent_.take_local_candidates();
        break;
    }
  }

  void receive(const Endpoint& from, Bytes bytes) {
    agent_.on_datagram(now_, {base_, from, bytes}, out_);
  }
  void raw() {
    const Endpoint from = peer();
    const Bytes bytes =
        input_.bytes(std::min<std::size_t>(input_.remaining(), input_.u8("size")), "datagram");
    receive(from, bytes);
  }
  void check() {
    const Endpoint from = peer();
    const std::uint8_t bits = input_.u8("flags");
    ice::CheckRequest request;
    random_.fill(request.id);
    request.priority = input_.u8("priority");
    request.role = (bits & 1U) != 0 ? trace::IceRole::Controlled : trace::IceRole::Controlling;
    request.use_candidate = (bits & 2U) != 0;
    request.tie_breaker = bits;
    receive(from, ice::encode_check(request, theirs_, ours_));
  }
  // To one of the latest requests; sometimes an error, sometimes from another address.
  void answer() {
    const std::uint8_t which = input_.u8("which");
    const std::uint8_t bits = input_.u8("flags");
    if (requests_.empty())
      return;
    const auto& [id, to] = requests_[which % requests_.size()];
    const Endpoint from = (bits & 0x0fU) == 0 ? peer() : to;
    const Endpoint mapped = (bits & 0x10U) != 0 ? peer() : base_;
    const std::uint16_t code = (bits & 0x20U) != 0 ? 487 : 420;
    receive(from, (bits & 0xc0U) == 0xc0U ? ice::encode_error(id, code, {}, theirs_)
                                          : ice::encode_success(id, mapped, theirs_));
  }
  void wait(Duration duration) {
    const Instant end = now_ + duration;
    for (int i = 0; i < 64 && agent_.next_deadline() <= end; ++i) {
      now_ = std::max(now_, agent_.next_deadline());
      agent_.on_deadline(now_, out_);
      require(agent_.next_deadline() > now_);
      remember();
    }
    now_ = std::max(now_, end);
    agent_.on_deadline(now_, out_);
  }
  void remember() {
    out_.take_datagrams([&](const Datagram& d) {
      const auto message = stun::MessageView::decode(d.payload);
      require(message.has_value());
      if (message->message_class() != stun::Class::Request)
        return;
      if (requests_.size() >= 64)
        requests_.erase(requests_.begin());
      requests_.emplace_back(message->transaction_id(), d.remote);
    });
  }

  const Endpoint base_{IpAddress::v4(0xc0a80002U), 5000};
  const Endpoint other_{IpAddress::v4(0xc0a80003U), 5000};
  const ice::Credentials ours_{"ourU", "ourPasswordOurPassword1234"};
  const ice::Credentials theirs_{"peer", "peerPasswordPeerPassword12"};
  ByteReader input_;
  SeededRandom random_;
  ice::Agent agent_;
  Outbox out_;
  Instant now_{};
  int steps_ = 0;
  std::vector<std::pair<stun::TransactionId, Endpoint>> requests_;
};

}  // namespace
}  // namespace parley

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  parley::Driver(std::as_bytes(std::span(data, size))).run();
  return 0;
}
