#pragma once

// The values of STUN attributes as fields: what each octet means. Knows one attribute at a time;
// what its place in the message or a key says about it is added by stun.cc.

#include <cstddef>
#include <string>

#include "analyzer/dissect/field.h"
#include "stack/wire/stun.h"

namespace parley::analyzer {

struct StunScope {
  stun::Method method = stun::Method::Binding;
  stun::TransactionId id{};
  std::size_t base = 0;    // of the message in what is dissected
  bool open_data = false;  // whether DATA holds a packet that is worth opening
  std::string peer;        // XOR-PEER-ADDRESS of the message, if it has one
};

// Hexadecimal digits, cut after 32 octets with the number of those left out.
std::string short_hex(Bytes bytes);

struct StunContext {
  const DissectOptions& options;
  const StunScope& scope;
};
// Sets the value of `field` and adds its parts. The value is well formed by stun::check_value.
void describe_value(Field& field, const stun::AttributeView& attribute, const StunContext& context);

// A packet that TURN carries for a peer: STUN, DTLS or RTP by its first byte, else octets.
Field dissect_inner(Bytes packet, const DissectOptions& options, std::size_t base,
                    std::size_t missing = 0);

// As dissect_stun(), and opens the packet inside DATA.
Field dissect_stun_opened(Bytes message, const DissectOptions& options, std::size_t base,
                          std::size_t missing = 0);

}  // namespace parley::analyzer
