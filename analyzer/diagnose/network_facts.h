#pragma once

// What the packets say of the network between the peers: which ports a NAT gave to whom, at which
// capture point checks were seen last, whose traffic with servers passes a capture point. Sentences
// for findings, each of them certain, and the questions that the rules ask about them.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/diagnose/rules.h"
#include "analyzer/model/model.h"

namespace parley::analyzer {

// Several capture points show packets of the call.
bool several_points(const Story& story);
// The capture point that lies nearest to a side: the one where its checks are counted.
std::optional<PointId> home_of(const Call& call, Side side);
// "natA-wan", or "this point" where there is but one.
std::string place_name(const Story& story, PointId point);

// The servers see `side` at the address that it has in the capture: no NAT of it is behind that
// point.
bool seen_outside_nat(const Call& call, Side side);

// Its direct checks come from public addresses: as they are behind its NAT, if it has one.
bool sends_from_public(const Call& call, Side side);

// The NAT of `side` gave one socket different ports towards different destinations.
bool changes_port(const Call& call, Side side);
// Addresses that checks of `side` leave from outside of its NAT, and that no check of the other
// side goes to, although they go to another port of the same host.
std::vector<Endpoint> untold_sources(const Call& call, Side side);
// "A's NAT gives 10.1.0.2:36615 another port for each destination: :60156 to ...".
void add_mapping_facts(const Story& story, Side side, Finding& finding);
void add_untold_port_fact(const Story& story, Side side, Finding& finding);

// Both peers have one public address: a server told `side` its own, and `pair` is a check of it
// that goes to another port of the same address. Nothing that it checks has another public address,
// and nothing of the other side gets to it that way.
struct SharedAddress {
  Endpoint own;
  PacketRef told_by;
  const Pair* pair = nullptr;
};
std::optional<SharedAddress> shared_address(const Call& call, Side side);
// Of both sides where both show it.
void add_shared_address_facts(const Story& story, Finding& finding);
// The capture point that direct checks of both sides enter and do not leave; nullopt where they end
// at different ones, or some get on.
std::optional<PointId> both_end_at(const Call& call);

// The pair with the one address that `side` checked, if it is where the other side's checks come
// from and `side` sent none before the first of them came; nullptr otherwise. Not on one local
// network, where the first check may well come before the candidate does.
const Pair* only_reflexive(const Transport& transport, Side side);

// Where the unanswered checks of `side` were seen last: one sentence for each pair.
void add_end_facts(const Story& story, Side side, Finding& finding);
// All of them ended before the point that lies nearest to the other side.
bool ends_before_peer(const Call& call, Side side);

// A way between two capture points that packets of `from` enter and do not leave.
struct BrokenWay {
  Side from = Side::A;
  PointId seen = 0, missing = 0;
};
// The last packet that came out of it, where packets of its sender are seen to go in long after it;
// nullptr where some still come out, or where that is not known.
const SeenPacket* last_through(const Transport& transport, const BrokenWay& way,
                               const Pair& selected);
// Where the packets end that would have told `side` that its selected pair still works.
std::optional<BrokenWay> broken_way(const Call& call, const Transport& transport, Side side,
                                    const Pair& selected);

}  // namespace parley::analyzer
