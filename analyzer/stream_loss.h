#pragma once

// How much of an RTP stream was lost between the point nearest to its sender and that nearest to
// its receiver, where either capture may begin later or end earlier than the other.

#include <cstdint>

#include "analyzer/point_extents.h"
#include "analyzer/track/rtp_tracker.h"

namespace parley::analyzer {

struct StreamLoss {
  std::uint64_t lost = 0;
  // A share of what was sent around the receiver's first and last packet is counted, or numbers
  // are missing of which it does not show that they were sent.
  bool inferred = false;
  // That capture lacks the stream's beginning or end.
  bool sent_in_part = false, arrived_in_part = false;

  StreamLoss& operator+=(const StreamLoss& other);
};

// The same stream as both points saw it, and how long each of them was captured.
StreamLoss lost_between(const RtpStream& sent, const Extent& sender, const RtpStream& arrived,
                        const Extent& receiver);

}  // namespace parley::analyzer
