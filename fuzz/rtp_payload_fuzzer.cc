// The payload formats of media. The first octet chooses, the rest is the payload.

#include <cstdint>

#include "fuzz/check.h"
#include "stack/wire/rtp_payload_av1.h"
#include "stack/wire/rtp_payload_h264.h"
#include "stack/wire/rtp_payload_opus.h"
#include "stack/wire/rtp_payload_repair.h"
#include "stack/wire/rtp_payload_vp8.h"
#include "stack/wire/rtp_payload_vp9.h"

namespace {

using parley::Bytes;
using parley::fuzz::require;
namespace rtp = parley::rtp;

void require_inside(Bytes part, Bytes whole) {
  require(part.empty() || (part.data() >= whole.data() &&
                           part.data() + part.size() <= whole.data() + whole.size()));
}

template <class T>
void require_offset(const parley::Result<T>& result, Bytes whole) {
  require(result || result.error().offset <= whole.size());
}

void check_video(std::uint8_t what, Bytes payload) {
  if (what == 0) {
    const auto vp8 = rtp::Vp8Payload::decode(payload);
    require_offset(vp8, payload);
    require(!vp8 || vp8->data_offset + vp8->data.size() == payload.size());
    return;
  }
  const auto vp9 = rtp::Vp9Payload::decode(payload);
  require_offset(vp9, payload);
  require(!vp9 || vp9->data_offset + vp9->data.size() == payload.size());
  require(!vp9 || vp9->reference_differences.size() <= 3);
}

void check_units(std::uint8_t what, Bytes payload) {
  if (what == 2) {
    const auto h264 = rtp::H264Payload::decode(payload);
    require_offset(h264, payload);
    require(!h264 || !h264->units.empty());
    if (h264)
      for (const rtp::H264NalUnit& unit : h264->units)
        require_inside(unit.body, payload);
    return;
  }
  const auto av1 = rtp::Av1Payload::decode(payload);
  require_offset(av1, payload);
  require(!av1 || !av1->elements.empty());
  if (av1)
    for (const rtp::Av1Element& element : av1->elements)
      require_inside(element.bytes, payload);
}

void check_audio(Bytes payload) {
  const auto opus = rtp::OpusPayload::decode(payload);
  require_offset(opus, payload);
  require(!opus || (opus->samples > 0 && opus->samples <= 5760));
  require(!opus || opus->coded_octets < payload.size());
}

void check_repair(Bytes payload) {
  const auto red = rtp::RedPayload::decode(payload);
  require_offset(red, payload);
  if (red)
    for (const rtp::RedBlock& block : red->blocks)
      require_inside(block.data, payload);
  const auto rtx = rtp::RtxPayload::decode(payload);
  require(!rtx || rtx->data.size() + 2 == payload.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const std::uint8_t what = data[0] % 6;
  const Bytes payload = parley::fuzz::input(data + 1, size - 1);
  if (what < 2)
    check_video(what, payload);
  else if (what < 4)
    check_units(what, payload);
  else if (what == 4)
    check_audio(payload);
  else
    check_repair(payload);
  return 0;
}
