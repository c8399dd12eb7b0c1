#include "analyzer/report/json.h"

#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "analyzer/diagnose/diagnose.h"
#include "tests/support/sample_calls.h"

namespace parley::analyzer {
namespace {

using Json = nlohmann::json;

Json document(Analysis analysis) {
  diagnose(analysis);
  std::string text;
  write_json(analysis, text);
  return Json::parse(text);
}

// Type letters: s string, n number, b bool, o object, a array; '?' allows null.
using Shape = std::map<std::string, std::string>;

bool fits(const Json& value, const std::string& type) {
  if (value.is_null())
    return type.ends_with('?');
  switch (type[0]) {
    case 's':
      return value.is_string();
    case 'n':
      return value.is_number();
    case 'b':
      return value.is_boolean();
    case 'o':
      return value.is_object();
    case 'a':
      return value.is_array();
    default:
      return false;
  }
}

void expect_shape(const Json& object, const Shape& shape, const std::string& where) {
  ASSERT_TRUE(object.is_object()) << where;
  for (const auto& [key, type] : shape) {
    ASSERT_TRUE(object.contains(key)) << where << "." << key;
    EXPECT_TRUE(fits(object[key], type)) << where << "." << key << " = " << object[key];
  }
  for (const auto& [key, value] : object.items())
    EXPECT_TRUE(shape.contains(key)) << where << "." << key << " is not in the contract";
}

struct Shapes {
  Shape capture = {{"index", "n"},           {"file", "s"},        {"format", "s"},
                   {"interfaces", "a"},      {"packets", "n"},     {"bytes", "n"},
                   {"first_time", "s?"},     {"duration_s", "n?"}, {"clock_offset_s", "n?"},
                   {"by_protocol", "o"},     {"cut_short", "n"},   {"undecoded", "n"},
                   {"times_backwards", "n"}, {"damage", "a"}};
  Shape call = {{"id", "n"},       {"outcome", "s"},    {"reached", "s?"}, {"verdict", "o"},
                {"peers", "o"},    {"transports", "a"}, {"turn", "a"},     {"streams", "a"},
                {"timeline", "a"}, {"findings", "a"}};
  Shape candidate = {{"type", "s?"},     {"protocol", "s"}, {"tcp_type", "s?"},  {"address", "s?"},
                     {"priority", "n?"}, {"related", "s?"}, {"mdns_name", "s?"}, {"inferred", "a"}};
  Shape peer = {{"name", "s?"},      {"ufrags", "a"},    {"ice_role", "s?"},
                {"ice_lite", "b?"},  {"software", "s?"}, {"addresses", "a"},
                {"candidates", "a"}, {"nat", "o"},       {"inferred", "a"}};
  Shape nat = {{"mapping", "s?"}, {"filtering", "s?"}, {"ports", "s?"},
               {"evidence", "a"}, {"mappings", "a"},   {"inferred", "a"}};
  Shape transport = {{"id", "n"},       {"mids", "a"},           {"component", "n"},
                     {"restarts", "n"}, {"role_conflicts", "n"}, {"agents", "o"},
                     {"pairs", "a"},    {"dtls", "o"},           {"sctp", "o"},
                     {"inferred", "a"}};
  Shape agent = {{"state", "s?"},     {"connected_s", "n?"},   {"consent_lost_s", "n?"},
                 {"nominates", "s?"}, {"selected_pair", "o?"}, {"inferred", "a"}};
  Shape pair = {{"agent", "s"},
                {"local", "o"},
                {"remote", "o"},
                {"state", "s?"},
                {"nominated", "b"},
                {"selected", "b"},
                {"requests", "n"},
                {"responses", "n"},
                {"errors", "a"},
                {"rtt_ms", "o?"},
                {"first", "o?"},
                {"last", "o?"},
                {"requests_seen_at", "a"},
                {"answered_elsewhere", "a"},
                {"inferred", "a"}};
  Shape dtls = {
      {"state", "s"},    {"version", "s?"},         {"cipher_suite", "s?"}, {"group", "s?"},
      {"client", "s?"},  {"srtp_profile", "s?"},    {"offered", "o"},       {"certificates", "a"},
      {"alerts", "a"},   {"retransmissions", "n?"}, {"handshake_ms", "n?"}, {"decrypted", "b"},
      {"records", "n?"}, {"undecrypted", "n?"},     {"inferred", "a"}};
  Shape sctp = {{"state", "s?"},  {"retransmissions", "o?"}, {"rtt_ms", "n?"},
                {"chunks", "o?"}, {"channels", "a"},         {"inferred", "a"}};
  Shape stream = {
      {"ssrc", "n"},       {"from", "s"},         {"transport", "n"},     {"kind", "s?"},
      {"mid", "s?"},       {"rid", "s?"},         {"payload_types", "a"}, {"codec", "s?"},
      {"packets", "n"},    {"bytes", "n"},        {"lost", "n?"},         {"not_captured", "n?"},
      {"reordered", "n?"}, {"duplicated", "n?"},  {"sent", "n?"},         {"arrived", "n?"},
      {"jitter_ms", "n?"}, {"bitrate_bps", "n?"}, {"decrypted", "b"},     {"repairs", "n?"},
      {"nacks", "n?"},     {"plis", "n?"},        {"firs", "n?"},         {"rtt_ms", "n?"},
      {"first", "o?"},     {"last", "o?"},        {"inferred", "a"}};
  Shape finding = {{"code", "s"},    {"level", "s"},   {"confidence", "s"}, {"about", "o"},
                   {"summary", "s"}, {"because", "s"}, {"evidence", "a"},   {"rfc", "s?"},
                   {"try", "s?"},    {"open", "a"}};
  Shape turn = {{"of", "s?"},      {"server", "s"},      {"client", "s"}, {"transport", "s"},
                {"relayed", "s?"}, {"mapped", "s?"},     {"state", "s?"}, {"lifetime_s", "n?"},
                {"channels", "a"}, {"permissions", "a"}, {"errors", "a"}, {"refusals", "a"},
                {"inferred", "a"}};
  Shape packet = {{"capture", "n"}, {"packet", "n"}};
};

const Shapes& shapes() {
  static const Shapes kShapes;
  return kShapes;
}

void expect_transport(const Json& transport) {
  expect_shape(transport, shapes().transport, "transport");
  for (const char* side : {"A", "B"}) {
    const Json& agent = transport["agents"][side];
    expect_shape(agent, shapes().agent, "agent");
    if (agent["selected_pair"].is_object()) {
      expect_shape(agent["selected_pair"], {{"local", "o"}, {"remote", "o"}}, "selected_pair");
      expect_shape(agent["selected_pair"]["local"], shapes().candidate, "selected_pair.local");
    }
  }
  for (const Json& pair : transport["pairs"]) {
    expect_shape(pair, shapes().pair, "pair");
    expect_shape(pair["local"], shapes().candidate, "pair.local");
    expect_shape(pair["remote"], shapes().candidate, "pair.remote");
    expect_shape(pair["first"], shapes().packet, "pair.first");
    for (const Json& error : pair["errors"])
      expect_shape(error, {{"code", "n"}, {"count", "n"}}, "error");
    if (pair["rtt_ms"].is_object())
      expect_shape(pair["rtt_ms"], {{"min", "n"}, {"median", "n"}, {"max", "n"}}, "rtt_ms");
  }
  expect_shape(transport["dtls"], shapes().dtls, "dtls");
  expect_shape(
      transport["dtls"]["offered"],
      {{"versions", "a?"}, {"cipher_suites", "a?"}, {"groups", "a?"}, {"srtp_profiles", "a?"}},
      "offered");
  for (const Json& alert : transport["dtls"]["alerts"])
    expect_shape(alert, {{"level", "s"}, {"description", "s"}, {"from", "s"}, {"at", "o"}},
                 "alert");
  for (const Json& certificate : transport["dtls"]["certificates"]) {
    expect_shape(certificate, {{"peer", "s"}, {"fingerprint", "o"}, {"matches_sdp", "b?"}},
                 "certificate");
    expect_shape(certificate["fingerprint"], {{"algorithm", "s"}, {"value", "s"}}, "fingerprint");
  }
  expect_shape(transport["sctp"], shapes().sctp, "sctp");
}

void expect_call(const Json& call) {
  expect_shape(call, shapes().call, "call");
  expect_shape(call["verdict"],
               {{"code", "s"}, {"text", "s"}, {"confidence", "s"}, {"would_decide", "s?"}},
               "verdict");
  for (const char* side : {"A", "B"}) {
    expect_shape(call["peers"][side], shapes().peer, "peer");
    expect_shape(call["peers"][side]["nat"], shapes().nat, "nat");
    for (const Json& ufrag : call["peers"][side]["ufrags"])
      expect_shape(ufrag, {{"ufrag", "s"}, {"generation", "n"}}, "ufrag");
  }
  for (const Json& transport : call["transports"])
    expect_transport(transport);
  for (const Json& stream : call["streams"])
    expect_shape(stream, shapes().stream, "stream");
  for (const Json& turn : call["turn"])
    expect_shape(turn, shapes().turn, "turn");
  for (const Json& entry : call["timeline"])
    expect_shape(entry,
                 {{"time_s", "n"}, {"at", "o?"}, {"peer", "s?"}, {"layer", "s"}, {"what", "s"}},
                 "timeline");
  for (const Json& finding : call["findings"]) {
    expect_shape(finding, shapes().finding, "finding");
    expect_shape(finding["about"], {{"peer", "s?"}, {"transport", "n?"}, {"stream", "n?"}},
                 "about");
    for (const Json& packet : finding["evidence"])
      expect_shape(packet, shapes().packet, "evidence");
  }
}

Analysis rich_call() {
  Analysis analysis = test::restarted_call();
  Call& call = analysis.calls[0];
  TurnAllocation allocation;
  allocation.of = Side::A;
  allocation.server = test::endpoint("[2001:db8::1]:3478");
  allocation.client = test::endpoint("10.1.0.2:5");
  allocation.channels = {{0x4001, test::endpoint("192.0.2.9:9"), 3, {}, {}}};
  allocation.errors = {{401, 1, {}, {}, {}, {}}};
  call.turn = {allocation};
  Dtls& dtls = call.transports[0].dtls;
  dtls.alerts = {{"warning", "close_notify", Side::B, test::packet(5), test::at(9)}};
  dtls.certificates = {{Side::A, "sha-256", "AA:BB", std::nullopt}};
  dtls.offered_versions = std::vector<std::string>{"DTLS 1.3", "DTLS 1.2"};
  analysis.captures[0].damage = {{5, 1, "x"}};
  analysis.captures[0].interfaces = {{"eth0", "", 1, 0}, {"", "", 147, 0}};
  return analysis;
}

TEST(Json, HasEveryKeyOfTheContractAndNoOther) {
  for (const Analysis& analysis :
       {test::unanswered_call(), rich_call(), test::analysis_with(Call{})}) {
    const Json json = document(analysis);
    expect_shape(json, {{"schema", "s"}, {"captures", "a"}, {"calls", "a"}}, "document");
    EXPECT_EQ(json["schema"], "parley.analysis/1");
    for (const Json& capture : json["captures"]) {
      expect_shape(capture, shapes().capture, "capture");
      for (const Json& interface : capture["interfaces"])
        expect_shape(interface, {{"name", "s?"}, {"link_type", "s"}}, "interface");
      for (const Json& damage : capture["damage"])
        expect_shape(damage, {{"offset", "n"}, {"what", "s"}}, "damage");
    }
    for (const Json& call : json["calls"])
      expect_call(call);
  }
}

TEST(Json, ValuesAreSpelledAsTheContractSays) {
  const Json call = document(rich_call())["calls"][0];
  EXPECT_EQ(call["outcome"], "closed");
  EXPECT_EQ(call["transports"][0]["pairs"][0]["local"]["address"], "192.168.50.11:36975");
  EXPECT_EQ(call["transports"][0]["pairs"][0]["state"], "succeeded");
  EXPECT_EQ(call["peers"]["A"]["ice_role"], "controlling");
  EXPECT_EQ(call["turn"][0]["server"], "[2001:db8::1]:3478");
  EXPECT_EQ(call["transports"][0]["dtls"]["offered"]["versions"][1], "DTLS 1.2");
  EXPECT_TRUE(call["transports"][0]["dtls"]["offered"]["groups"].is_null());
  EXPECT_TRUE(call["transports"][0]["dtls"]["certificates"][0]["matches_sdp"].is_null());
}

TEST(Json, CarriesMappingsRefusalsOpenEndsAndWherePacketsWereSeen) {
  Analysis analysis = rich_call();
  Call& call = analysis.calls[0];
  call.peers[0].nat.mappings = {{test::endpoint("10.1.0.2:5"), test::endpoint("192.0.2.1:3478"),
                                 test::endpoint("203.0.113.21:6"), test::packet(4)}};
  TurnRefusal refusal;
  refusal.method = "Allocate";
  refusal.code = 401;
  refusal.count = 1;
  call.turn[0].refusals = {refusal};
  call.transports[0].pairs[0].requests_seen_at = {{7, test::packet(1), test::packet(9), {}, {}}};
  diagnose(analysis);
  call.findings.resize(1);
  call.findings[0].open = {"Why."};
  const Json json = Json::parse(call_json(call, analysis.origin));
  EXPECT_EQ(json["peers"]["A"]["nat"]["mappings"][0],
            Json::parse(R"({"inside": "10.1.0.2:5", "outside": "203.0.113.21:6",
                            "to": "192.0.2.1:3478", "shown_by": {"capture": 0, "packet": 4}})"));
  EXPECT_EQ(json["turn"][0]["refusals"][0]["with_credentials"], false);
  EXPECT_EQ(json["turn"][0]["refusals"][0]["code"], 401);
  EXPECT_EQ(json["transports"][0]["pairs"][0]["requests_seen_at"][0]["count"], 7);
  EXPECT_EQ(json["findings"][0]["open"], Json::array({"Why."}));
}

TEST(Json, LinkTypesThatAreReadHaveNames) {
  Analysis analysis = rich_call();
  analysis.captures[0].interfaces = {{"", "", 50, 0}, {"", "", 276, 0}, {"", "", 147, 0}};
  const Json json = document(analysis)["captures"][0]["interfaces"];
  EXPECT_EQ(json[0]["link_type"], "ppp-hdlc");
  EXPECT_EQ(json[1]["link_type"], "linux-sll2");
  EXPECT_EQ(json[2]["link_type"], "linktype-147");
}

TEST(Json, InferredValuesAreNamed) {
  const Json call = document(test::unanswered_call())["calls"][0];
  EXPECT_EQ(call["transports"][0]["pairs"][0]["remote"]["inferred"], Json::array({"type"}));
  EXPECT_EQ(call["transports"][0]["pairs"][0]["local"]["inferred"], Json::array());
}

TEST(Json, TimesCountFromTheOrigin) {
  const Json call = document(test::restarted_call())["calls"][0];
  EXPECT_NEAR(call["transports"][0]["agents"]["A"]["connected_s"].get<double>(), 2.745, 1e-9);
  EXPECT_NEAR(call["timeline"][0]["time_s"].get<double>(), 2.721, 1e-9);
}

TEST(Json, AnyTextFromTheWireGivesAValidDocument) {
  Analysis analysis = rich_call();
  const std::string evil("\"}\\\x00\xff\xc3\x1b\n", 8);
  Call& call = analysis.calls[0];
  call.peers[0].ufrags[0].ufrag = evil;
  call.peers[1].software = evil;
  call.transports[0].dtls.alerts[0].description = evil;
  call.streams[0].mid = evil;
  call.turn[0].state = evil;
  analysis.captures[0].file = evil;
  analysis.captures[0].by_protocol[evil] = 1;
  diagnose(analysis);
  std::string text;
  write_json(analysis, text);
  EXPECT_TRUE(Json::accept(text));
}

TEST(Json, ACallAloneIsTheSameObject) {
  Analysis analysis = test::restarted_call();
  const Json whole = document(analysis)["calls"][0];
  diagnose(analysis);
  EXPECT_EQ(Json::parse(call_json(analysis.calls[0], analysis.origin)), whole);
}

}  // namespace
}  // namespace parley::analyzer
