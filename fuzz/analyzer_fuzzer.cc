// The whole analyzer: a capture file goes in, calls, findings, text and JSON come out.

#include <cstdint>
#include <string>

#include "analyzer/call_builder.h"
#include "analyzer/capture_file.h"
#include "analyzer/diagnose/diagnose.h"
#include "analyzer/frame.h"
#include "analyzer/pipeline.h"
#include "analyzer/report/json.h"
#include "analyzer/report/text.h"
#include "fuzz/check.h"

namespace {

using parley::analyzer::Analysis;
using parley::analyzer::CaptureError;
using parley::analyzer::CaptureFile;
using parley::analyzer::FrameDecoder;
using parley::analyzer::FrameVerdict;
using parley::analyzer::Packet;
using parley::analyzer::Pipeline;
using parley::analyzer::RawPacket;
using parley::fuzz::require;

constexpr std::uint64_t kMaxPackets = 20'000;

void read_into(CaptureFile& file, Pipeline& pipeline) {
  FrameDecoder frames;
  RawPacket raw;
  Packet packet;
  while (file.packets() < kMaxPackets && file.next(raw))
    if (frames.decode(raw, {0, raw.number}, raw.interface, packet) == FrameVerdict::Decoded)
      pipeline.on_packet(packet);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto file = CaptureFile::from_memory(parley::fuzz::input(data, size), "input");
    Pipeline pipeline;
    read_into(*file, pipeline);
    pipeline.finish();
    Analysis analysis;
    analysis.captures.emplace_back();
    analysis.loose = pipeline.loose();
    analysis.calls = parley::analyzer::build_calls(pipeline);
    diagnose(analysis);
    std::string json;
    write_json(analysis, json);
    require(json.starts_with("{") && json.ends_with("}\n"));
    const std::string text = render_text(analysis, {});
    require(text.find('\x1b') == std::string::npos);
  } catch (const CaptureError&) {
    return 0;
  }
  return 0;
}
