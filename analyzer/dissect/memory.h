#pragma once

// What the dissector of a packet has to know about earlier ones: fragments of handshake messages
// that later datagrams complete, and the credential of each request for its response. Bounded: the
// flow or request that was not used for longest gives way.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "stack/base/address.h"
#include "stack/wire/dtls.h"
#include "stack/wire/stun.h"

namespace parley::analyzer {

class DissectMemory {
 public:
  static constexpr std::size_t kMaxFlows = 64;
  static constexpr std::size_t kMaxPackets = 64;  // that one message is said to come from
  static constexpr std::size_t kMaxRequests = 1024;

  struct Handshake {
    dtls::HandshakeReassembler::Message message;
    std::vector<std::uint64_t> packets;  // the numbers of those that held its fragments
  };
  struct Credential {
    std::string username, realm;
  };

  // Names the packet that is dissected next.
  void begin(std::uint64_t packet, const Endpoint& source, const Endpoint& destination);
  // `within`: the channel or peer of TURN that carries the datagram. Answers the message that the
  // fragment completes.
  std::optional<Handshake> add(const std::string& within, const dtls::HandshakeFragment& fragment);
  void remember(const stun::TransactionId& id, Credential credential);
  const Credential* credential(const stun::TransactionId& id) const;

 private:
  struct Pieces {
    std::uint16_t message_seq = 0;
    std::vector<std::uint64_t> packets;
  };
  struct Flow {
    Endpoint source, destination;
    std::string within;
    dtls::HandshakeReassembler reassembler;
    std::vector<Pieces> pieces;  // of messages that are not complete
  };
  struct Request {
    stun::TransactionId id{};
    Credential credential;
  };

  Flow& flow(const std::string& within);
  static Pieces& pieces_of(Flow& flow, std::uint16_t message_seq);

  std::uint64_t packet_ = 0;
  Endpoint source_, destination_;
  std::deque<Flow> flows_;        // the least recently used first
  std::deque<Request> requests_;  // the oldest first
};

}  // namespace parley::analyzer
