#include "tests/support/sample_calls.h"

#include <algorithm>
#include <cmath>

namespace parley::test {

using analyzer::Analysis;
using analyzer::Call;
using analyzer::Candidate;
using analyzer::Capture;
using analyzer::Flow;
using analyzer::PacketRef;
using analyzer::Pair;
using analyzer::RttSummary;
using analyzer::SelectedPair;
using analyzer::Side;
using analyzer::Stream;
using analyzer::StunServerUse;
using analyzer::Transport;
using trace::CandidateType;

namespace {

constexpr std::int64_t kStart = 1'795'332'269'579'000'000;  // 2026-11-22T07:24:29.579Z

void span(Pair& p, std::uint64_t first, double first_at, std::uint64_t last, double last_at) {
  p.first = packet(first);
  p.first_at = at(first_at);
  p.last = packet(last);
  p.last_at = at(last_at);
}

void answers(Pair& p, std::uint64_t first, double first_at, std::uint64_t last, double last_at) {
  p.first_response = packet(first);
  p.first_response_at = at(first_at);
  p.last_response = packet(last);
  p.last_response_at = at(last_at);
}

struct Span {
  std::uint64_t first = 0;
  double first_at = 0;
  std::uint64_t last = 0;
  double last_at = 0;
};

Flow media(Side from, const char* source, const char* destination, std::uint64_t rtp,
           const Span& span) {
  Flow flow;
  flow.from = from;
  flow.source = endpoint(source);
  flow.destination = endpoint(destination);
  flow.rtp = rtp;
  flow.first = packet(span.first);
  flow.first_at = at(span.first_at);
  flow.last = packet(span.last);
  flow.last_at = at(span.last_at);
  return flow;
}

}  // namespace

Instant at(double seconds) {
  return Instant(Duration(kStart + std::llround(seconds * 1e9)));
}

Endpoint endpoint(const char* text) {
  return Endpoint::parse(text).value_or(Endpoint{});
}

PacketRef packet(std::uint64_t number) {
  return {0, number};
}

Candidate candidate(CandidateType type, const char* address, bool inferred) {
  Candidate c;
  c.type = type;
  c.address = endpoint(address);
  if (inferred)
    c.inferred.emplace_back("type");
  return c;
}

Pair pair(Side side, Candidate local, Candidate remote, std::uint64_t requests,
          std::uint64_t responses) {
  Pair p;
  p.agent = side;
  p.local = std::move(local);
  p.remote = std::move(remote);
  p.requests = requests;
  p.responses = responses;
  p.state = responses > 0 ? trace::PairState::Succeeded : trace::PairState::InProgress;
  return p;
}

Analysis analysis_with(Call call) {
  Analysis analysis;
  Capture capture;
  capture.file = "peerA.pcapng";
  capture.format = "pcapng";
  capture.packets = 100;
  capture.first_time = at(0);
  capture.last_time = call.last_at;
  analysis.captures.push_back(std::move(capture));
  analysis.origin = at(0);
  analysis.calls.push_back(std::move(call));
  return analysis;
}

Analysis unanswered_call() {
  Call call;
  call.first_at = at(1.234);
  call.last_at = at(61.318);
  call.peers[0].ufrags = {{"qVy4", 0}};
  call.peers[1].ufrags = {{"wiaa", 0}};
  call.peers[0].ice_role = trace::IceRole::Controlling;
  StunServerUse use;
  use.of = Side::A;
  use.client = endpoint("10.1.0.2:36615");
  use.server = endpoint("203.0.113.10:3478");
  use.requests = use.responses = 7;
  use.mapped = {endpoint("203.0.113.21:60156")};
  use.rtt = RttSummary{0.2, 0.5, 1.5};
  use.first = packet(3);
  use.first_response = packet(4);
  use.last = packet(264);
  use.first_at = at(1.234);
  use.first_response_at = at(1.236);
  use.last_at = at(61.318);
  call.stun_servers.push_back(use);
  Transport transport;
  Pair host = pair(Side::A, candidate(CandidateType::Host, "10.1.0.2:36615"),
                   candidate(CandidateType::Host, "10.2.0.2:56134", true), 121, 0);
  span(host, 5, 1.297, 249, 16.287);
  Pair srflx = pair(Side::A, candidate(CandidateType::Host, "10.1.0.2:36615"),
                    candidate(CandidateType::ServerReflexive, "203.0.113.22:43776", true), 121, 0);
  span(srflx, 6, 1.350, 250, 16.349);
  host.use_candidate = srflx.use_candidate = 121;
  host.state = srflx.state = trace::PairState::Failed;
  transport.pairs = {host, srflx};
  transport.agents[0].nominates = trace::Nomination::Aggressive;
  call.transports.push_back(std::move(transport));
  analyzer::HostTraffic point;
  point.beside = Side::A;
  call.traffic = {point};
  Analysis analysis = analysis_with(std::move(call));
  analysis.captures[0].packets = 264;
  analysis.captures[0].by_protocol = {{"stun", 256}, {"arp", 8}};
  return analysis;
}

Call connected_call() {
  Call call;
  call.first_at = at(0);
  call.last_at = at(20);
  call.peers[0].ufrags = {{"aaaa", 0}};
  call.peers[1].ufrags = {{"bbbb", 0}};
  call.peers[0].ice_role = trace::IceRole::Controlling;
  call.peers[1].ice_role = trace::IceRole::Controlled;
  Transport transport;
  const Candidate a = candidate(CandidateType::Host, "192.0.2.1:5000");
  const Candidate b = candidate(CandidateType::Host, "192.0.2.2:6000");
  Pair forth = pair(Side::A, a, b, 8, 8);
  span(forth, 1, 0.1, 90, 19.5);
  answers(forth, 2, 0.11, 91, 19.51);
  forth.nominated = forth.selected = true;
  forth.nominated_at = at(0.1);
  forth.nominated_by = packet(1);
  forth.use_candidate = 8;
  Pair back = pair(Side::B, b, a, 8, 8);
  span(back, 3, 0.12, 92, 19.6);
  answers(back, 4, 0.13, 93, 19.61);
  back.nominated = back.selected = true;
  transport.pairs = {forth, back};
  transport.agents[0].connected = at(0.11);
  transport.agents[1].connected = at(0.13);
  transport.agents[0].selected_pair = SelectedPair{a, b};
  transport.agents[1].selected_pair = SelectedPair{b, a};
  transport.dtls.state = trace::DtlsState::Connected;
  transport.dtls.version = "DTLS 1.2";
  transport.dtls.client = Side::B;
  transport.dtls.started_at = at(0.2);
  transport.dtls.connected_at = at(0.3);
  call.transports.push_back(std::move(transport));
  return call;
}

namespace {

void add_restart_pairs(Transport& t) {
  const Candidate a_old = candidate(CandidateType::Host, "192.168.50.11:36975");
  const Candidate b_old = candidate(CandidateType::Host, "192.168.50.12:53005");
  const Candidate a_new = candidate(CandidateType::Host, "192.168.50.11:57012");
  const Candidate b_new = candidate(CandidateType::Host, "192.168.50.12:48765");
  Pair first = pair(Side::A, a_old, b_old, 5, 5);
  span(first, 15, 2.743, 372, 5.0);
  answers(first, 16, 2.745, 373, 5.001);
  first.rtt = RttSummary{0.6, 1.0, 5.1};
  first.nominated = true;
  Pair second = pair(Side::A, a_new, b_new, 6, 5);
  span(second, 629, 6.950, 1081, 10.0);
  answers(second, 640, 6.97, 1082, 10.001);
  second.rtt = RttSummary{0.4, 0.5, 1.3};
  second.errors = {{487, 1, packet(631), packet(632), at(6.951), at(6.951)}};
  second.nominated = second.selected = true;
  Pair third = pair(Side::B, b_old, a_old, 10, 7);
  span(third, 11, 2.721, 1302, 13.496);
  answers(third, 12, 2.722, 1000, 11.0);
  third.selected = third.nominated = true;
  Pair fourth = pair(Side::B, b_new, a_old, 8, 5);
  span(fourth, 622, 6.885, 1300, 13.4);
  fourth.errors = {{487, 1, packet(624), packet(625), at(6.886), at(6.886)}};
  Pair fifth = pair(Side::B, b_new, a_new, 2, 0);
  span(fifth, 1292, 13.181, 1298, 13.3);
  fifth.icmp_errors = 2;
  t.pairs = {first, second, third, fourth, fifth};
  t.agents[0].connected = at(2.745);
  t.agents[1].connected = at(2.747);
  t.agents[0].selected_pair = SelectedPair{a_new, b_new};
  t.agents[1].selected_pair = SelectedPair{b_old, a_old};
}

}  // namespace

Analysis restarted_call() {
  Call call;
  call.first_at = at(2.721);
  call.last_at = at(13.496);
  call.peers[0].ufrags = {{"FS2d", 0}, {"//rT", 1}};
  call.peers[1].ufrags = {{"xul3", 0}, {"AY5X", 1}};
  call.peers[0].ice_role = trace::IceRole::Controlling;
  call.peers[1].ice_role = trace::IceRole::Controlled;
  Transport t;
  add_restart_pairs(t);
  t.restarts = 1;
  t.restart_list = {{Side::B, "AY5X", packet(622), at(6.885)},
                    {Side::A, "//rT", packet(629), at(6.950)}};
  t.role_conflicts = 2;
  t.conflicts = {{Side::B, trace::IceRole::Controlling, packet(622), packet(624), at(6.885),
                  at(6.886), packet(637), at(6.947)},
                 {Side::A, trace::IceRole::Controlled, packet(629), packet(631), at(6.950),
                  at(6.951), packet(643), at(7.015)}};
  t.flows = {
      media(Side::A, "192.168.50.11:36975", "192.168.50.12:53005", 210, {35, 2.784, 639, 6.965}),
      media(Side::A, "192.168.50.11:57012", "192.168.50.12:48765", 252, {646, 6.987, 1282, 11.940}),
      media(Side::B, "192.168.50.12:53005", "192.168.50.11:36975", 462, {36, 2.790, 1283, 11.945})};
  t.flows[1].route = 1;
  t.dtls.state = trace::DtlsState::Connected;
  t.dtls.inferred = {"state"};
  t.dtls.version = "DTLS 1.3";
  t.dtls.cipher_suite = "TLS_AES_128_GCM_SHA256";
  t.dtls.group = "X25519MLKEM768";
  t.dtls.client = Side::B;
  t.dtls.started_at = at(2.725);
  t.dtls.connected_at = at(2.780);
  t.dtls.client_hello = packet(13);
  t.dtls.client_hello_datagrams = {packet(13), packet(14)};
  t.dtls.server_hello = packet(17);
  t.dtls_steps = {{Side::B, "ClientHello", packet(13), at(2.725), 1},
                  {Side::A, "ServerHello", packet(17), at(2.755), 1}};
  t.srtp_packets = {462, 462};
  t.media_arrived[1] =
      analyzer::MediaSeen{462, 119, 0, packet(36), packet(1283), at(2.79), at(11.945)};
  t.srtcp_packets = {120, 119};
  call.transports.push_back(std::move(t));
  for (const Side side : {Side::A, Side::B}) {
    Stream stream;
    stream.ssrc = side == Side::A ? 3135411108U : 321022070U;
    stream.from = side;
    stream.payload_types = {111};
    stream.packets = 462;
    stream.lost = 0;
    stream.reordered = 0;
    stream.first = packet(side == Side::A ? 35 : 36);
    stream.last = packet(side == Side::A ? 1282 : 1283);
    stream.first_at = at(2.784);
    stream.last_at = at(11.94);
    call.streams.push_back(stream);
  }
  for (const std::uint64_t number : {1287U, 1289U, 1291U, 1293U, 1295U, 1299U, 1301U})
    call.icmp_reports.push_back({packet(number), at(11.949), 3, 3, true,
                                 endpoint("192.168.50.12:53005"), endpoint("192.168.50.11:36975"),
                                 Side::A, std::nullopt, false});
  call.packets_from = {600, 650};
  call.last_packet_from = {packet(1285), packet(1302)};
  call.last_packet_from_at = {at(11.946), at(13.496)};
  Analysis analysis = analysis_with(std::move(call));
  analysis.captures[0].packets = 1303;
  analysis.captures[0].by_protocol = {{"stun", 57},   {"dtls", 39}, {"srtp", 924},
                                      {"srtcp", 239}, {"icmp", 7},  {"other", 37}};
  return analysis;
}

Flow flow(Side from, const char* source, const char* destination, double first, double last) {
  Flow f;
  f.from = from;
  f.source = endpoint(source);
  f.destination = endpoint(destination);
  f.rtp = 100;
  f.first_at = at(first);
  f.last_at = at(last);
  return f;
}

const analyzer::Finding* find(const Call& call, std::string_view code) {
  const auto found = std::find_if(call.findings.begin(), call.findings.end(),
                                  [&](const analyzer::Finding& f) { return f.code == code; });
  return found == call.findings.end() ? nullptr : &*found;
}

}  // namespace parley::test
