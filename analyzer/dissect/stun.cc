#include "stack/wire/stun.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "analyzer/dissect/field.h"
#include "analyzer/dissect/stun_attributes.h"
#include "analyzer/dissect/stun_integrity.h"

namespace parley::analyzer {
namespace {

using stun::Attribute;
using stun::AttributeView;
using stun::MessageView;
using stun::Verification;

constexpr std::size_t kAttributeHeaderSize = 4;

// Where the message stands.
struct Place {
  std::size_t base = 0;
  std::size_t missing = 0;  // octets that were not captured
};

// What is needed beside one attribute to say what it is worth.
struct Context {
  Bytes message;
  const DissectOptions& options;
  StunScope scope;
  std::size_t missing = 0;
  std::optional<MessageView> view;  // when the whole message is well formed
  std::set<std::uint16_t> seen;     // types of attributes that counted
};

// Which attributes may come more than once: a permission for several peers, an allocation in both
// families.
bool may_repeat(const AttributeView& attribute) {
  return attribute.is(Attribute::XorPeerAddress) || attribute.is(Attribute::XorRelayedAddress) ||
         attribute.is(Attribute::AddressErrorCode);
}

std::string_view why_not_checked(const Context& context) {
  return context.missing > 0 ? " (not checked: the packet is cut)"
                             : " (not checked: the message is damaged)";
}

void judge_fingerprint(Field& field, const MessageView& view) {
  if (view.verify_fingerprint() == Verification::Good) {
    field.value += " (good)";
    return;
  }
  field.value += fmt::format(" (bad: expected {:#010x})", view.computed_fingerprint().value_or(0));
  field.fault = true;
}

void judge_check(Field& field, const Context& context, const AttributeView& attribute) {
  const bool integrity = attribute.is(Attribute::MessageIntegrity) ||
                         attribute.is(Attribute::MessageIntegritySha256) ||
                         attribute.is(Attribute::GoogMessageIntegrity32);
  if (!integrity && !attribute.is(Attribute::Fingerprint))
    return;
  if (!context.view)
    field.value += why_not_checked(context);
  else if (integrity)
    judge_integrity(field, *context.view, attribute, context.options);
  else
    judge_fingerprint(field, *context.view);
}

// Adds what the place in the message says about an attribute. False: it does not count.
bool judge_place(Field& field, Context& context, const AttributeView& attribute) {
  if (attribute.ignored) {
    field.value += " (ignored: stands behind the attribute that ends the checked part)";
    return false;
  }
  if (!context.seen.insert(attribute.type).second && !may_repeat(attribute)) {
    field.value += " (ignored: the first one counts)";
    return false;
  }
  return true;
}

void add_malformed_value(Field& field, const AttributeView& attribute, const WireError& error,
                         std::size_t base) {
  const std::size_t end = attribute.offset + kAttributeHeaderSize + attribute.value.size();
  field.value = fmt::format("{} (malformed)", short_hex(attribute.value));
  field.fault = true;
  if (!attribute.value.empty())
    field.add("Value", short_hex(attribute.value), base + attribute.offset + kAttributeHeaderSize,
              attribute.value.size());
  const bool length = error.offset < attribute.offset + kAttributeHeaderSize;
  field.children.push_back(
      make_fault("Fault", fmt::format("{}: expected {}", to_string(error.fault), error.field),
                 base + error.offset, length ? 2 : end - error.offset));
}

void add_value(Field& field, const Context& context, const AttributeView& attribute) {
  const std::size_t base = context.scope.base;
  if (const auto error = stun::check_value(attribute))
    return add_malformed_value(field, attribute, *error, base);
  const std::size_t children = field.children.size();
  describe_value(field, attribute, {context.options, context.scope});
  if (!attribute.value.empty() && field.children.size() == children)
    field.add("Value", field.value, base + attribute.offset + kAttributeHeaderSize,
              attribute.value.size());
  if (!stun::is_known_attribute(attribute.type))
    field.value += stun::comprehension_required(attribute.type) ? " (unknown, must be understood)"
                                                                : " (unknown, may be ignored)";
}

void add_attribute(Field& root, Context& context, const AttributeView& attribute) {
  const std::size_t base = context.scope.base;
  const std::size_t offset = base + attribute.offset;
  const std::size_t size = attribute.value.size();
  const std::size_t left = context.message.size() - attribute.offset - kAttributeHeaderSize - size;
  const std::size_t padding = std::min((4U - size % 4U) % 4U, left);
  Field& field = root.add(stun::attribute_name(attribute.type), "", offset,
                          kAttributeHeaderSize + size + padding);
  field.add("Type", fmt::format("{:#06x}", attribute.type), offset, 2);
  field.add("Length", std::to_string(size), offset + 2, 2);
  add_value(field, context, attribute);
  if (padding > 0)
    field.add(
        "Padding",
        to_hex(context.message.subspan(attribute.offset + kAttributeHeaderSize + size, padding)),
        offset + kAttributeHeaderSize + size, padding);
  if (judge_place(field, context, attribute) && !stun::check_value(attribute))
    judge_check(field, context, attribute);
}

// The first octets of an attribute, too few for its type and length.
Field broken_header(Bytes rest, std::size_t base, std::size_t missing) {
  if (missing > 0)
    return make_field("Attribute", cut_text(rest.size(), kAttributeHeaderSize), base, rest.size());
  return make_fault("Attribute", "truncated: expected 4 bytes of type and length", base,
                    rest.size());
}

// An attribute that reaches beyond what there is of the message: damaged, or cut.
Field broken_attribute(Bytes rest, std::size_t base, std::size_t missing) {
  if (rest.size() < kAttributeHeaderSize)
    return broken_header(rest, base, missing);
  const std::uint16_t type = load_u16(rest.data());
  const std::size_t size = load_u16(rest.data() + 2);
  const Bytes value = rest.subspan(kAttributeHeaderSize);
  const bool cut = size - value.size() <= missing;
  Field field = make_field(
      stun::attribute_name(type),
      cut ? cut_text(value.size(), size)
          : fmt::format("truncated: expected {} bytes of value, {} are left", size, value.size()),
      base, rest.size());
  field.fault = !cut;
  field.add("Type", fmt::format("{:#06x}", type), base, 2);
  field.add("Length", std::to_string(size), base + 2, 2);
  if (!value.empty())
    field.add("Value", short_hex(value), base + kAttributeHeaderSize, value.size());
  return field;
}

// Walks a list that breaks off or does not fit the length in the header as far as it goes.
void add_damaged_attributes(Field& root, Context& context) {
  const Bytes message = context.message;
  for (std::size_t at = stun::kHeaderSize; at < message.size();) {
    const Bytes rest = message.subspan(at);
    const std::size_t size =
        rest.size() < kAttributeHeaderSize ? rest.size() : load_u16(rest.data() + 2);
    if (rest.size() < kAttributeHeaderSize || size > rest.size() - kAttributeHeaderSize) {
      root.children.push_back(broken_attribute(rest, context.scope.base + at, context.missing));
      return;
    }
    AttributeView attribute;
    attribute.type = load_u16(rest.data());
    attribute.offset = static_cast<std::uint32_t>(at);
    attribute.value = rest.subspan(kAttributeHeaderSize, size);
    add_attribute(root, context, attribute);
    at += kAttributeHeaderSize + ((size + 3U) & ~std::size_t{3});
  }
}

void add_attributes(Field& root, Context& context) {
  if (!context.view)
    return add_damaged_attributes(root, context);
  for (const AttributeView& attribute : context.view->attributes())
    add_attribute(root, context, attribute);
}

void add_header(Field& root, Bytes message, const Place& place) {
  const std::size_t base = place.base;
  const std::uint16_t type = load_u16(message.data());
  const std::size_t length = load_u16(message.data() + 2);
  const std::uint32_t cookie = load_u32(message.data() + 4);
  root.add("Message Type", fmt::format("{:#06x} ({})", type, root.value), base, 2);
  const std::size_t follow = message.size() + place.missing - stun::kHeaderSize;
  Field& length_field = root.add("Message Length", std::to_string(length), base + 2, 2);
  if (length % 4 != 0 || length != follow) {
    length_field.fault = true;
    length_field.value +=
        length % 4 != 0 ? " (expected a multiple of 4)" : fmt::format(" (expected {})", follow);
  }
  root.add(
      "Magic Cookie",
      fmt::format("{:#010x}{}", cookie,
                  cookie == stun::kMagicCookie ? "" : " (not 0x2112a442: a message of RFC 3489)"),
      base + 4, 4);
  root.add("Transaction ID", to_hex(message.subspan(8, 12)), base + 8, 12);
}

// Class and method, of any 16 bits that begin with two zero bits.
std::string message_name(Bytes message, stun::Method& method) {
  std::array<std::byte, stun::kHeaderSize> header{};
  std::copy_n(message.begin(), 2, header.begin());
  const auto view = MessageView::decode(header);
  if (!view)
    return "not STUN";
  method = view->method();
  return fmt::format("{} {}", stun::method_name(method), stun::class_name(view->message_class()));
}

// A header that is not whole, or the octets of something else.
Field broken_message(Bytes message, const WireError& error, const Place& place) {
  const bool cut = place.missing > 0 && error.fault == WireFault::Truncated;
  Field root = make_field(
      "STUN", cut ? cut_text(message.size(), message.size() + place.missing) : to_string(error),
      place.base, message.size());
  root.fault = !cut;
  if (!message.empty())
    root.add("Octets", short_hex(message), place.base, message.size());
  return root;
}

Field dissect(Bytes message, const DissectOptions& options, const Place& place, bool open_data) {
  const auto view = MessageView::decode(message, place.base);
  if (message.size() < stun::kHeaderSize || (load_u8(message.data()) & 0xc0U) != 0)
    return broken_message(message, view.error(), place);
  Field root = make_field("STUN", "", place.base, message.size());
  Context context{
      message,       options,      {stun::Method::Binding, {}, place.base, open_data, {}},
      place.missing, std::nullopt, {}};
  root.value = message_name(message, context.scope.method);
  std::copy_n(message.begin() + 8, context.scope.id.size(), context.scope.id.begin());
  if (view) {
    context.view = *view;
    remember_credential(*view, options);
    if (const auto peer = view->xor_peer_address())
      context.scope.peer = to_string(*peer);
  }
  add_header(root, message, place);
  add_attributes(root, context);
  propagate_faults(root);
  if (!view && place.missing > 0) {
    root.value += ", " + cut_text(message.size(), message.size() + place.missing);
  } else if (!view) {
    root.value += ", malformed: " + to_string(view.error());
    root.fault = true;
  }
  return root;
}

}  // namespace

Field dissect_stun(Bytes message, const DissectOptions& options, std::size_t base,
                   std::size_t missing) {
  return dissect(message, options, {base, missing}, false);
}

Field dissect_stun_opened(Bytes message, const DissectOptions& options, std::size_t base,
                          std::size_t missing) {
  return dissect(message, options, {base, missing}, true);
}

}  // namespace parley::analyzer
