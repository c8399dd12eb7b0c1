#include "analyzer/report/json_call.h"

namespace parley::analyzer {
namespace {

void write_addresses(JsonWriter& json, std::string_view name,
                     const std::vector<IpAddress>& addresses) {
  json.key(name);
  json.begin_array();
  for (const IpAddress& address : addresses)
    json.value(to_string(address));
  json.end_array();
}

void write_nat(JsonWriter& json, const Nat& nat) {
  json.begin_object();
  json.member("mapping", nat.mapping);
  json.member("filtering", nat.filtering);
  json.member("ports", nat.ports);
  json.key("evidence");
  write_packets(json, nat.evidence);
  json.key("mappings");
  json.begin_array();
  for (const NatMapping& mapping : nat.mappings) {
    json.begin_object();
    write_endpoint(json, "inside", mapping.inside);
    write_endpoint(json, "outside", mapping.outside);
    write_endpoint(json, "to", mapping.destination);
    json.key("shown_by");
    write_packet(json, mapping.shown_by);
    json.end_object();
  }
  json.end_array();
  write_inferred(json, nat.inferred);
  json.end_object();
}

void write_peer(JsonWriter& json, const Peer& peer) {
  json.begin_object();
  json.member("name", peer.name);
  json.key("ufrags");
  json.begin_array();
  for (const Ufrag& ufrag : peer.ufrags) {
    json.begin_object();
    json.member("ufrag", ufrag.ufrag);
    json.member("generation", ufrag.generation);
    json.end_object();
  }
  json.end_array();
  json.member("ice_role", word_of(peer.ice_role));
  json.member("ice_lite", peer.ice_lite);
  json.member("software", peer.software);
  write_addresses(json, "addresses", peer.addresses);
  json.key("candidates");
  json.begin_array();
  for (const Candidate& candidate : peer.candidates)
    write_candidate(json, candidate);
  json.end_array();
  json.key("nat");
  write_nat(json, peer.nat);
  write_inferred(json, peer.inferred);
  json.end_object();
}

void write_refusals(JsonWriter& json, const std::vector<TurnRefusal>& refusals) {
  json.key("refusals");
  json.begin_array();
  for (const TurnRefusal& refusal : refusals) {
    json.begin_object();
    json.member("method", refusal.method);
    json.member("code", refusal.code);
    json.member("reason", refusal.reason);
    json.member("with_credentials", refusal.authenticated);
    json.member("count", refusal.count);
    json.key("first");
    write_packet(json, refusal.first);
    json.end_object();
  }
  json.end_array();
}

void write_turn(JsonWriter& json, const TurnAllocation& allocation) {
  json.begin_object();
  json.member("of", word_of(allocation.of));
  write_endpoint(json, "server", allocation.server);
  write_endpoint(json, "client", allocation.client);
  json.member("transport", allocation.transport);
  write_endpoint(json, "relayed", allocation.relayed);
  write_endpoint(json, "mapped", allocation.mapped);
  json.key("state");
  if (allocation.state.empty())
    json.null();
  else
    json.value(allocation.state);
  json.member("lifetime_s", allocation.lifetime_s);
  json.key("channels");
  json.begin_array();
  for (const TurnChannel& channel : allocation.channels) {
    json.begin_object();
    json.member("number", channel.number);
    write_endpoint(json, "peer", channel.peer);
    json.end_object();
  }
  json.end_array();
  write_addresses(json, "permissions", allocation.permissions);
  write_errors(json, allocation.errors);
  write_refusals(json, allocation.refusals);
  write_inferred(json, allocation.inferred);
  json.end_object();
}

void write_stream(JsonWriter& json, const Stream& stream) {
  json.begin_object();
  json.member("ssrc", stream.ssrc);
  json.member("from", to_string(stream.from));
  json.member("transport", stream.transport);
  json.member("kind", stream.kind);
  json.member("mid", stream.mid);
  json.member("rid", stream.rid);
  json.key("payload_types");
  json.begin_array();
  for (const std::uint8_t type : stream.payload_types)
    json.value(static_cast<unsigned>(type));
  json.end_array();
  json.member("codec", stream.codec);
  json.member("packets", stream.packets);
  json.member("bytes", stream.bytes);
  json.member("lost", stream.lost);
  json.member("not_captured", stream.not_captured);
  json.member("reordered", stream.reordered);
  json.member("duplicated", stream.duplicated);
  json.member("sent", stream.sent);
  json.member("arrived", stream.arrived);
  json.member("jitter_ms", stream.jitter_ms);
  json.member("bitrate_bps", stream.bitrate_bps);
  json.member("decrypted", stream.decrypted);
  // What RTCP says is encrypted in SRTCP: unknown as long as nothing is decrypted.
  for (const std::string_view name : {"repairs", "nacks", "plis", "firs", "rtt_ms"})
    json.null_member(name);
  json.key("first");
  write_packet(json, stream.first);
  json.key("last");
  write_packet(json, stream.last);
  write_inferred(json, stream.inferred);
  json.end_object();
}

void write_timeline(JsonWriter& json, const std::vector<TimelineEntry>& timeline, Instant origin) {
  json.begin_array();
  for (const TimelineEntry& entry : timeline) {
    json.begin_object();
    write_time(json, "time_s", entry.at, origin);
    json.key("at");
    write_packet(json, entry.packet);
    json.member("peer", word_of(entry.peer));
    json.member("layer", entry.layer);
    json.member("what", entry.what);
    json.end_object();
  }
  json.end_array();
}

void write_finding(JsonWriter& json, const Finding& finding) {
  json.begin_object();
  json.member("code", finding.code);
  json.member("level", to_string(finding.level));
  json.member("confidence", to_string(finding.confidence));
  json.key("about");
  json.begin_object();
  json.member("peer", word_of(finding.peer));
  json.member("transport", finding.transport);
  json.member("stream", finding.stream);
  json.end_object();
  json.member("summary", finding.summary);
  json.member("because", finding.because);
  json.member("open", finding.open);
  json.key("evidence");
  write_packets(json, finding.evidence);
  json.key("rfc");
  if (finding.rfc.empty())
    json.null();
  else
    json.value(finding.rfc);
  json.key("try");
  if (finding.try_this.empty())
    json.null();
  else
    json.value(finding.try_this);
  json.end_object();
}

void write_verdict(JsonWriter& json, const Verdict& verdict) {
  json.begin_object();
  json.member("code", verdict.code);
  json.member("text", verdict.text);
  json.member("confidence", to_string(verdict.confidence));
  json.member("would_decide", verdict.would_decide);
  json.end_object();
}

void write_peers(JsonWriter& json, const Call& call) {
  json.begin_object();
  for (const Side side : {Side::A, Side::B}) {
    json.key(to_string(side));
    write_peer(json, call.peers[index_of(side)]);
  }
  json.end_object();
}

}  // namespace

void write_candidate(JsonWriter& json, const Candidate& candidate) {
  json.begin_object();
  json.member("type", word_of(candidate.type));
  json.member("protocol", candidate.protocol);
  json.member("tcp_type", candidate.tcp_type);
  write_endpoint(json, "address", candidate.address);
  json.member("priority", candidate.priority);
  write_endpoint(json, "related", candidate.related);
  json.member("mdns_name", candidate.mdns_name);
  write_inferred(json, candidate.inferred);
  json.end_object();
}

void write_packet(JsonWriter& json, const std::optional<PacketRef>& packet) {
  if (!packet) {
    json.null();
    return;
  }
  json.begin_object();
  json.member("capture", packet->capture);
  json.member("packet", packet->packet);
  json.end_object();
}

void write_packets(JsonWriter& json, const std::vector<PacketRef>& packets) {
  json.begin_array();
  for (const PacketRef& packet : packets)
    write_packet(json, packet);
  json.end_array();
}

void write_errors(JsonWriter& json, const std::vector<ErrorCount>& errors) {
  json.key("errors");
  json.begin_array();
  for (const ErrorCount& error : errors) {
    json.begin_object();
    json.member("code", error.code);
    json.member("count", error.count);
    json.end_object();
  }
  json.end_array();
}

void write_inferred(JsonWriter& json, const Inferred& inferred) {
  json.member("inferred", inferred);
}

void write_time(JsonWriter& json, std::string_view name, const std::optional<Instant>& at,
                Instant origin) {
  json.key(name);
  if (at)
    json.value(to_seconds(*at - origin));
  else
    json.null();
}

void write_endpoint(JsonWriter& json, std::string_view name, const std::optional<Endpoint>& at) {
  json.key(name);
  if (at)
    json.value(to_string(*at));
  else
    json.null();
}

void write_call(JsonWriter& json, const Call& call, Instant origin) {
  json.begin_object();
  json.member("id", call.id);
  if (call.outcome_hidden)
    json.member("outcome", std::optional<std::string>());
  else
    json.member("outcome", to_string(call.outcome));
  json.member("reached", call.reached);
  json.key("verdict");
  write_verdict(json, call.verdict);
  json.key("peers");
  write_peers(json, call);
  json.key("transports");
  json.begin_array();
  for (const Transport& transport : call.transports)
    write_transport(json, transport, origin);
  json.end_array();
  json.key("turn");
  json.begin_array();
  for (const TurnAllocation& allocation : call.turn)
    write_turn(json, allocation);
  json.end_array();
  json.key("streams");
  json.begin_array();
  for (const Stream& stream : call.streams)
    write_stream(json, stream);
  json.end_array();
  json.key("timeline");
  write_timeline(json, call.timeline, origin);
  json.key("findings");
  json.begin_array();
  for (const Finding& finding : call.findings)
    write_finding(json, finding);
  json.end_array();
  json.end_object();
}

}  // namespace parley::analyzer
