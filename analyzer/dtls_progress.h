#pragma once

// How far a DTLS handshake came and how long it took, judged from where its packets were seen. Both
// Finished messages on the wire do not make it complete: the side that receives the last flight has
// to get it (RFC 6347 section 4.2.4), which shows at its own socket, or in what it does next.

#include <vector>

#include "analyzer/transport_builder.h"

namespace parley::analyzer {

// The association on one flow of a transport.
struct DtlsPart {
  const DtlsAssociation* association;
  FlowUse use;
  Side side(Direction d) const { return d == use.from_a ? Side::A : Side::B; }
  const DtlsHalf& half(Side s) const { return association->halves[direction_of(use, s)]; }
  std::uint64_t records() const {
    return association->halves[0].records + association->halves[1].records;
  }
};

// The earliest of what each part saw.
template <class Get>
std::optional<Sighting> earliest(const std::vector<DtlsPart>& parts, Get&& get) {
  std::optional<Sighting> best;
  for (const DtlsPart& part : parts) {
    const std::optional<Sighting> seen = get(part);
    if (seen && (!best || seen->at < best->at))
      best = seen;
  }
  return best;
}

// Fills state, times and handshake_ms; `t` has its client, version and alerts already. `end`: of
// the captures.
void judge_handshake(const std::vector<DtlsPart>& parts, const OwnFlows& own, Instant end,
                     Transport& t);

}  // namespace parley::analyzer
