#pragma once

// One line about a payload, as the packet list shows it: "Binding request  user wiaa:qVy4 ...".

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "stack/base/bytes.h"
#include "stack/wire/demux.h"

namespace parley::analyzer {

struct Summary {
  std::string protocol;  // "STUN", "TURN", "DTLS", "SRTP", "RTP", "SRTCP", "RTCP", "UDP"
  std::string info;      // printable
};

struct SummaryScope {
  std::size_t missing = 0;  // octets of the payload that were not captured
  bool srtp = false;        // media of this flow is protected
};

// `as` is what evidence says the payload is (payload_evidence.h).
Summary summarize(PayloadClass as, Bytes payload, const SummaryScope& scope = {});
// A TCP segment that begins with a whole frame of TURN: its frames, and what follows them.
Summary summarize_segment(Bytes segment, const SummaryScope& scope = {});
// What a message of DNS asks or answers (RFC 1035 section 4.1); nullopt: it is none.
std::optional<std::string> dns_info(Bytes payload);
// "sender report", "picture loss indication"; `first` is the first octet of the packet.
std::string rtcp_name(std::uint8_t first, std::uint8_t type);

}  // namespace parley::analyzer
