#pragma once

// The real datagrams of tests/vectors/dtls_captures.json.

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "stack/wire/dtls.h"

namespace parley::dtls {

inline nlohmann::json load_vectors(const std::string& name) {
  std::ifstream file(std::string(PARLEY_SOURCE_DIR "/tests/vectors/") + name);
  return nlohmann::json::parse(file);
}

struct CapturedDatagram {
  std::string source;
  std::uint64_t packet = 0;
  std::uint16_t source_port = 0;
  ByteBuffer bytes;
  nlohmann::json tshark;  // field name -> list of texts

  std::vector<std::uint64_t> numbers(const std::string& field, int base = 0) const {
    std::vector<std::uint64_t> values;
    if (tshark.contains(field))
      for (const auto& text : tshark[field])
        values.push_back(std::stoull(text.get<std::string>(), nullptr, base));
    return values;
  }
  std::string text(const std::string& field) const {
    return tshark.contains(field) ? tshark[field][0].get<std::string>() : std::string();
  }
};

inline std::vector<CapturedDatagram> captured_datagrams() {
  std::vector<CapturedDatagram> list;
  const nlohmann::json vectors = load_vectors("dtls_captures.json");
  for (const auto& d : vectors["datagrams"])
    list.push_back({d["source"], d["packet"], d["source_port"],
                    parse_hex(d["hex"].get<std::string>()).value(), d["tshark"]});
  return list;
}

inline CapturedDatagram captured(std::string_view source_part, std::uint64_t packet) {
  for (const CapturedDatagram& d : captured_datagrams())
    if (d.packet == packet && d.source.find(source_part) != std::string::npos)
      return d;
  ADD_FAILURE() << "no such vector: " << source_part << " " << packet;
  return {};
}

// All handshake messages in clear of these packets, put together, in order of completion.
inline std::vector<HandshakeReassembler::Message> captured_messages(
    std::string_view source_part, const std::vector<std::uint64_t>& packets) {
  std::vector<HandshakeReassembler::Message> messages;
  HandshakeReassembler reassembler;
  for (const std::uint64_t packet : packets) {
    const CapturedDatagram datagram = captured(source_part, packet);
    const RecordList list = decode_records(datagram.bytes);
    EXPECT_FALSE(list.error);
    for (const RecordView& record : list.records) {
      if (!record.in_clear() || record.type != ContentType::Handshake)
        continue;
      const auto fragments =
          decode_handshake_fragments(record.fragment, record.offset + record.header_size);
      EXPECT_FALSE(fragments.error);
      HandshakeReassembler::Message message;
      for (const HandshakeFragment& fragment : fragments.fragments)
        if (reassembler.add(fragment, message) == HandshakeReassembler::Outcome::Completed)
          messages.push_back(message);
    }
  }
  return messages;
}

}  // namespace parley::dtls
