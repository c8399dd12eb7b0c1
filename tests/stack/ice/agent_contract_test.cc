#include "tests/stack/ice/support.h"
#include "tests/stack/machine_contract.h"

namespace parley::test {
namespace {

const Endpoint kBase = endpoint("192.168.0.2:5000");
const Endpoint kPeer = endpoint("192.168.0.9:6000");

// An agent that gathers and checks two candidates while its peer asks this and that.
template <trace::IceRole kRole>
struct AgentAtWork {
  SeededRandom random{1, "agent"};
  ice::Agent agent = make();
  ByteBuffer bytes;

  ice::Agent make() {
    ice::AgentConfig config;
    config.role = kRole;
    return {trace::ActorId(0), config, kOurs, random};
  }
  ice::Agent& machine() { return agent; }
  void start(Instant now, Outbox& out) {
    agent.start_gathering(now, {kBase}, {endpoint("203.0.113.10:3478")}, out);
    agent.set_remote(now, kTheirs, out);
    agent.add_remote_candidate(now, host_candidate("192.168.0.9:6000"), out);
    agent.add_remote_candidate(now, host_candidate("192.168.0.9:6001", 9), out);
  }
  Datagram datagram(Random& source) {
    ice::CheckRequest check;
    check.id = stun::make_transaction_id(source);
    check.role = source.chance(0.9) ? trace::IceRole::Controlled : trace::IceRole::Controlling;
    check.tie_breaker = source.next_u64();
    check.use_candidate = source.chance(0.2);
    check.priority = 5;
    bytes = ice::encode_check(check, kTheirs, source.chance(0.9) ? kOurs : kTheirs);
    return {kBase, kPeer, bytes};
  }
};

using Agents = ::testing::Types<AgentAtWork<trace::IceRole::Controlling>,
                                AgentAtWork<trace::IceRole::Controlled>>;
INSTANTIATE_TYPED_TEST_SUITE_P(IceAgent, MachineContract, Agents);

}  // namespace
}  // namespace parley::test
