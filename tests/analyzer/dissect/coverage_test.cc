// What holds for the trees of all protocols: the leaves cover every byte, a fault shows in all
// fields above it, and a message that a snap length cut is not malformed.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "analyzer/dissect/field.h"
#include "analyzer/dissect/frame.h"
#include "stack/wire/ip.h"
#include "stack/wire/rtcp.h"
#include "stack/wire/stun.h"
#include "stack/wire/turn.h"
#include "tests/support/files.h"

namespace parley::analyzer {
namespace {

using nlohmann::json;
using stun::Attribute;

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

void mark(const Field& field, std::vector<bool>& covered) {
  if (field.children.empty())
    for (std::size_t i = 0; i < field.length && field.offset + i < covered.size(); ++i)
      covered[field.offset + i] = true;
  for (const Field& child : field.children)
    mark(child, covered);
}

// The first byte that no leaf covers; the size if there is none.
std::size_t first_gap(const std::vector<Field>& fields, std::size_t size) {
  std::vector<bool> covered(size);
  for (const Field& field : fields)
    mark(field, covered);
  return static_cast<std::size_t>(std::find(covered.begin(), covered.end(), false) -
                                  covered.begin());
}

bool has_fault(const Field& field) {
  for (const Field& part : field.children)
    if (has_fault(part))
      return true;
  return field.fault;
}

void expect_faults_reach_the_root(const Field& field) {
  EXPECT_EQ(field.fault, has_fault(field)) << to_text(field);
  for (const Field& child : field.children)
    expect_faults_reach_the_root(child);
}

using Dissect = Field (*)(Bytes, const DissectOptions&, std::size_t, std::size_t);

struct Sample {
  Dissect dissect;
  ByteBuffer bytes;
};

std::vector<Sample> samples() {
  std::vector<Sample> all;
  const auto add = [&](const char* file, const char* list, Dissect dissect) {
    const json document =
        json::parse(test::read_text(test::source_path("tests/vectors/" + std::string(file))));
    for (const json& one : document.at(list))
      if (one.contains("hex") && !one.at("hex").get<std::string>().empty())
        all.push_back({dissect, hex(one.at("hex").get<std::string>())});
  };
  add("stun.json", "vectors", dissect_turn);
  add("dtls_captures.json", "datagrams", dissect_dtls);
  add("rtp_captures.json", "packets", dissect_rtp);
  for (const auto& file : test::files_in(test::source_path("fuzz/corpora/libwebrtc-rtcp")))
    if (const ByteBuffer bytes = test::read_bytes(file); rtcp::is_clear(bytes))
      all.push_back({dissect_rtcp, bytes});
  return all;
}

// Every attribute with a form of its own, with a value that fits it.
ByteBuffer every_attribute() {
  ByteBuffer out;
  stun::MessageBuilder builder(out, stun::Class::Request, stun::Method::Binding, {});
  builder.text(Attribute::Username, "rrrr:ssss")
      .text(Attribute::Nonce, "obMatJos2AAAAserver")
      .text(Attribute::Realm, "example.org")
      .text(Attribute::Software, "x")
      .u32(Attribute::ChangeRequest, 6)
      .u32(Attribute::Lifetime, 600)
      .u32(Attribute::Priority, 1)
      .u32(Attribute::ChannelNumber, 0x40000000)
      .u32(Attribute::RequestedTransport, 0x11000000)
      .u32(Attribute::RequestedAddressFamily, 0x01000000)
      .u32(Attribute::EcnCheck, 3)
      .u32(Attribute::TransactionTransmitCounter, 0x0101)
      .u32(Attribute::GoogNetworkInfo, 0x0001000a)
      .u32(Attribute::Renomination, 1)
      .u64(Attribute::IceControlling, 1)
      .u64(Attribute::Icmp, 0x0000060300000000)
      .flag(Attribute::UseCandidate)
      .error_code(420, "Unknown")
      .unknown_attributes({0x1234, 0x0006})
      .attribute(Attribute::EvenPort, hex("80"))
      .attribute(Attribute::ResponsePort, hex("0d960000"))
      .attribute(Attribute::PasswordAlgorithms, hex("00020001aa00000000010000"))
      .attribute(Attribute::Data, hex("0102030405"))
      .attribute(0x7ffe, hex("010203"))
      .address(Attribute::XorMappedAddress, Endpoint::parse("192.0.2.1:1").value())
      .address(Attribute::MappedAddress, Endpoint::parse("[2001:db8::1]:1").value())
      .message_integrity(as_bytes("key"))
      .fingerprint();
  return out;
}

TEST(DissectCoverage, TheLeavesOfEveryMessageCoverEachOfItsBytes) {
  std::vector<Sample> all = samples();
  all.push_back({dissect_turn, every_attribute()});
  all.push_back({dissect_stun, every_attribute()});
  ASSERT_GT(all.size(), 50U);
  for (const Sample& sample : all) {
    const Field root = sample.dissect(sample.bytes, {}, 0, 0);
    EXPECT_EQ(first_gap({root}, sample.bytes.size()), sample.bytes.size()) << to_text(root);
  }
}

TEST(DissectCoverage, DamagedMessagesAreCoveredAndTheirFaultsReachTheRoot) {
  for (const Sample& sample : samples()) {
    for (std::size_t size = 1; size < sample.bytes.size(); size += 1 + size / 8) {
      const Bytes prefix = Bytes(sample.bytes).first(size);
      const Field root = sample.dissect(prefix, {}, 0, 0);
      EXPECT_EQ(first_gap({root}, size), size) << to_text(root);
      expect_faults_reach_the_root(root);
    }
  }
}

TEST(DissectCoverage, WhatASnapLengthCutIsNoFault) {
  for (const Sample& sample : samples()) {
    if (has_fault(sample.dissect(sample.bytes, {}, 0, 0)))
      continue;
    for (std::size_t size = 1; size < sample.bytes.size(); size += 1 + size / 8) {
      const Field root =
          sample.dissect(Bytes(sample.bytes).first(size), {}, 0, sample.bytes.size() - size);
      EXPECT_FALSE(has_fault(root)) << size << '\n' << to_text(root);
      EXPECT_EQ(first_gap({root}, size), size) << to_text(root);
      EXPECT_NE(to_text(root).find("cut here"), std::string::npos) << to_text(root);
    }
  }
}

}  // namespace
}  // namespace parley::analyzer
