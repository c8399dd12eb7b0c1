#include "stack/wire/stun.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "analyzer/dissect/field.h"
#include "analyzer/dissect/stun_attributes.h"
#include "stack/crypto/hmac.h"

namespace parley::analyzer {
namespace {

using stun::Attribute;
using stun::AttributeView;
using stun::MessageView;
using stun::Verification;

constexpr std::size_t kAttributeHeaderSize = 4;

// What is needed beside one attribute to say what it is worth.
struct Context {
  Bytes message;
  const DissectOptions& options;
  StunScope scope;
  std::optional<MessageView> view;  // when the whole message is well formed
  std::set<std::uint16_t> seen;     // types of attributes that counted
};

Field fault(std::string name, std::string value, std::size_t offset, std::size_t length) {
  return {std::move(name),
          std::move(value),
          static_cast<std::uint32_t>(offset),
          static_cast<std::uint32_t>(length),
          {},
          true};
}

// Which attributes may come more than once: a permission for several peers, an allocation in both
// families.
bool may_repeat(const AttributeView& attribute) {
  return attribute.is(Attribute::XorPeerAddress) || attribute.is(Attribute::XorRelayedAddress) ||
         attribute.is(Attribute::AddressErrorCode);
}

struct Key {
  ByteBuffer bytes;
  std::string_view kind;
};

// The keys that the password can mean in this message; none when a long-term key would need a user
// name and realm that the message does not carry.
std::vector<Key> keys_of(const Context& context) {
  const MessageView& view = *context.view;
  const auto username = view.username();
  const auto realm = view.text(Attribute::Realm);
  const std::string& password = context.options.password;
  if (username && realm) {
    std::vector<Key> keys;
    const auto md5 = crypto::long_term_key(*username, *realm, password);
    const auto sha256 = crypto::long_term_key_sha256(*username, *realm, password);
    keys.push_back({to_buffer(md5), "long-term password"});
    if (view.has(Attribute::PasswordAlgorithm))
      keys.push_back({to_buffer(sha256), "long-term password, SHA-256"});
    return keys;
  }
  const bool long_term =
      realm.has_value() || view.has(Attribute::Userhash) ||
      (view.method() != stun::Method::Binding && view.method() != stun::Method::GoogPing);
  if (long_term)
    return {};
  return {{to_buffer(as_bytes(password)), "short-term password"}};
}

// GOOG-MESSAGE-INTEGRITY-32 is the first 32 bits of what MESSAGE-INTEGRITY would be in its place.
Verification verify_goog_integrity(Bytes message, const AttributeView& attribute, Bytes key) {
  if (attribute.value.size() != 4)
    return Verification::Bad;
  const std::size_t length = attribute.offset + kAttributeHeaderSize + 4 - stun::kHeaderSize;
  const std::array<std::byte, 2> length_field{static_cast<std::byte>(length >> 8U),
                                              static_cast<std::byte>(length & 0xffU)};
  const auto digest = crypto::hmac_sha1(
      key, {message.first(2), length_field, message.subspan(4, attribute.offset - 4)});
  return crypto::equal_constant_time(Bytes(digest).first(4), attribute.value) ? Verification::Good
                                                                              : Verification::Bad;
}

Verification verify(const Context& context, const AttributeView& attribute, Bytes key) {
  if (attribute.is(Attribute::MessageIntegrity))
    return context.view->verify_integrity(key);
  if (attribute.is(Attribute::MessageIntegritySha256))
    return context.view->verify_integrity_sha256(key);
  return verify_goog_integrity(context.message, attribute, key);
}

void judge_integrity(Field& field, const Context& context, const AttributeView& attribute) {
  if (!context.view) {
    field.value += " (not checked: the message is damaged)";
    return;
  }
  if (context.options.password.empty()) {
    field.value += " (not checked: no password given)";
    return;
  }
  const std::vector<Key> keys = keys_of(context);
  if (keys.empty()) {
    field.value += " (not checked: the long-term key needs USERNAME and REALM)";
    return;
  }
  for (const Key& key : keys) {
    if (verify(context, attribute, key.bytes) == Verification::Good) {
      field.value += fmt::format(" (good: {})", key.kind);
      return;
    }
  }
  field.value += fmt::format(" (bad: does not fit the {})", keys.front().kind);
  field.fault = true;
}

void judge_fingerprint(Field& field, const Context& context) {
  const auto expected = context.view ? context.view->computed_fingerprint() : std::nullopt;
  if (!expected) {
    field.value += " (not checked: the message is damaged)";
  } else if (context.view->verify_fingerprint() == Verification::Good) {
    field.value += " (good)";
  } else {
    field.value += fmt::format(" (bad: expected {:#010x})", *expected);
    field.fault = true;
  }
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
  if (const auto error = stun::check_value(attribute)) {
    field.value = fmt::format("{} (malformed)", short_hex(attribute.value));
    field.fault = true;
    field.children.push_back(
        fault("Fault", fmt::format("{}: expected {}", to_string(error->fault), error->field),
              base + error->offset, 1));
  } else {
    describe_value(field, attribute, context.scope);
    if (!stun::is_known_attribute(attribute.type))
      field.value += stun::comprehension_required(attribute.type) ? " (unknown, must be understood)"
                                                                  : " (unknown, may be ignored)";
  }
  if (padding > 0)
    field.add(
        "Padding",
        to_hex(context.message.subspan(attribute.offset + kAttributeHeaderSize + size, padding)),
        offset + kAttributeHeaderSize + size, padding);
  const bool counts = judge_place(field, context, attribute);
  if (!counts || stun::check_value(attribute))
    return;
  if (attribute.is(Attribute::MessageIntegrity) ||
      attribute.is(Attribute::MessageIntegritySha256) ||
      attribute.is(Attribute::GoogMessageIntegrity32))
    judge_integrity(field, context, attribute);
  else if (attribute.is(Attribute::Fingerprint))
    judge_fingerprint(field, context);
}

// An attribute that reaches beyond the message, or the rest of one.
Field broken_attribute(Bytes rest, std::size_t base) {
  if (rest.size() < kAttributeHeaderSize)
    return fault("Attribute", "truncated: expected 4 bytes of type and length", base, rest.size());
  const std::uint16_t type = load_u16(rest.data());
  const std::size_t size = load_u16(rest.data() + 2);
  Field field = fault(stun::attribute_name(type),
                      fmt::format("truncated: expected {} bytes of value, {} are left", size,
                                  rest.size() - kAttributeHeaderSize),
                      base, rest.size());
  field.add("Type", fmt::format("{:#06x}", type), base, 2);
  field.add("Length", std::to_string(size), base + 2, 2);
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
      root.children.push_back(broken_attribute(rest, context.scope.base + at));
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

void add_header(Field& root, Bytes message, std::size_t base) {
  const std::uint16_t type = load_u16(message.data());
  const std::size_t length = load_u16(message.data() + 2);
  const std::uint32_t cookie = load_u32(message.data() + 4);
  root.add("Message Type", fmt::format("{:#06x} ({})", type, root.value), base, 2);
  const std::size_t follow = message.size() - stun::kHeaderSize;
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

Field dissect(Bytes message, const DissectOptions& options, std::size_t base, bool open_data) {
  Field root{
      "STUN", "",   static_cast<std::uint32_t>(base), static_cast<std::uint32_t>(message.size()),
      {},     false};
  const auto view = MessageView::decode(message, base);
  if (message.size() < stun::kHeaderSize || (load_u8(message.data()) & 0xc0U) != 0) {
    root.value = to_string(view.error());
    root.fault = true;
    return root;
  }
  Context context{message, options, {stun::Method::Binding, {}, base, open_data}, std::nullopt, {}};
  root.value = message_name(message, context.scope.method);
  std::copy_n(message.begin() + 8, context.scope.id.size(), context.scope.id.begin());
  if (view)
    context.view = *view;
  add_header(root, message, base);
  add_attributes(root, context);
  if (!view) {
    root.value += ", malformed: " + to_string(view.error());
    root.fault = true;
  }
  return root;
}

}  // namespace

Field dissect_stun(Bytes message, const DissectOptions& options, std::size_t base) {
  return dissect(message, options, base, false);
}

Field dissect_stun_opened(Bytes message, const DissectOptions& options, std::size_t base) {
  return dissect(message, options, base, true);
}

}  // namespace parley::analyzer
