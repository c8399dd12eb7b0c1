#pragma once

// Lists what goes on in flows that no connectivity check explains: LooseFlow of the model.

#include <cstddef>
#include <vector>

#include "analyzer/flow_table.h"
#include "analyzer/model/model.h"
#include "analyzer/track/rtp_tracker.h"

namespace parley::analyzer {

inline constexpr std::size_t kMaxLoose = 10'000;  // entries in the list

// The RTP streams of the flow that show continuity.
void add_loose_rtp(const FlowRecord& flow, const RtpTracker& rtp, std::vector<LooseFlow>& list);
// The DTLS of a flow that shows a handshake in both directions.
void add_loose_dtls(const FlowRecord& flow, std::vector<LooseFlow>& list);

}  // namespace parley::analyzer
