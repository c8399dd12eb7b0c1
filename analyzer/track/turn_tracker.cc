#include "analyzer/track/turn_tracker.h"

#include <algorithm>

namespace parley::analyzer {

namespace {

constexpr std::size_t kMaxPeersOfRequest = 16;

// All XOR-PEER-ADDRESS attributes: CreatePermission may carry several (RFC 8656 section 9.1).
std::vector<Endpoint> peers_of(const stun::MessageView& message) {
  std::vector<Endpoint> peers;
  for (const stun::AttributeView& attribute : message.attributes()) {
    if (!attribute.is(stun::Attribute::XorPeerAddress) || message.is_ignored(attribute))
      continue;
    if (const auto peer = stun::decode_address(attribute, message.transaction_id());
        peer && peers.size() < kMaxPeersOfRequest)
      peers.push_back(*peer);
  }
  return peers;
}

// Whole, or cut behind the header of what it may be: a STUN header is the longest.
bool can_be_read(const Relayed& relayed) {
  return relayed.data.size() >= std::min(relayed.wire_size, stun::kHeaderSize);
}

// RFC 8489 section 9.2.3: user name and integrity come together. The integrity of a cut message
// may stand behind the cut.
bool carries_credentials(const stun::MessageView& message) {
  return message.has(stun::Attribute::MessageIntegrity) ||
         message.has(stun::Attribute::MessageIntegritySha256) ||
         (message.is_cut() &&
          (message.has(stun::Attribute::Username) || message.has(stun::Attribute::Userhash)));
}

void add_permission(AllocationSeen& a, const IpAddress& address) {
  if (a.permissions.size() < TurnTracker::kMaxPermissions &&
      std::find(a.permissions.begin(), a.permissions.end(), address) == a.permissions.end())
    a.permissions.push_back(address);
}

}  // namespace

ChannelUse* AllocationSeen::channel(std::uint16_t number) {
  const auto it = std::find_if(channels.begin(), channels.end(),
                               [&](const ChannelUse& c) { return c.number == number; });
  return it == channels.end() ? nullptr : &*it;
}

bool TurnTracker::is_turn(stun::Method method) {
  switch (method) {
    case stun::Method::Allocate:
    case stun::Method::Refresh:
    case stun::Method::Send:
    case stun::Method::Data:
    case stun::Method::CreatePermission:
    case stun::Method::ChannelBind:
    case stun::Method::Connect:
    case stun::Method::ConnectionBind:
    case stun::Method::ConnectionAttempt:
      return true;
    case stun::Method::Binding:
    case stun::Method::SharedSecret:
    case stun::Method::GoogPing:
      return false;
  }
  return false;
}

AllocationSeen& TurnTracker::add(FlowRecord& flow, FlowId id, Direction to_server) {
  flow.turn = static_cast<std::uint32_t>(allocations_.size());
  allocations_.emplace_back();
  open_.emplace_back();
  sets_.grow(allocations_.size());
  allocations_.back().flow = id;
  allocations_.back().to_server = to_server;
  return allocations_.back();
}

void TurnTracker::adopt(FlowRecord& flow, FlowId id, Direction to_server) {
  if (allocations_.size() < kMaxAllocations)
    add(flow, id, to_server).assumed_ends = true;
}

AllocationSeen* TurnTracker::allocation(FlowRecord& flow, FlowId id, Direction direction,
                                        const stun::MessageView& message) {
  if (flow.turn == kNone && allocations_.size() >= kMaxAllocations)
    return nullptr;
  const stun::Class c = message.message_class();
  const bool by_client = c == stun::Class::Request || message.method() == stun::Method::Send;
  const Direction to_server = by_client ? direction : reverse(direction);
  if (flow.turn == kNone)
    return &add(flow, id, to_server);
  AllocationSeen& known = allocations_[flow.turn];
  if (known.to_server == to_server)
    known.assumed_ends = false;
  return &known;
}

std::optional<Relayed> TurnTracker::on_indication(AllocationSeen& a, Direction direction,
                                                  const stun::MessageView& message) {
  const auto peer = message.xor_peer_address();
  const bool to_peer = direction == a.to_server;
  std::optional<Relayed> relayed;
  const auto& cut = message.cut_attribute();
  if (const auto data = message.data(); data && peer)
    relayed = Relayed{*peer, to_peer, *data, data->size()};
  else if (peer && cut && cut->type == static_cast<std::uint16_t>(stun::Attribute::Data))
    relayed = Relayed{*peer, to_peer, cut->value, cut->size};
  const bool readable = relayed && can_be_read(*relayed);
  if (message.is_cut() && !readable)
    ++a.unread_packets[to_peer ? 0 : 1];
  if (relayed)
    ++a.relayed_packets[to_peer ? 0 : 1];
  return relayed;
}

std::optional<Relayed> TurnTracker::on_message(FlowRecord& flow, FlowId id, Direction direction,
                                               const stun::MessageView& message,
                                               const Packet& packet) {
  AllocationSeen* a = allocation(flow, id, direction, message);
  if (a == nullptr)
    return std::nullopt;
  const Sighting now{packet.ref, packet.at};
  if (!a->first)
    a->first = now;
  a->last = now;
  a->cut += message.is_cut() ? 1 : 0;
  if (message.message_class() == stun::Class::Request) {
    on_request(*a, flow.turn, message, packet);
    return std::nullopt;
  }
  if (message.message_class() == stun::Class::Indication)
    return on_indication(*a, direction, message);
  if (const auto software = message.text(stun::Attribute::Software);
      software && a->software.empty())
    a->software = printable(*software);
  std::vector<OpenRequest>& open = open_[flow.turn];
  const auto request = std::find_if(open.begin(), open.end(), [&](const OpenRequest& r) {
    return r.id == message.transaction_id();
  });
  if (request == open.end()) {
    on_unasked(*a, message, packet);
    return std::nullopt;
  }
  request->answered = true;
  ++a->responses;
  if (message.message_class() == stun::Class::Success)
    on_success(*a, *request, message, packet);
  else
    on_error(*a, *request, message, packet);
  return std::nullopt;
}

void TurnTracker::on_request(AllocationSeen& a, std::uint32_t index,
                             const stun::MessageView& message, const Packet& packet) {
  ++a.requests;
  if (message.method() == stun::Method::Allocate)
    ++a.allocates;
  if (!a.knows_nonce && message.has(stun::Attribute::Nonce))
    a.knows_nonce = Sighting{packet.ref, packet.at};
  const stun::TransactionId id = message.transaction_id();
  if (ids_.size() < kMaxIds) {
    const auto [it, added] = ids_.try_emplace(id, index);
    if (!added)
      sets_.join(it->second, index);
  }
  std::vector<OpenRequest>& open = open_[index];
  a.most_repeated = std::max<std::uint64_t>(a.most_repeated, 1);
  if (const auto known =
          std::find_if(open.begin(), open.end(), [&](const OpenRequest& r) { return r.id == id; });
      known != open.end()) {
    a.most_repeated = std::max(a.most_repeated, ++known->times);
    return;
  }
  if (open.size() >= kMaxOpenRequests)
    open.erase(open.begin());
  OpenRequest request;
  request.id = id;
  request.method = message.method();
  request.sent = {packet.ref, packet.at};
  request.authenticated = carries_credentials(message);
  request.channel = message.channel_number().value_or(0);
  request.lifetime = message.u32(stun::Attribute::Lifetime);
  request.peers = peers_of(message);
  for (const Endpoint& peer : request.peers)
    if (a.asked_peers.size() < kMaxAskedPeers &&
        std::find(a.asked_peers.begin(), a.asked_peers.end(), peer) == a.asked_peers.end())
      a.asked_peers.push_back(peer);
  if (request.authenticated)
    note_credentials(a, message, request);
  if (request.authenticated && request.method == stun::Method::Allocate && !a.asked_with) {
    a.asked_with = request.sent;
    a.asked_as = request.username;
  }
  // Data may use the channel before the response is seen here, or when that was not captured.
  if (request.method == stun::Method::ChannelBind && !request.peers.empty() &&
      a.channel(request.channel) == nullptr && a.channels.size() < kMaxChannels)
    a.channels.push_back({request.channel, request.peers.front(), 0, std::nullopt});
  open.push_back(std::move(request));
}

// What a response says by itself, where the direction of the requests was not captured.
void TurnTracker::on_unasked(AllocationSeen& a, const stun::MessageView& message,
                             const Packet& packet) {
  ++a.unasked;
  if (a.requests > 0)
    return;
  OpenRequest request;
  request.method = message.method();
  request.sent = {packet.ref, packet.at};
  if (message.message_class() == stun::Class::Error)
    on_error(a, request, message, packet);
  else if (request.method == stun::Method::Allocate || request.method == stun::Method::Refresh)
    on_success(a, request, message, packet);
}

std::optional<TurnTracker::Unrepeated> TurnTracker::unrepeated(std::uint32_t allocation) const {
  const std::vector<OpenRequest>& open = open_[allocation];
  const auto last = std::find_if(open.rbegin(), open.rend(),
                                 [](const OpenRequest& r) { return r.times == 1 && !r.answered; });
  return last == open.rend() ? std::nullopt : std::optional(Unrepeated{last->sent, last->method});
}

void TurnTracker::note_credentials(const AllocationSeen& a, const stun::MessageView& message,
                                   OpenRequest& request) {
  if (const auto username = message.text(stun::Attribute::Username))
    request.username = printable(username->substr(0, kMaxText));
  const auto realm = message.text(stun::Attribute::Realm);
  if (realm)
    request.realm = printable(realm->substr(0, kMaxText));
  request.current_realm = realm && !a.realm.empty() && *realm == a.realm;
  const auto nonce = message.text(stun::Attribute::Nonce);
  request.current_nonce = nonce && !a.nonce.empty() && *nonce == a.nonce;
}

namespace {

void allocate(AllocationSeen& a, const stun::MessageView& message, const Sighting& now) {
  a.relayed = message.xor_relayed_address();
  a.mapped = message.xor_mapped_address();
  a.lifetime_s = message.u32(stun::Attribute::Lifetime);
  a.deleted.reset();
  a.last_refresh = now.at;
  if (!a.allocated)
    a.allocated = now;
}

}  // namespace

void TurnTracker::on_success(AllocationSeen& a, const OpenRequest& request,
                             const stun::MessageView& message, const Packet& packet) {
  const Sighting now{packet.ref, packet.at};
  if (request.method == stun::Method::Allocate) {
    allocate(a, message, now);
  } else if (request.method == stun::Method::Refresh) {
    // A lifetime of 0 gives the allocation up (RFC 8656 section 7.3).
    const auto lifetime = message.u32(stun::Attribute::Lifetime);
    const bool gone = lifetime.value_or(request.lifetime.value_or(1)) == 0;
    a.deleted = gone ? std::optional(request.sent) : std::nullopt;
    a.last_refresh = packet.at;
    if (lifetime && *lifetime > 0)
      a.lifetime_s = lifetime;
  } else if (request.method == stun::Method::CreatePermission) {
    for (const Endpoint& peer : request.peers)
      add_permission(a, peer.address);
  } else if (request.method == stun::Method::ChannelBind && !request.peers.empty()) {
    // Binding a channel installs the permission too (RFC 8656 section 12).
    add_permission(a, request.peers.front().address);
    if (ChannelUse* channel = a.channel(request.channel)) {
      if (!channel->peer)
        revealed_ = Revealed{a.flow, request.channel, request.peers.front()};
      channel->peer = request.peers.front();
      if (!channel->bound)
        channel->bound = now;
    }
  }
}

void TurnTracker::on_error(AllocationSeen& a, const OpenRequest& request,
                           const stun::MessageView& message, const Packet& packet) {
  const auto error = message.error_code();
  if (!error)
    return;
  if (const auto realm = message.text(stun::Attribute::Realm))
    a.realm = realm->substr(0, kMaxText);
  if (const auto nonce = message.text(stun::Attribute::Nonce))
    a.nonce = nonce->substr(0, kMaxText);
  const std::string method = stun::method_name(request.method);
  auto refusal = std::find_if(a.refusals.begin(), a.refusals.end(), [&](const TurnRefusal& r) {
    return r.code == error->code && r.method == method && r.authenticated == request.authenticated;
  });
  if (refusal == a.refusals.end()) {
    if (a.refusals.size() >= kMaxRefusals)
      return;
    TurnRefusal fresh;
    fresh.method = method;
    fresh.code = error->code;
    fresh.reason = printable(error->reason);
    fresh.authenticated = request.authenticated;
    fresh.first = packet.ref;
    fresh.request = request.sent.ref;
    fresh.first_at = packet.at;
    fresh.username = request.username;
    fresh.realm = request.realm;
    fresh.current_realm = request.current_realm;
    fresh.current_nonce = request.current_nonce;
    a.refusals.push_back(std::move(fresh));
    refusal = std::prev(a.refusals.end());
  }
  ++refusal->count;
  refusal->last = packet.ref;
  for (const Endpoint& peer : request.peers)
    if (refusal->peers.size() < kMaxPermissions &&
        std::find(refusal->peers.begin(), refusal->peers.end(), peer.address) ==
            refusal->peers.end())
      refusal->peers.push_back(peer.address);
}

std::optional<Relayed> TurnTracker::on_channel_data(FlowRecord& flow, Direction direction,
                                                    const turn::ChannelDataView& message,
                                                    const Packet& packet) {
  AllocationSeen& a = allocations_[flow.turn];
  const Sighting now{packet.ref, packet.at};
  if (!a.first || now.ref < a.first->ref)
    a.first = now;
  if (!a.last || a.last->at <= now.at)
    a.last = now;
  ChannelUse* channel = a.channel(message.channel);
  if (channel == nullptr) {
    if (a.channels.size() >= kMaxChannels)
      return std::nullopt;
    a.channels.push_back({message.channel, std::nullopt, 0, std::nullopt});
    channel = &a.channels.back();
  }
  ++channel->packets;
  const bool to_peer = direction == a.to_server;
  ++a.relayed_packets[to_peer ? 0 : 1];
  if (!channel->peer)
    ++a.hidden_packets[to_peer ? 0 : 1];
  const Relayed relayed{channel->peer.value_or(hidden_peer(message.channel)), to_peer, message.data,
                        message.length};
  if (!can_be_read(relayed))
    ++a.unread_packets[to_peer ? 0 : 1];
  return relayed;
}

}  // namespace parley::analyzer
