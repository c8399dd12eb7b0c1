#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "analyzer/dissect/dtls_messages.h"

namespace parley::analyzer {
namespace {

template <std::string (*Name)(std::uint16_t)>
std::string named(std::uint64_t code) {
  return code_text(Name(static_cast<std::uint16_t>(code)), code);
}

template <std::string (*Name)(std::uint16_t)>
void code_list(Field& to, FieldReader& reader, std::string_view list, std::string_view item,
               std::size_t length_size = 2) {
  reader.list(to, list, length_size, [item](Field& field, FieldReader& inner) {
    inner.number(field, item, 2, named<Name>);
  });
}

// RFC 6066 section 3.
void server_name(Field& to, FieldReader& reader) {
  if (reader.remaining() == 0)
    return;  // the server's acknowledgment
  reader.list(to, "Server Name List", 2, [](Field& field, FieldReader& inner) {
    inner.number(field, "Name Type", 1,
                 [](std::uint64_t type) { return type == 0 ? "host_name" : std::to_string(type); });
    const auto size = static_cast<std::size_t>(inner.number(field, "Name Length", 2));
    const std::size_t at = inner.offset();
    const Bytes name = inner.take(field, "Name", size);
    if (!name.empty())
      field.add("Name", printable(name), at, size);
  });
}

// RFC 7301 section 3.1.
void alpn(Field& to, FieldReader& reader) {
  reader.list(to, "Protocol Name List", 2, [](Field& field, FieldReader& inner) {
    const std::size_t at = inner.offset();
    Field scratch;
    const auto size = static_cast<std::size_t>(inner.number(scratch, "Protocol Length", 1));
    const Bytes name = inner.take(scratch, "Protocol Name", size);
    if (!inner.ok())
      std::move(scratch.children.begin(), scratch.children.end(),
                std::back_inserter(field.children));
    else
      field.add("Protocol Name", printable(name), at, 1 + name.size());
  });
}

// RFC 8422 section 5.1.2.
std::string point_format(std::uint64_t format) {
  constexpr std::array<std::string_view, 3> kNames{"uncompressed", "ansiX962_compressed_prime",
                                                   "ansiX962_compressed_char2"};
  return format < kNames.size() ? fmt::format("{} ({})", kNames[format], format)
                                : std::to_string(format);
}

// RFC 8446 section 4.2.9.
std::string psk_mode(std::uint64_t mode) {
  constexpr std::array<std::string_view, 2> kNames{"psk_ke", "psk_dhe_ke"};
  return mode < kNames.size() ? fmt::format("{} ({})", kNames[mode], mode) : std::to_string(mode);
}

// RFC 8446 section 4.2.8.
void key_share_entry(Field& to, FieldReader& reader) {
  Field entry = make_field("Key Share Entry", "", reader.offset(), 0);
  const std::uint64_t group = reader.number(entry, "Group", 2, named<dtls::group_name>);
  const Bytes key = reader.counted(entry, "Key Exchange", 2);
  entry.length = static_cast<std::uint32_t>(reader.offset() - entry.offset);
  entry.value =
      fmt::format("{}, {} bytes", dtls::group_name(static_cast<std::uint16_t>(group)), key.size());
  to.children.push_back(std::move(entry));
}

void key_share(Field& to, FieldReader& reader, ExtensionPlace place) {
  switch (place) {
    case ExtensionPlace::ClientHello:
      reader.list(to, "Key Shares", 2, key_share_entry);
      break;
    case ExtensionPlace::ServerHello:
      key_share_entry(to, reader);
      break;
    case ExtensionPlace::HelloRetryRequest:
      reader.number(to, "Selected Group", 2, named<dtls::group_name>);
      break;
  }
}

// RFC 8446 section 4.2.11.
void pre_shared_key(Field& to, FieldReader& reader, ExtensionPlace place) {
  if (place != ExtensionPlace::ClientHello) {
    reader.number(to, "Selected Identity", 2);
    return;
  }
  reader.list(to, "Identities", 2, [](Field& field, FieldReader& inner) {
    inner.counted(field, "Identity", 2);
    inner.number(field, "Obfuscated Ticket Age", 4);
  });
  reader.list(to, "Binders", 2,
              [](Field& field, FieldReader& inner) { inner.counted(field, "Binder", 1); });
}

void supported_versions(Field& to, FieldReader& reader, ExtensionPlace place) {
  if (place == ExtensionPlace::ClientHello)
    code_list<dtls::version_name>(to, reader, "Versions", "Version", 1);
  else
    reader.number(to, "Selected Version", 2, named<dtls::version_name>);
}

// Extensions of single values and short lists; false when the type is not among them.
bool dissect_small_extension(Field& to, FieldReader& reader, std::uint16_t type) {
  const auto byte_list = [&](std::string_view list, std::string_view item, auto format) {
    reader.list(to, list, 1, [item, format](Field& field, FieldReader& inner) {
      inner.number(field, item, 1, format);
    });
  };
  switch (type) {
    case 1:  // RFC 6066 section 4
      reader.number(to, "Max Fragment Length", 1, [](std::uint64_t v) {
        return v >= 1 && v <= 4 ? fmt::format("2^{}", 8 + v) : std::to_string(v);
      });
      return true;
    case 11:
      byte_list("EC Point Formats", "Format", point_format);
      return true;
    case 15:  // RFC 6520
      reader.number(to, "Mode", 1);
      return true;
    case 28:  // RFC 8449
      reader.number(to, "Record Size Limit", 2);
      return true;
    case 44:  // RFC 8446 section 4.2.2
      reader.counted(to, "Cookie", 2);
      return true;
    case 45:
      byte_list("PSK Key Exchange Modes", "Mode", psk_mode);
      return true;
    case 53:
    case 54:  // RFC 9146
      reader.counted(to, "Connection ID", 1);
      return true;
    case 65281:  // RFC 5746
      reader.counted(to, "Renegotiated Connection", 1);
      return true;
    default:
      return false;
  }
}

void dissect_extension_data(Field& to, FieldReader& reader, std::uint16_t type,
                            ExtensionPlace place) {
  switch (type) {
    case 0:
      server_name(to, reader);
      return;
    case 10:
      code_list<dtls::group_name>(to, reader, "Groups", "Group");
      return;
    case 13:
    case 34:  // delegated credentials, RFC 9345 section 4.1.1
    case 50:
      code_list<dtls::signature_scheme_name>(to, reader, "Signature Algorithms",
                                             "Signature Algorithm");
      return;
    case 14:
      code_list<dtls::srtp_profile_name>(to, reader, "SRTP Protection Profiles", "Profile");
      reader.counted(to, "MKI", 1);
      return;
    case 16:
      alpn(to, reader);
      return;
    case 41:
      pre_shared_key(to, reader, place);
      return;
    case 43:
      supported_versions(to, reader, place);
      return;
    case 51:
      key_share(to, reader, place);
      return;
    default:
      if (!dissect_small_extension(to, reader, type) && reader.remaining() > 0)
        reader.octets(to, "Data", reader.remaining());
      return;
  }
}

void append_item(std::string& text, const Field& field) {
  if (!field.value.empty() && !field.name.ends_with(" Length"))
    text.append(text.empty() ? "" : ", ").append(field.value);
}

// What an extension says in one line: the items of its lists and its single values.
std::string summary_of(const Field& extension) {
  constexpr std::size_t kHeaderFields = 2;
  std::string text;
  for (std::size_t i = kHeaderFields; i < extension.children.size(); ++i) {
    const Field& child = extension.children[i];
    const bool list = child.value == std::to_string(child.children.size());
    if (child.children.empty() || !list)
      append_item(text, child);
    else
      for (const Field& item : child.children)
        append_item(text, item);
  }
  constexpr std::size_t kMaxSummary = 160;
  if (text.size() > kMaxSummary)
    text = text.substr(0, text.rfind(',', kMaxSummary)) + ", ...";
  return text;
}

void dissect_extension(Field& to, FieldReader& reader, ExtensionPlace place) {
  Field field = make_field("Extension", "", reader.offset(), 0);
  const auto type =
      static_cast<std::uint16_t>(reader.number(field, "Type", 2, named<dtls::extension_name>));
  const auto size = static_cast<std::size_t>(reader.number(field, "Length", 2));
  field.name = dtls::extension_name(type);
  if (reader.ok() && size > 0) {
    reader.part(field, "Data", size, [&](FieldReader& inner) {
      dissect_extension_data(field, inner, type, place);
      inner.finish(field);
    });
    field.value = summary_of(field);
  }
  for (const Field& child : field.children)
    field.length = std::max(field.length, child.offset + child.length - field.offset);
  to.children.push_back(std::move(field));
}

}  // namespace

std::string code_text(const std::string& name, std::uint64_t code) {
  const bool number_inside = name.find("0x") != std::string::npos;
  return number_inside ? name : fmt::format("{} ({:#06x})", name, code);
}

void dissect_extensions(Field& to, FieldReader& reader, ExtensionPlace place) {
  if (reader.remaining() == 0)
    return;
  reader.list(to, "Extensions", 2, [place](Field& field, FieldReader& inner) {
    dissect_extension(field, inner, place);
  });
}

}  // namespace parley::analyzer
