#pragma once

// Hosts in a world of a few nodes: what an application hears, and where packets end.

#include <memory>
#include <string>
#include <vector>

#include "sim/host.h"
#include "sim/world.h"
#include "stack/trace/record.h"

namespace parley::sim {

inline Endpoint ep(std::string_view text) noexcept {
  return *Endpoint::parse(text);
}
inline IpAddress ip(std::string_view text) noexcept {
  return *IpAddress::parse(text);
}

class Listener final : public Application {
 public:
  void on_datagram(Instant now, const Datagram& datagram, Outbox& /*out*/) override {
    heard.emplace_back(as_text(datagram.payload));
    at.push_back(now);
  }
  void on_deadline(Instant /*now*/, Outbox& /*out*/) override {}
  Instant next_deadline() const override { return kNever; }
  std::vector<std::string> heard;
  std::vector<Instant> at;
};

struct SmallHost {
  Host* host = nullptr;
  Listener* listener = nullptr;
  Endpoint socket;
  void send(World& world, const Endpoint& to, Bytes payload) const {
    host->call(world, [&](Instant /*now*/, Outbox& out) { out.send(socket, to, payload); });
  }
};

// The next node of `world`, with one socket.
inline SmallHost add_host(World& world, std::uint32_t id, std::string_view socket) {
  SmallHost made;
  made.socket = ep(socket);
  auto host =
      std::make_unique<Host>(NodeId{id}, "host-" + std::to_string(id),
                             std::vector<IpAddress>{made.socket.address}, kNoPoint, world.sink());
  auto listener = std::make_unique<Listener>();
  made.listener = listener.get();
  host->install(std::move(listener), {made.socket});
  made.host = host.get();
  world.add(std::move(host));
  return made;
}

inline std::vector<trace::PacketDropped> drops(const trace::RecordList& records) {
  std::vector<trace::PacketDropped> found;
  for (const trace::Record& record : records.records())
    if (const auto* dropped = std::get_if<trace::PacketDropped>(&record.event))
      found.push_back(*dropped);
  return found;
}

}  // namespace parley::sim
