#pragma once

// The bodies of handshake messages, without their 12-byte header, as field trees.

#include <cstdint>

#include "analyzer/dissect/field.h"
#include "analyzer/dissect/field_reader.h"
#include "stack/wire/dtls.h"

namespace parley::analyzer {

struct MessageContext {
  dtls::HandshakeType type = dtls::HandshakeType::HelloRequest;
  std::uint16_t record_version = 0;  // DTLS 1.0 signs without naming the algorithm
  std::size_t missing = 0;           // octets of the body that were not captured
};

// Adds the fields of `body` to `to`. Offsets count from `base`.
void dissect_handshake_body(Field& to, const MessageContext& context, Bytes body, std::size_t base);

// Which hello an extension stands in: several look different there.
enum class ExtensionPlace : std::uint8_t { ClientHello, ServerHello, HelloRetryRequest };

// The extensions block with its length.
void dissect_extensions(Field& to, FieldReader& reader, ExtensionPlace place);

// "x25519 (0x001d)"; a name that is the number itself stands alone.
std::string code_text(const std::string& name, std::uint64_t code);

}  // namespace parley::analyzer
