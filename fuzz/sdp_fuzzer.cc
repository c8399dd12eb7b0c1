#include <cstdint>
#include <string>

#include "analyzer/dissect/field.h"
#include "fuzz/check.h"
#include "stack/wire/sdp.h"
#include "stack/wire/sdp_attributes.h"

namespace {

namespace sdp = parley::sdp;
using parley::fuzz::require;

// What was read is written again and read as the same.
void require_round_trip(const sdp::Attribute& attribute) {
  if (const auto candidate = sdp::Candidate::decode(attribute)) {
    const std::string text = to_value(*candidate);
    const auto again = sdp::Candidate::decode(std::string_view(text));
    require(again.has_value() && to_value(*again) == text);
  }
  if (const auto fingerprint = sdp::Fingerprint::decode(attribute)) {
    const std::string text = to_value(*fingerprint);
    require(sdp::Fingerprint::decode(std::string_view(text)) == *fingerprint);
  }
}

void require_whole(const sdp::Description& description, std::string_view text) {
  sdp::Writer writer;
  for (const sdp::Line& line : description.lines()) {
    require(line.offset < text.size() && line.end() <= text.size());
    writer.line(line.type, line.value);
    if (const auto attribute = attribute_of(line)) {
      require(attribute->value_offset <= line.end());
      require_round_trip(*attribute);
    }
  }
  const auto again = sdp::Description::decode(writer.text());
  require(again.has_value() && again->lines().size() == description.lines().size());
  require(again->media_count() == description.media_count());
  std::size_t lines = description.session().size();
  for (std::size_t i = 0; i < description.media_count(); ++i)
    lines += description.media(i).size();
  require(lines == description.lines().size());
  for (const parley::WireError& fault : description.faults())
    require(fault.offset <= text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = parley::as_text(parley::fuzz::input(data, size));
  if (const auto description = sdp::Description::decode(text))
    require_whole(*description, text);
  else
    require(description.error().offset <= size);
  const parley::analyzer::Field field = parley::analyzer::dissect_sdp(text);
  parley::fuzz::require_inside(field, 0, size);
  require(!parley::analyzer::to_json(field).empty());
  return 0;
}
