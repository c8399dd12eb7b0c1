#include <cstdint>

#include "analyzer/dissect/field.h"
#include "fuzz/check.h"
#include "stack/wire/stun.h"

namespace {

using parley::as_bytes;
using parley::ByteBuffer;
using parley::Bytes;
using parley::fuzz::require;
using parley::stun::Attribute;
using parley::stun::MessageView;

void read_everything(const MessageView& view) {
  for (const auto& attribute : view.attributes()) {
    const auto type = static_cast<Attribute>(attribute.type);
    (void)view.endpoint(type);
    (void)view.text(type);
    (void)view.u32(type);
    (void)view.u64(type);
    (void)view.has(type);
  }
  (void)view.channel_number();
  (void)view.error_code();
  (void)view.malformed();
  (void)view.unknown_required();
  (void)view.verify_integrity(as_bytes("password"));
  (void)view.verify_integrity_sha256(as_bytes("password"));
  (void)view.verify_fingerprint();
}

// The same attributes in a new message give the same message, but for what the padding holds.
void require_round_trip(const MessageView& view) {
  ByteBuffer out;
  parley::stun::MessageBuilder builder(out, view.message_class(), view.method(),
                                       view.transaction_id());
  for (const auto& attribute : view.attributes())
    builder.attribute(attribute.type, attribute.value);
  const auto again = MessageView::decode(builder.finish());
  require(again.has_value());
  require(again->message().size() == view.message().size());
  const auto before = view.attributes();
  const auto after = again->attributes();
  require(before.size() == after.size());
  for (std::size_t i = 0; i < before.size(); ++i)
    require(before[i].type == after[i].type && before[i].offset == after[i].offset &&
            parley::as_text(before[i].value) == parley::as_text(after[i].value));
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer fixes this name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = parley::fuzz::input(data, size);
  const auto view = MessageView::decode(input);
  if (view) {
    read_everything(*view);
    require_round_trip(*view);
  } else {
    require(view.error().offset <= size);
  }
  parley::analyzer::DissectOptions options;
  options.passwords = {"password"};
  const parley::analyzer::Field field = parley::analyzer::dissect_stun(input, options);
  parley::fuzz::require_inside(field, 0, size);
  require(!parley::analyzer::to_text(field).empty());
  require(!parley::analyzer::to_json(field).empty());
  return 0;
}
