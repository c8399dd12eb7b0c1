#pragma once

// What servers said about addresses: which outside address a socket has (XOR-MAPPED-ADDRESS of STUN
// and TURN servers) and which addresses are relayed ones (RFC 8656 XOR-RELAYED-ADDRESS). It judges
// no candidate.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "analyzer/pipeline.h"

namespace parley::analyzer {

class AddressBook {
 public:
  explicit AddressBook(Pipeline& pipeline);

  bool is_relayed(const Endpoint& address) const { return relayed_.count(address) > 0; }
  // A TURN server that granted an allocation has this address.
  bool is_turn_server(const IpAddress& address) const { return turn_servers_.count(address) > 0; }
  bool is_server(const Endpoint& address) const { return servers_.count(address) > 0; }
  // A client at that address asks a STUN or TURN server there.
  bool asks_servers(std::uint32_t point, const IpAddress& client) const {
    return clients_.count({point, client}) > 0;
  }
  // The outside addresses that servers saw for that socket, in order of appearance.
  const std::vector<Endpoint>* seen_by_servers(std::uint32_t point, const Endpoint& socket) const;
  // Some server saw some socket as this one.
  bool is_seen_by_server(const Endpoint& outside) const { return outside_.count(outside) > 0; }

 private:
  void add(std::uint32_t point, const Endpoint& socket, const Endpoint& outside);

  std::map<std::pair<std::uint32_t, Endpoint>, std::vector<Endpoint>> mapped_;
  std::set<Endpoint> outside_, relayed_, servers_;
  std::set<IpAddress> turn_servers_;
  std::set<std::pair<std::uint32_t, IpAddress>> clients_;
};

}  // namespace parley::analyzer
