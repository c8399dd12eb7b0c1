#include "analyzer/dissect/stun_integrity.h"

#include <array>
#include <optional>

#include <fmt/format.h>

#include "analyzer/dissect/memory.h"
#include "stack/crypto/hmac.h"

namespace parley::analyzer {
namespace {

using stun::Attribute;
using stun::AttributeView;
using stun::MessageView;
using stun::Verification;

constexpr std::size_t kAttributeHeaderSize = 4;

struct Key {
  ByteBuffer bytes;
  std::string_view kind;
};

enum class Credential { ShortTerm, LongTerm };

// RFC 8489 section 9: only the long-term mechanism has a realm; checks of ICE and what goes with
// them are Binding and short-term.
Credential credential_of(const MessageView& view) {
  const bool binding =
      view.method() == stun::Method::Binding || view.method() == stun::Method::GoogPing;
  return !binding || view.has(Attribute::Realm) || view.has(Attribute::Userhash)
             ? Credential::LongTerm
             : Credential::ShortTerm;
}

// USERHASH is SHA-256 of user name, colon and realm (RFC 8489 section 14.4): it confirms a user
// name that was given otherwise.
bool contradicts_userhash(const MessageView& view, const std::string& username,
                          const std::string& realm) {
  const auto attribute = view.find(Attribute::Userhash);
  if (!attribute)
    return false;
  const auto digest = crypto::sha256(as_bytes(username + ":" + realm));
  return !crypto::equal_constant_time(digest, attribute->value);
}

// The user name and realm of the key: those of the message, of the request that it answers, or
// those given with the password.
std::optional<DissectMemory::Credential> long_term_name(const MessageView& view,
                                                        const DissectOptions& options) {
  DissectMemory::Credential name{options.username, options.realm};
  if (options.memory != nullptr)
    if (const auto* request = options.memory->credential(view.transaction_id()))
      name = *request;
  if (const auto username = view.username())
    name.username = *username;
  if (const auto realm = view.text(Attribute::Realm))
    name.realm = *realm;
  if (name.username.empty() || name.realm.empty() ||
      contradicts_userhash(view, name.username, name.realm))
    return std::nullopt;
  return name;
}

// RFC 4013 section 2.1 maps these to nothing and other spaces to a space; its normalization of
// what remains is left out.
bool mapped_to_nothing(std::uint32_t c) {
  return c == 0xad || c == 0x34f || c == 0x1806 || (c >= 0x180b && c <= 0x180d) ||
         (c >= 0x200b && c <= 0x200d) || c == 0x2060 || (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff;
}

bool is_other_space(std::uint32_t c) {
  return c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

// The password with the mappings of SASLprep made, if it is UTF-8.
std::string mapped(std::string_view password) {
  std::string text;
  for (std::size_t at = 0; at < password.size();) {
    const auto first = static_cast<std::uint8_t>(password[at]);
    const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const std::string_view octets = password.substr(at, size);
    std::uint32_t code = size == 1 ? first : first & (0x7fU >> size);
    for (const char c : octets.substr(1))
      code = (code << 6U) | (static_cast<std::uint8_t>(c) & 0x3fU);
    if (is_other_space(code))
      text += ' ';
    else if (!mapped_to_nothing(code))
      text += octets;
    at += size;
  }
  return text;
}

void add_keys(std::vector<Key>& keys, const MessageView& view, const std::string& password,
              const DissectMemory::Credential* name) {
  if (name == nullptr) {
    keys.push_back({to_buffer(as_bytes(password)), "short-term password"});
    return;
  }
  keys.push_back({to_buffer(crypto::long_term_key(name->username, name->realm, password)),
                  "long-term password"});
  if (view.has(Attribute::PasswordAlgorithm) || view.has(Attribute::MessageIntegritySha256))
    keys.push_back({to_buffer(crypto::long_term_key_sha256(name->username, name->realm, password)),
                    "long-term password, SHA-256"});
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

Verification verify(const MessageView& view, const AttributeView& attribute, Bytes key) {
  if (attribute.is(Attribute::MessageIntegrity))
    return view.verify_integrity(key);
  if (attribute.is(Attribute::MessageIntegritySha256))
    return view.verify_integrity_sha256(key);
  return verify_goog_integrity(view.message(), attribute, key);
}

// In a list of packets the password belongs to some of them alone; a single message and its
// password were given for each other.
void say_bad(Field& field, const DissectOptions& options, Credential credential) {
  if (options.memory != nullptr) {
    field.value += options.passwords.size() == 1 ? " (the password given does not fit)"
                                                 : " (none of the passwords given fits)";
    return;
  }
  field.value += fmt::format(" (bad: does not fit the {} password)",
                             credential == Credential::LongTerm ? "long-term" : "short-term");
  field.fault = true;
}

}  // namespace

void judge_integrity(Field& field, const MessageView& view, const AttributeView& attribute,
                     const DissectOptions& options) {
  if (options.passwords.empty()) {
    field.value += " (not checked: no password given)";
    return;
  }
  const Credential credential = credential_of(view);
  const auto name =
      credential == Credential::LongTerm ? long_term_name(view, options) : std::nullopt;
  if (credential == Credential::LongTerm && !name) {
    field.value += " (not checked: the long-term key needs USERNAME and REALM)";
    return;
  }
  std::vector<Key> keys;
  for (const std::string& password : options.passwords) {
    add_keys(keys, view, password, name ? &*name : nullptr);
    if (const std::string prepared = mapped(password); prepared != password)
      add_keys(keys, view, prepared, name ? &*name : nullptr);
  }
  for (const Key& key : keys) {
    if (verify(view, attribute, key.bytes) == Verification::Good) {
      field.value += fmt::format(" (good: {})", key.kind);
      return;
    }
  }
  say_bad(field, options, credential);
}

void remember_credential(const MessageView& view, const DissectOptions& options) {
  if (options.memory == nullptr || options.passwords.empty() ||
      view.message_class() != stun::Class::Request)
    return;
  const auto name = long_term_name(view, options);
  if (name && credential_of(view) == Credential::LongTerm)
    options.memory->remember(view.transaction_id(), *name);
}

}  // namespace parley::analyzer
