// Calls of a scenario file: who calls whom, over which signaling, with which settings.

#include <algorithm>
#include <array>
#include <string>

#include "sim/scenario_reader.h"
#include "stack/base/bytes.h"

namespace parley::sim {
namespace {

using Words = std::string_view;

constexpr std::array<Words, 5> kCallKeys{"offerer", "start", "signaling", "sdp-setup", "peers"};
constexpr std::array<Words, 2> kCallLater{"bundle", "rtcp-mux"};
constexpr std::array<Words, 3> kSignalingKeys{"delay", "trickle", "in-order"};
constexpr std::array<Words, 3> kSignalingLater{"loss", "faults", "candidate-before-sdp"};
constexpr std::array<Words, 3> kTrickles{"full", "half", "none"};
constexpr std::array<Words, 2> kSetupKeys{"offer", "answer"};
constexpr std::array<Words, 2> kSetups{"active", "passive"};
constexpr std::array<Words, 3> kPeerKeys{"ice-servers", "ice", "dtls"};
constexpr std::array<Words, 14> kPeerLater{
    "host", "like",    "profile", "policy", "candidates", "families", "interfaces",
    "mdns", "restart", "srtp",    "sctp",   "audio",      "video",    "channels"};
constexpr std::array<Words, 1> kServerKeys{"urls"};
constexpr std::array<Words, 2> kServerLater{"username", "credential"};
constexpr std::array<Words, 3> kIceKeys{"pacing", "nomination", "consent"};
constexpr std::array<Words, 10> kIceLater{
    "role",      "lite",  "accept-aggressive", "priorities", "tie-breaker",
    "keepalive", "pairs", "credentials",       "patience",   "formula"};
constexpr std::array<Words, 3> kNominations{"regular", "aggressive", "renomination"};
constexpr std::array<Words, 4> kDtlsKeys{"version", "mtu", "initial-timeout", "hello-verify"};
constexpr std::array<Words, 8> kDtlsLater{
    "role",   "certificate",   "groups",  "reassembly",
    "suites", "srtp-profiles", "in-stun", "verify-fingerprint"};

constexpr std::uint16_t kStunPort = 3478;  // RFC 8489 section 14

Endpoint read_stun_url(const ScenarioReader& reader, const YamlNode& node) {
  const std::string& url = reader.text(node, "a STUN URL (stun:203.0.113.10:3478)");
  const auto has_scheme = [&](std::string_view scheme) { return url.rfind(scheme, 0) == 0; };
  if (has_scheme("turn:") || has_scheme("turns:") || has_scheme("stuns:"))
    reader.not_built(node.mark, "the server " + printable(url));
  if (!has_scheme("stun:"))
    reader.fail(node.mark,
                "expected a STUN URL (stun:203.0.113.10:3478), found '" + printable(url) + "'");
  const std::string rest = url.substr(5);
  if (const std::optional<Endpoint> endpoint = Endpoint::parse(rest)) {
    if (endpoint->port == 0)
      reader.fail(node.mark, "port 0 in '" + printable(url) + "'");
    return *endpoint;
  }
  std::string host = rest;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  const std::optional<IpAddress> address = IpAddress::parse(host);
  if (!address)
    reader.fail(node.mark, "expected an address and a port behind stun:, found '" +
                               printable(rest) + "' (names are not resolved)");
  return {*address, kStunPort};
}

void add_servers(const ScenarioReader& reader, const YamlNode& node, PeerSpec& peer) {
  const auto add = [&](const YamlNode& url) {
    peer.stun_servers.push_back(read_stun_url(reader, url));
    peer.stun_server_marks.push_back(url.mark);
  };
  if (node.is_sequence())
    std::for_each(node.items.begin(), node.items.end(), add);
  else
    add(node);
}

void read_ice_servers(const ScenarioReader& reader, const YamlNode& node, PeerSpec& peer) {
  if (!node.is_sequence())
    reader.fail(node.mark, "expected a list of URLs (stun:203.0.113.10:3478)");
  for (const YamlNode& item : node.items) {
    if (!item.is_map()) {
      add_servers(reader, item, peer);
      continue;
    }
    reader.check_map(item, {"an ICE server", kServerKeys, kServerLater});
    add_servers(reader, reader.need(item, "urls", "an ICE server"), peer);
  }
}

void read_ice(const ScenarioReader& reader, const YamlNode& node, PeerSpec& peer) {
  reader.check_map(node, {"the ICE settings of a peer", kIceKeys, kIceLater});
  if (const YamlNode* pacing = node.find("pacing")) {
    peer.ice_pacing = reader.duration(*pacing);
    // RFC 8445 section 14.2: 5 ms is the lower limit.
    if (peer.ice_pacing < std::chrono::milliseconds(5))
      reader.fail(pacing->mark, "Ta has to be at least 5ms (RFC 8445 section 14.2)");
  }
  if (const YamlNode* nomination = node.find("nomination")) {
    const std::size_t index = reader.choice(*nomination, kNominations, "a way to nominate", 2);
    if (index > 1)
      reader.not_built(nomination->mark, "renomination");
    peer.nomination = index == 0 ? trace::Nomination::Regular : trace::Nomination::Aggressive;
  }
  if (const YamlNode* consent = node.find("consent"))
    peer.consent = reader.flag(*consent);
}

void read_dtls(const ScenarioReader& reader, const YamlNode& node, PeerSpec& peer) {
  reader.check_map(node, {"the DTLS settings of a peer", kDtlsKeys, kDtlsLater});
  if (const YamlNode* version = node.find("version");
      version != nullptr && version->text != "1.2") {
    if (reader.text(*version) == "1.3")
      reader.not_built(version->mark, "DTLS 1.3");
    reader.fail(version->mark,
                "expected a DTLS version (1.2), found '" + printable(version->text) + "'");
  }
  if (const YamlNode* mtu = node.find("mtu")) {
    const std::string& word = reader.text(*mtu);
    peer.dtls_mtu = reader.size(*mtu);
    if (peer.dtls_mtu < 256 || peer.dtls_mtu > 4096)
      reader.fail(mtu->mark, "expected an MTU from 256B to 4096B, found '" + word + "'");
  }
  if (const YamlNode* timeout = node.find("initial-timeout")) {
    peer.dtls_initial_timeout = reader.duration(*timeout);
    if (peer.dtls_initial_timeout == Duration{0})
      reader.fail(timeout->mark, "a timeout of 0 would retransmit for ever");
  }
  if (const YamlNode* verify = node.find("hello-verify"))
    peer.dtls_hello_verify = reader.flag(*verify);
}

PeerSpec read_peer(const ScenarioReader& reader, const YamlEntry& entry, const ScenarioNames& names,
                   const Scenario& scenario) {
  YamlNode name;
  name.kind = YamlNode::Kind::Scalar;
  name.mark = entry.mark;
  name.text = entry.key;
  PeerSpec peer;
  peer.mark = entry.mark;
  peer.node = node_index(reader, names, name);
  if (scenario.nodes[peer.node].kind != NodeKind::Host)
    reader.fail(entry.mark, "a peer runs on a host; '" + entry.key + "' is a " +
                                std::string(to_string(scenario.nodes[peer.node].kind)));
  if (entry.value.kind == YamlNode::Kind::Null)
    return peer;
  reader.check_map(entry.value, {"a peer", kPeerKeys, kPeerLater, media_hints()});
  if (const YamlNode* servers = entry.value.find("ice-servers"))
    read_ice_servers(reader, *servers, peer);
  if (const YamlNode* ice = entry.value.find("ice"))
    read_ice(reader, *ice, peer);
  if (const YamlNode* dtls = entry.value.find("dtls"))
    read_dtls(reader, *dtls, peer);
  return peer;
}

void read_signaling(const ScenarioReader& reader, const YamlNode& node, CallSpec& call) {
  reader.check_map(node, {"signaling", kSignalingKeys, kSignalingLater});
  if (const YamlNode* delay = node.find("delay")) {
    if (delay->is_map())
      reader.not_built(delay->mark, "a delay that varies");
    call.signaling_delay = reader.duration(*delay);
  }
  if (const YamlNode* trickle = node.find("trickle"))
    if (reader.choice(*trickle, kTrickles, "a kind of trickle", 1) != 0)
      reader.not_built(trickle->mark, "trickle '" + trickle->text + "'");
  if (const YamlNode* in_order = node.find("in-order"))
    if (!reader.flag(*in_order))
      reader.not_built(in_order->mark, "signaling out of order");
}

void read_setup(const ScenarioReader& reader, const YamlNode& node, CallSpec& call) {
  reader.check_map(node, {"sdp-setup", kSetupKeys, {}});
  if (const YamlNode* offer = node.find("offer"); offer != nullptr && offer->text != "actpass")
    reader.not_built(offer->mark, "an offer other than 'actpass'");
  if (const YamlNode* answer = node.find("answer"))
    call.answer_passive = reader.choice(*answer, kSetups, "a setup of the answer") == 1;
}

}  // namespace

CallSpec read_call(const ScenarioReader& reader, const YamlNode& map, const ScenarioNames& names,
                   const Scenario& scenario) {
  reader.check_map(map, {"a call", kCallKeys, kCallLater, media_hints()});
  CallSpec call;
  call.mark = map.mark;
  const YamlNode& peers = reader.need(map, "peers", "a call");
  if (!peers.is_map() || peers.entries.size() != 2)
    reader.fail(peers.mark, "a call has two peers: {NODE: {...}, NODE: {...}}");
  for (std::size_t i = 0; i < 2; ++i)
    call.peers[i] = read_peer(reader, peers.entries[i], names, scenario);
  const YamlNode& offerer = reader.need(map, "offerer", "a call");
  const std::uint32_t node = node_index(reader, names, offerer);
  if (node != call.peers[0].node && node != call.peers[1].node)
    reader.fail(offerer.mark, "the offerer '" + offerer.text + "' is none of the peers");
  call.offerer = node == call.peers[0].node ? 0 : 1;
  if (const YamlNode* start = map.find("start"))
    call.start = reader.duration(*start);
  if (const YamlNode* signaling = map.find("signaling"))
    read_signaling(reader, *signaling, call);
  if (const YamlNode* setup = map.find("sdp-setup"))
    read_setup(reader, *setup, call);
  return call;
}

}  // namespace parley::sim
