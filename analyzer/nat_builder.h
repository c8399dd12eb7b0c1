#pragma once

// What the packets say of the NAT in front of each peer (RFC 4787 sections 4.1 and 4.2): which
// outside address one socket had towards which destination, by XOR-MAPPED-ADDRESS and, with
// captures on both sides of the NAT, by the packets themselves. Filtering is left open: that
// nothing came through may have other reasons.

#include "analyzer/call_layout.h"
#include "analyzer/model/model.h"
#include "analyzer/pipeline.h"

namespace parley::analyzer {

void fill_nats(Pipeline& pipeline, const CallLayout& layout, Call& call);

}  // namespace parley::analyzer
