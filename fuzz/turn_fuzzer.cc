#include <cstdint>

#include "analyzer/dissect/field.h"
#include "fuzz/check.h"
#include "stack/wire/stun.h"
#include "stack/wire/turn.h"

namespace {

using parley::Bytes;
using parley::fuzz::require;
using parley::turn::FrameKind;

// Cuts a TCP stream into frames; every step either takes bytes or ends.
void cut_stream(Bytes stream) {
  while (!stream.empty()) {
    const parley::turn::StreamFrame frame = parley::turn::next_stream_frame(stream);
    if (frame.kind == FrameKind::NeedMore || frame.kind == FrameKind::NotTurn)
      return;
    require(frame.size >= 4 && frame.size % 4 == 0 && frame.size <= stream.size());
    const Bytes message = stream.first(frame.size);
    if (frame.kind == FrameKind::ChannelData)
      require(parley::turn::ChannelDataView::decode(message).has_value());
    else
      require(parley::stun::MessageView::message_size(message) == message.size());
    stream = stream.subspan(frame.size);
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer fixes this name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = parley::fuzz::input(data, size);
  cut_stream(input);
  const auto view = parley::turn::ChannelDataView::decode(input);
  if (view)
    require(4 + view->data.size() + view->padding == size);
  else
    require(view.error().offset <= size);
  const parley::analyzer::Field field = parley::analyzer::dissect_turn(input, {});
  parley::fuzz::require_inside(field, 0, size);
  require(!parley::analyzer::to_json(field).empty());
  return 0;
}
