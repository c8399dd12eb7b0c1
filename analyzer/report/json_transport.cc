#include "analyzer/report/json_call.h"

namespace parley::analyzer {
namespace {

void write_rtt(JsonWriter& json, const std::optional<RttSummary>& rtt) {
  json.key("rtt_ms");
  if (!rtt) {
    json.null();
    return;
  }
  json.begin_object();
  json.member("min", rtt->min);
  json.member("median", rtt->median);
  json.member("max", rtt->max);
  json.end_object();
}

void write_seen(JsonWriter& json, std::string_view name, const std::vector<SeenAt>& points) {
  json.key(name);
  json.begin_array();
  for (const SeenAt& point : points) {
    json.begin_object();
    json.member("count", point.count);
    json.key("first");
    write_packet(json, point.first);
    json.key("last");
    write_packet(json, point.last);
    json.end_object();
  }
  json.end_array();
}

void write_pair(JsonWriter& json, const Pair& pair) {
  json.begin_object();
  json.member("agent", to_string(pair.agent));
  json.key("local");
  write_candidate(json, pair.local);
  json.key("remote");
  write_candidate(json, pair.remote);
  json.member("state", word_of(pair.state));
  json.member("nominated", pair.nominated);
  json.member("selected", pair.selected);
  json.member("requests", pair.requests);
  json.member("responses", pair.responses);
  write_errors(json, pair.errors);
  write_rtt(json, pair.rtt);
  json.key("first");
  write_packet(json, pair.first);
  json.key("last");
  write_packet(json, pair.last);
  write_seen(json, "requests_seen_at", pair.requests_seen_at);
  write_seen(json, "answered_elsewhere", pair.answered_elsewhere);
  write_inferred(json, pair.inferred);
  json.end_object();
}

void write_agent(JsonWriter& json, const TransportAgent& agent, Instant origin) {
  json.begin_object();
  json.member("state", word_of(agent.state));
  write_time(json, "connected_s", agent.connected, origin);
  write_time(json, "consent_lost_s", agent.consent_lost, origin);
  json.member("nominates", word_of(agent.nominates));
  json.key("selected_pair");
  if (agent.selected_pair) {
    json.begin_object();
    json.key("local");
    write_candidate(json, agent.selected_pair->local);
    json.key("remote");
    write_candidate(json, agent.selected_pair->remote);
    json.end_object();
  } else {
    json.null();
  }
  write_inferred(json, agent.inferred);
  json.end_object();
}

void write_offered(JsonWriter& json, const Dtls& dtls) {
  json.key("offered");
  json.begin_object();
  json.member("versions", dtls.offered_versions);
  json.member("cipher_suites", dtls.offered_cipher_suites);
  json.member("groups", dtls.offered_groups);
  json.member("srtp_profiles", dtls.offered_srtp_profiles);
  json.end_object();
}

void write_certificates(JsonWriter& json, const Dtls& dtls) {
  json.key("certificates");
  json.begin_array();
  for (const DtlsCertificate& certificate : dtls.certificates) {
    json.begin_object();
    json.member("peer", to_string(certificate.peer));
    json.key("fingerprint");
    json.begin_object();
    json.member("algorithm", certificate.algorithm);
    json.member("value", certificate.value);
    json.end_object();
    json.member("matches_sdp", certificate.matches_sdp);
    json.end_object();
  }
  json.end_array();
}

void write_alerts(JsonWriter& json, const Dtls& dtls) {
  json.key("alerts");
  json.begin_array();
  for (const DtlsAlert& alert : dtls.alerts) {
    json.begin_object();
    json.member("level", alert.level);
    json.member("description", alert.description);
    json.member("from", to_string(alert.from));
    json.key("at");
    write_packet(json, alert.at);
    json.end_object();
  }
  json.end_array();
}

void write_dtls(JsonWriter& json, const Dtls& dtls) {
  json.begin_object();
  json.member("state", to_string(dtls.state));
  json.member("version", dtls.version);
  json.member("cipher_suite", dtls.cipher_suite);
  json.member("group", dtls.group);
  json.member("client", word_of(dtls.client));
  json.member("srtp_profile", dtls.srtp_profile);
  write_offered(json, dtls);
  write_certificates(json, dtls);
  write_alerts(json, dtls);
  json.member("retransmissions", dtls.retransmissions);
  json.member("handshake_ms", dtls.handshake_ms);
  json.member("decrypted", dtls.decrypted);
  json.member("records", dtls.records);
  json.member("undecrypted", dtls.undecrypted);
  write_inferred(json, dtls.inferred);
  json.end_object();
}

// What SCTP carries stands behind DTLS' encryption: unknown as long as nothing is decrypted.
void write_sctp(JsonWriter& json) {
  json.begin_object();
  for (const std::string_view name : {"state", "retransmissions", "rtt_ms", "chunks"})
    json.null_member(name);
  json.empty_array("channels");
  json.empty_array("inferred");
  json.end_object();
}

}  // namespace

void write_transport(JsonWriter& json, const Transport& transport, Instant origin) {
  json.begin_object();
  json.member("id", transport.id);
  json.member("mids", transport.mids);
  json.member("component", transport.component);
  json.member("restarts", transport.restarts);
  json.member("role_conflicts", transport.role_conflicts);
  json.key("agents");
  json.begin_object();
  for (const Side side : {Side::A, Side::B}) {
    json.key(to_string(side));
    write_agent(json, transport.agents[index_of(side)], origin);
  }
  json.end_object();
  json.key("pairs");
  json.begin_array();
  for (const Pair& pair : transport.pairs)
    write_pair(json, pair);
  json.end_array();
  json.key("dtls");
  write_dtls(json, transport.dtls);
  json.key("sctp");
  write_sctp(json);
  write_inferred(json, transport.inferred);
  json.end_object();
}

}  // namespace parley::analyzer
