#include <cstdint>

#include "analyzer/dissect/field.h"
#include "fuzz/check.h"
#include "stack/wire/demux.h"
#include "stack/wire/rtp.h"

namespace {

using parley::Bytes;
using parley::fuzz::require;
using parley::rtp::PacketView;

// The parts of a packet cover it from the first octet to the last.
void require_whole(const PacketView& view, Bytes packet) {
  const std::size_t header = 12 + view.csrcs.size();
  const std::size_t extension = view.extension ? 4 + view.extension_data.size() : 0;
  require(header + extension == view.payload_offset);
  require(view.payload_offset + view.payload.size() == packet.size());
}

void require_elements_inside(const PacketView& view) {
  const auto elements = view.extension_elements();
  if (!elements) {
    require(elements.error().offset <= view.payload_offset);
    return;
  }
  for (const auto& element : *elements) {
    require(element.offset >= view.extension_offset + 4);
    require(element.offset + element.header_size + element.data.size() <= view.payload_offset);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = parley::fuzz::input(data, size);
  (void)parley::classify_first_byte(input);
  const auto view = PacketView::decode(input);
  if (view) {
    require_whole(*view, input);
    require_elements_inside(*view);
    const auto padding = view->padding_size();
    require(!padding || *padding <= view->payload.size());
  } else {
    require(view.error().offset <= size);
  }
  const parley::analyzer::Field field = parley::analyzer::dissect_rtp(input);
  parley::fuzz::require_inside(field, 0, size);
  require(!parley::analyzer::to_text(field).empty());
  require(!parley::analyzer::to_json(field).empty());
  return 0;
}
