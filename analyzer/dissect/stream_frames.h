#pragma once

// Cuts one TCP segment into the STUN messages and ChannelData frames that stand whole in it (RFC
// 8489 section 6.2.2, RFC 8656 section 12.5). It knows one segment alone: a message that goes on in
// the next segment is the rest here; analyzer/track/turn_stream.h puts streams together.

#include <vector>

#include "stack/base/bytes.h"

namespace parley::analyzer {

struct StreamFrames {
  std::vector<Bytes> frames;  // padding included
  Bytes rest;                 // the beginning of a frame that is not whole, or what is no TURN
};

StreamFrames split_stream(Bytes segment);
// How many octets of the frame that `rest` begins the capture lacks, if that frame ends within the
// `missing` octets of the segment; 0: `rest` is something else.
std::size_t cut_frame(const StreamFrames& split, std::size_t missing);

}  // namespace parley::analyzer
