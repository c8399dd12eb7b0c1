#include "analyzer/model/from_trace.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "analyzer/diagnose/diagnose.h"
#include "analyzer/model/trace_folder.h"

namespace parley::analyzer {
namespace {

constexpr std::size_t kMaxTimeline = 400;

}  // namespace

Side TraceFolder::side_of_first_controlling() const {
  for (const trace::Record& record : *run_.records)
    if (const auto* role = std::get_if<trace::IceRoleChanged>(&record.event))
      for (const Side side : {Side::A, Side::B})
        if (record.actor == run_.peers[index_of(side)].actor)
          return role->role == trace::IceRole::Controlling ? side : other(side);
  return Side::A;
}

std::optional<Side> TraceFolder::side_of(trace::ActorId actor) const {
  for (const Side side : {Side::A, Side::B})
    if (actors_[index_of(side)] == actor)
      return side;
  return std::nullopt;
}

std::string TraceFolder::node_name(trace::ActorId actor) const {
  return actor.value() < run_.nodes.size() ? run_.nodes[actor.value()] : std::string("?");
}

void TraceFolder::note(const trace::Record& record, std::optional<Side> side,
                       std::string_view layer, std::string what) {
  if (timeline_.size() < kMaxTimeline)
    timeline_.push_back({record.at, std::nullopt, side, std::string(layer),
                         node_name(record.actor) + " " + std::move(what)});
}

StunServerUse& TraceFolder::server_use(Side side, const Endpoint& local, const Endpoint& server) {
  for (StunServerUse& use : call_.stun_servers)
    if (use.of == side && use.client == local && use.server == server)
      return use;
  StunServerUse use;
  use.of = side;
  use.client = local;
  use.server = server;
  call_.stun_servers.push_back(std::move(use));
  return call_.stun_servers.back();
}

void TraceFolder::at_peer(const trace::Record& record, Side side,
                          const trace::SignalingSent& event) {
  if (event.kind == "offer" || event.kind == "answer")
    note(record, side, "signaling", "sends the " + event.kind);
}

void TraceFolder::at_peer(const trace::Record& record, Side side,
                          const trace::StunServerAnswered& event) {
  StunServerUse& use = server_use(side, event.local, event.server);
  ++use.requests;
  ++use.responses;
  if (std::find(use.mapped.begin(), use.mapped.end(), event.mapped) == use.mapped.end())
    use.mapped.push_back(event.mapped);
  const double rtt = to_seconds(event.rtt) * 1000;
  if (!use.rtt)
    use.rtt = RttSummary{rtt, rtt, rtt};
  use.rtt->min = std::min(use.rtt->min, rtt);
  use.rtt->max = std::max(use.rtt->max, rtt);
  if (!use.first_at)
    use.first_at = record.at - event.rtt;
  if (!use.first_response_at)
    use.first_response_at = record.at;
  use.last_at = record.at;
}

void TraceFolder::at_peer(const trace::Record& record, Side side,
                          const trace::StunServerSilent& event) {
  StunServerUse& use = server_use(side, event.local, event.server);
  use.requests += 7;  // RFC 8489 6.2.1: Rc transmissions before it gives up
  use.last_at = record.at;
  if (!use.first_at)
    use.first_at = record.at;
  note(record, side, "stun", "gives up the STUN server " + to_string(event.server));
}

void TraceFolder::in_network(const trace::Record& record, const trace::NatMapping& event) {
  if (event.what == "refreshed")
    return;
  note(record, std::nullopt, "nat",
       event.what == "created"
           ? fmt::format("maps {} to {} for {}", to_string(event.inside), to_string(event.outside),
                         to_string(event.remote))
           : fmt::format("{} mapping of {}", event.what, to_string(event.inside)));
}

void TraceFolder::in_network(const trace::Record& record, const trace::NatPermission& event) {
  note(record, std::nullopt, "nat",
       fmt::format("lets {} out to {}: it may now come in", to_string(event.inside),
                   to_string(event.remote)));
}

void TraceFolder::in_network(const trace::Record& record, const trace::NatAdmitted& event) {
  note(record, std::nullopt, "nat",
       fmt::format("lets {} in to {}: opened {:.0f} ms earlier", to_string(event.remote),
                   to_string(event.inside), to_seconds(event.open_for) * 1000));
}

void TraceFolder::in_network(const trace::Record& record, const trace::PacketDropped& event) {
  const std::string place = event.place.empty() ? node_name(record.actor) : event.place;
  // The first packet that ends at a place for a reason is news; the later ones are not.
  if (++drops_[place + " " + event.reason + " " + to_string(event.destination)] == 1)
    note(record, std::nullopt, "network",
         fmt::format("drops a packet of {} to {}: {}{}", to_string(event.source),
                     to_string(event.destination), event.reason,
                     event.place.empty() ? "" : " on " + event.place));
}

Call TraceFolder::fold() {
  call_.from_run = true;
  call_.transports.push_back({});
  transport().dtls.retransmissions = 0;
  const Side first = side_of_first_controlling();
  for (const Side side : {Side::A, Side::B}) {
    const RunPeer& who = run_.peers[index_of(first == Side::A ? side : other(side))];
    actors_[index_of(side)] = who.actor;
    peer(side).name = who.name;
    peer(side).ice_lite = false;
    peer(side).nat = who.nat;
  }
  if (!run_.records->empty()) {
    call_.first_at = run_.records->front().at;
    call_.last_at = run_.records->back().at;
  }
  for (const trace::Record& record : *run_.records) {
    const std::optional<Side> side = side_of(record.actor);
    std::visit(
        [&](const auto& event) {
          if (side)
            at_peer(record, *side, event);
          in_network(record, event);
        },
        record.event);
  }
  finish_pairs();
  finish_dtls();
  diagnose(call_, {}, Instant{});
  call_.timeline = std::move(timeline_);
  return std::move(call_);
}

Call call_from_trace(const RunTrace& run) {
  return TraceFolder(run).fold();
}

}  // namespace parley::analyzer
