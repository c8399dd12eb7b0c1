#pragma once

// One line about a payload, as the packet list shows it: "Binding request  user wiaa:qVy4 ...".

#include <string>

#include "stack/base/bytes.h"
#include "stack/wire/demux.h"

namespace parley::analyzer {

struct Summary {
  std::string protocol;  // "STUN", "TURN", "DTLS", "RTP", "RTCP", "UDP"
  std::string info;      // printable
};

// `as` is what evidence says the payload is (payload_evidence.h).
Summary summarize(PayloadClass as, Bytes payload);
// A TCP segment that begins with a whole frame of TURN: its frames, and what follows them.
Summary summarize_segment(Bytes segment);

}  // namespace parley::analyzer
