#include "stack/wire/dtls.h"

#include <fmt/format.h>

#include "analyzer/dissect/dtls_messages.h"
#include "analyzer/dissect/field.h"
#include "analyzer/dissect/field_reader.h"

namespace parley::analyzer {
namespace {

using dtls::ContentType;
using dtls::HandshakeFragment;
using dtls::RecordView;

std::string version_text(std::uint64_t version) {
  return code_text(dtls::version_name(static_cast<std::uint16_t>(version)), version);
}

// A datagram that cuts its messages into more pieces than this shows them as fragments.
constexpr std::size_t kMaxPieces = 256;

// One datagram on its way into a tree.
class Datagram {
 public:
  Datagram(Bytes bytes, std::size_t base) : bytes_(bytes), base_(base) {}
  Field dissect();

 private:
  std::size_t record(Field& root, std::size_t position);
  void unified_header(Field& to, FieldReader& reader) const;
  void versioned_header(Field& to, FieldReader& reader) const;
  std::string payload(Field& to, const RecordView& record);
  std::string handshake(Field& to, const RecordView& record);
  Field fragment(const HandshakeFragment& f, std::uint16_t record_version);
  void open_reassembled(Field& to, const HandshakeFragment& last, std::uint16_t record_version);

  Bytes bytes_;
  std::size_t base_;
  std::vector<HandshakeFragment> pieces_;  // of messages that no single fragment holds
  dtls::HandshakeReassembler reassembler_;
};

Field Datagram::dissect() {
  Field root = make_field("DTLS", "", base_, bytes_.size());
  std::size_t position = 0;
  while (position < bytes_.size())
    position = record(root, position);
  if (bytes_.empty())
    root.children.push_back(make_fault("Record", "no bytes", base_, 0));
  for (const Field& child : root.children)
    root.value.append(root.value.empty() ? "" : "; ").append(child.value);
  return root;
}

//   0 0 1 C S L E E, RFC 9147 section 4
void Datagram::unified_header(Field& to, FieldReader& reader) const {
  std::uint64_t first = 0;
  first = reader.number(to, "Unified Header", 1, [](std::uint64_t v) {
    return fmt::format(
        "{:#04x}: connection ID {}, {}-bit sequence number, length {}, epoch bits {}", v,
        (v & 0x10U) != 0 ? "present" : "absent", (v & 0x08U) != 0 ? 16 : 8,
        (v & 0x04U) != 0 ? "present" : "absent", v & 3U);
  });
  if ((first & 0x10U) != 0)
    return;  // how long the connection ID is was said in the handshake
  const std::size_t size = (first & 0x08U) != 0 ? 2 : 1;
  reader.number(to, "Sequence Number", size, [size](std::uint64_t v) {
    return fmt::format("{:#0{}x} (encrypted)", v, 2 + 2 * size);
  });
  if ((first & 0x04U) != 0)
    reader.number(to, "Length", 2);
}

void Datagram::versioned_header(Field& to, FieldReader& reader) const {
  const std::uint64_t type = reader.number(to, "Content Type", 1, [](std::uint64_t v) {
    return fmt::format("{} ({})", dtls::content_type_name(static_cast<ContentType>(v)), v);
  });
  reader.number(to, "Version", 2, version_text);
  reader.number(to, "Epoch", 2);
  reader.number(to, "Sequence Number", 6);
  if (static_cast<ContentType>(type) != ContentType::ConnectionId)
    reader.number(to, "Length", 2);
}

// Answers where the next record begins.
std::size_t Datagram::record(Field& root, std::size_t position) {
  const Bytes rest = bytes_.subspan(position);
  const auto view = dtls::decode_record(rest, 0, base_ + position);
  Field field = make_field("Record", "", base_ + position, view ? view->size() : rest.size());
  FieldReader reader(rest.first(view ? view->header_size : rest.size()), base_ + position);
  const bool unified = (load_u8(rest.data()) & 0xe0U) == 0x20U;
  if (unified)
    unified_header(field, reader);
  else
    versioned_header(field, reader);
  if (view) {
    field.value = payload(field, *view);
  } else if (view.error().fault == WireFault::Unsupported) {
    field.value = "encrypted, behind a connection ID of a length that the handshake settled";
  } else {
    field.value = to_string(view.error());
    field.fault = true;
  }
  root.children.push_back(std::move(field));
  return view ? position + view->size() : bytes_.size();
}

void change_cipher_spec(Field& to, FieldReader& reader) {
  reader.number(to, "Change Cipher Spec", 1);
  reader.finish(to);
}

std::string alert(Field& to, FieldReader& reader) {
  std::string text;
  reader.number(to, "Level", 1, [&](std::uint64_t v) {
    text = dtls::alert_level_name(static_cast<std::uint8_t>(v));
    return fmt::format("{} ({})", text, v);
  });
  reader.number(to, "Description", 1, [&](std::uint64_t v) {
    const std::string name = dtls::alert_description_name(static_cast<std::uint8_t>(v));
    text += " " + name;
    return fmt::format("{} ({})", name, v);
  });
  reader.finish(to);
  return text;
}

// RFC 9147 section 7.
void ack(Field& to, FieldReader& reader) {
  reader.list(to, "Record Numbers", 2, [](Field& field, FieldReader& inner) {
    inner.number(field, "Epoch", 8);
    inner.number(field, "Sequence Number", 8);
  });
  reader.finish(to);
}

std::string Datagram::payload(Field& to, const RecordView& record) {
  const std::size_t at = record.offset + record.header_size;
  std::string type = record.unified ? "DTLS 1.3 record" : dtls::content_type_name(record.type);
  if (!record.in_clear()) {
    if (!record.fragment.empty())
      to.add("Encrypted", fmt::format("{} bytes", record.fragment.size()), at,
             record.fragment.size());
    return type + ", encrypted";
  }
  FieldReader reader(record.fragment, at);
  switch (record.type) {
    case ContentType::Handshake:
      return handshake(to, record);
    case ContentType::ChangeCipherSpec:
      change_cipher_spec(to, reader);
      return type;
    case ContentType::Alert:
      return type + ": " + alert(to, reader);
    case ContentType::Ack:
      ack(to, reader);
      return type;
    case ContentType::ApplicationData:
    case ContentType::Heartbeat:
    case ContentType::ConnectionId:
      reader.octets(to, "Data", reader.remaining());
      return type;
  }
  return type;
}

std::string Datagram::handshake(Field& to, const RecordView& record) {
  std::string text;
  const auto found =
      dtls::decode_handshake_fragments(record.fragment, record.offset + record.header_size);
  for (const HandshakeFragment& f : found.fragments) {
    to.children.push_back(fragment(f, record.version));
    text.append(text.empty() ? "" : ", ").append(dtls::handshake_type_name(f.type));
    if (!f.complete())
      text += fmt::format(" (bytes {}..{} of {})", f.fragment_offset,
                          f.fragment_offset + f.fragment_length, f.length);
  }
  if (found.error) {
    const std::size_t end = record.offset + record.size();
    Field fault = make_fault("Handshake", to_string(*found.error), found.error->offset,
                             end - found.error->offset);
    text.append(text.empty() ? "" : ", ").append(fault.value);
    to.children.push_back(std::move(fault));
  }
  return text.empty() ? "handshake without content" : text;
}

Field Datagram::fragment(const HandshakeFragment& f, std::uint16_t record_version) {
  constexpr std::size_t kHeader = 12;
  const std::size_t body = f.offset + kHeader;
  Field field =
      make_field(dtls::handshake_type_name(f.type), "", f.offset, kHeader + f.body.size());
  field.value = f.complete() ? fmt::format("{} bytes", f.length)
                             : fmt::format("bytes {}..{} of {}", f.fragment_offset,
                                           f.fragment_offset + f.fragment_length, f.length);
  FieldReader reader(bytes_.subspan(f.offset - base_, kHeader), f.offset);
  reader.number(field, "Handshake Type", 1, [&](std::uint64_t v) {
    return fmt::format("{} ({})", dtls::handshake_type_name(f.type), v);
  });
  reader.number(field, "Length", 3);
  reader.number(field, "Message Sequence", 2);
  reader.number(field, "Fragment Offset", 3);
  reader.number(field, "Fragment Length", 3);
  if (f.complete()) {
    dissect_handshake_body(field, {f.type, record_version}, f.body, body);
    return field;
  }
  if (!f.body.empty())
    field.add("Fragment", fmt::format("{} bytes", f.body.size()), body, f.body.size());
  if (pieces_.size() < kMaxPieces) {
    pieces_.push_back(f);
    open_reassembled(field, f, record_version);
  }
  return field;
}

// Moves a tree whose offsets count in the message to where its bytes stand in the datagram. A field
// that a fragment boundary cuts covers what lies between, too.
void move_into_datagram(Field& field, const std::vector<HandshakeFragment>& pieces) {
  constexpr std::size_t kHeader = 12;
  const auto place = [&](std::size_t at) {
    for (const HandshakeFragment& f : pieces)
      if (at >= f.fragment_offset && at < f.fragment_offset + f.fragment_length)
        return f.offset + kHeader + (at - f.fragment_offset);
    const HandshakeFragment& last = pieces.back();
    return last.offset + kHeader + last.body.size();
  };
  const std::size_t begin = place(field.offset);
  const std::size_t end = field.length == 0 ? begin : place(field.offset + field.length - 1) + 1;
  field.offset = static_cast<std::uint32_t>(begin);
  // Fragments may come in any order; then only the first octet is sure.
  field.length = static_cast<std::uint32_t>(end >= begin ? end - begin : 1);
  for (Field& child : field.children)
    move_into_datagram(child, pieces);
}

void Datagram::open_reassembled(Field& to, const HandshakeFragment& last,
                                std::uint16_t record_version) {
  dtls::HandshakeReassembler::Message message;
  if (reassembler_.add(last, message) != dtls::HandshakeReassembler::Outcome::Completed)
    return;
  std::vector<HandshakeFragment> own;
  for (const HandshakeFragment& f : pieces_)
    if (f.message_seq == last.message_seq && !f.body.empty())
      own.push_back(f);
  Field field = make_field("Reassembled " + dtls::handshake_type_name(message.type),
                           fmt::format("{} bytes of {} fragments", message.body.size(), own.size()),
                           0, message.body.size());
  dissect_handshake_body(field, {message.type, record_version}, message.body, 0);
  move_into_datagram(field, own);
  to.children.push_back(std::move(field));
}

}  // namespace

Field dissect_dtls(Bytes datagram, std::size_t base) {
  return Datagram(datagram, base).dissect();
}

}  // namespace parley::analyzer
