#include <cstdint>

#include "analyzer/dissect/field.h"
#include "fuzz/check.h"
#include "stack/wire/rtcp.h"
#include "stack/wire/rtcp_feedback.h"

namespace {

using parley::Bytes;
using parley::fuzz::require;
namespace rtcp = parley::rtcp;

// The packets stand one behind the other, and their parts lie inside.
void require_in_order(const rtcp::Compound& compound, Bytes datagram) {
  std::size_t at = 0;
  for (const rtcp::PacketView& packet : compound.packets) {
    require(packet.offset == at && packet.bytes.data() == datagram.data() + at);
    require(rtcp::kHeaderSize + packet.body.size() + packet.padding_size == packet.bytes.size());
    at += packet.bytes.size();
  }
  require(at <= datagram.size());
  require(at == datagram.size() || compound.error);
  require(!compound.error || compound.error->offset <= datagram.size());
}

// As many statuses as the feedback counts.
void require_every_status(const rtcp::PacketView& packet) {
  const auto wide = rtcp::TransportWide::decode(packet);
  if (!wide)
    return;
  rtcp::StatusReader reader(*wide);
  std::size_t statuses = 0;
  while (reader.next())
    ++statuses;
  require(statuses == wide->status_count);
}

bool has_fault(const rtcp::Compound& compound) {
  bool fault = compound.error.has_value();
  for (const rtcp::PacketView& packet : compound.packets) {
    const auto found = rtcp::check_body(packet);
    require(!found || (found->offset >= packet.offset &&
                       found->offset <= packet.offset + packet.bytes.size()));
    fault = fault || found;
    if (rtcp::is_feedback(packet, rtcp::TransportFormat::TransportWide))
      require_every_status(packet);
  }
  return fault;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = parley::fuzz::input(data, size);
  const rtcp::Compound compound = rtcp::decode_compound(input);
  require_in_order(compound, input);
  const bool fault = has_fault(compound);
  require(!rtcp::is_clear(input) || !fault);
  const parley::analyzer::Field field = parley::analyzer::dissect_rtcp(input);
  parley::fuzz::require_inside(field, 0, size);
  // The tree and the codec judge alike; what may be SRTCP is not opened.
  require(field.fault == fault || (fault && field.children.back().name == "Rest"));
  require(!parley::analyzer::to_text(field).empty());
  require(!parley::analyzer::to_json(field).empty());
  return 0;
}
