#include "analyzer/dissect/memory.h"

#include <algorithm>

namespace parley::analyzer {

void DissectMemory::begin(std::uint64_t packet, const Endpoint& source,
                          const Endpoint& destination) {
  packet_ = packet;
  source_ = source;
  destination_ = destination;
}

DissectMemory::Flow& DissectMemory::flow(const std::string& within) {
  const auto found = std::find_if(flows_.begin(), flows_.end(), [&](const Flow& f) {
    return f.source == source_ && f.destination == destination_ && f.within == within;
  });
  if (found != flows_.end()) {
    Flow used = std::move(*found);
    flows_.erase(found);
    return flows_.emplace_back(std::move(used));
  }
  if (flows_.size() == kMaxFlows)
    flows_.pop_front();
  return flows_.emplace_back(Flow{source_, destination_, within, {}, {}});
}

DissectMemory::Pieces& DissectMemory::pieces_of(Flow& flow, std::uint16_t message_seq) {
  const auto found = std::find_if(flow.pieces.begin(), flow.pieces.end(),
                                  [&](const Pieces& p) { return p.message_seq == message_seq; });
  if (found != flow.pieces.end())
    return *found;
  // The reassembler keeps no more messages open either.
  if (flow.pieces.size() == dtls::HandshakeReassembler::kMaxMessages)
    flow.pieces.erase(flow.pieces.begin());
  return flow.pieces.emplace_back(Pieces{message_seq, {}});
}

std::optional<DissectMemory::Handshake> DissectMemory::add(
    const std::string& within, const dtls::HandshakeFragment& fragment) {
  using Outcome = dtls::HandshakeReassembler::Outcome;
  if (fragment.body.size() != fragment.fragment_length)
    return std::nullopt;
  Flow& used = flow(within);
  Handshake whole;
  Outcome outcome = used.reassembler.add(fragment, whole.message);
  if (outcome == Outcome::Refused) {
    // Another message of the same number: the endpoints have begun a new handshake.
    used.reassembler = {};
    used.pieces.clear();
    outcome = used.reassembler.add(fragment, whole.message);
  }
  if (outcome != Outcome::Stored && outcome != Outcome::Completed)
    return std::nullopt;
  Pieces& pieces = pieces_of(used, fragment.message_seq);
  const bool listed = !pieces.packets.empty() && pieces.packets.back() == packet_;
  if (!listed && pieces.packets.size() < kMaxPackets)
    pieces.packets.push_back(packet_);
  if (outcome == Outcome::Stored)
    return std::nullopt;
  whole.packets = std::move(pieces.packets);
  std::erase_if(used.pieces,
                [&](const Pieces& p) { return p.message_seq == fragment.message_seq; });
  return whole;
}

void DissectMemory::remember(const stun::TransactionId& id, Credential credential) {
  if (this->credential(id) != nullptr)
    return;
  if (requests_.size() == kMaxRequests)
    requests_.pop_front();
  requests_.push_back({id, std::move(credential)});
}

const DissectMemory::Credential* DissectMemory::credential(const stun::TransactionId& id) const {
  const auto found = std::find_if(requests_.rbegin(), requests_.rend(),
                                  [&](const Request& r) { return r.id == id; });
  return found == requests_.rend() ? nullptr : &found->credential;
}

}  // namespace parley::analyzer
