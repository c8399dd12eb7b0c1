#pragma once

// What a UDP payload carries, in the words of its protocol: for the record of a packet that was
// dropped. Reads the packet alone; what is encrypted stays unnamed.

#include <string>

#include "stack/base/bytes.h"

namespace parley::sim {

struct PacketContent {
  std::string what;         // "Binding request", "DTLS ClientHello"; empty: nothing that we know
  std::string transaction;  // of STUN, in hexadecimal
};

PacketContent content_of(Bytes payload);

}  // namespace parley::sim
