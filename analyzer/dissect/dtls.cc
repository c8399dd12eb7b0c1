#include "stack/wire/dtls.h"

#include <fmt/format.h>

#include "analyzer/dissect/dtls_messages.h"
#include "analyzer/dissect/field.h"
#include "analyzer/dissect/field_reader.h"
#include "analyzer/dissect/memory.h"

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

constexpr std::size_t kHandshakeHeader = 12;

// RFC 6347 section 4.1, RFC 9147 section 4.2.3: what the length of a record can be.
std::string_view expected_length(Bytes record) {
  const bool unified = (load_u8(record.data()) & 0xe0U) == 0x20U;
  return !unified && load_u16(record.data() + 3) == 0 ? "at most 16384" : "16 to 18432";
}

// One datagram on its way into a tree.
class Datagram {
 public:
  Datagram(Bytes bytes, const DissectOptions& options, std::size_t base, std::size_t missing)
      : bytes_(bytes), options_(options), base_(base), missing_(missing) {}
  Field dissect();

 private:
  std::size_t record(Field& root, std::size_t position);
  std::size_t broken_record(Field& record, Bytes rest, const WireError& error);
  void unified_header(Field& to, FieldReader& reader) const;
  void versioned_header(Field& to, FieldReader& reader) const;
  std::string payload(Field& to, const RecordView& record);
  std::string handshake(Field& to, const RecordView& record);
  Field fragment(const HandshakeFragment& f, std::uint16_t record_version);
  void open_reassembled(Field& to, const HandshakeFragment& last, std::uint16_t record_version);
  void open_remembered(Field& to, const HandshakeFragment& last, std::uint16_t record_version);

  Bytes bytes_;
  const DissectOptions& options_;
  std::size_t base_;
  std::size_t missing_;                    // octets of the datagram that were not captured
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
  if (missing_ > 0)
    root.value += "; " + cut_text(bytes_.size(), bytes_.size() + missing_);
  propagate_faults(root);
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
  const auto view = dtls::decode_record(rest, 0, base_ + position, missing_);
  Field field = make_field("Record", "", base_ + position, view ? view->size() : rest.size());
  FieldReader reader(rest.first(view ? view->header_size : rest.size()), base_ + position,
                     view ? 0 : missing_);
  const bool unified = (load_u8(rest.data()) & 0xe0U) == 0x20U;
  if (unified)
    unified_header(field, reader);
  else
    versioned_header(field, reader);
  std::size_t size = 0;
  if (view) {
    field.value = payload(field, *view);
    size = view->size();
  } else {
    const std::size_t header = reader.ok() ? reader.offset() - base_ - position : rest.size();
    field.length = static_cast<std::uint32_t>(header);
    size = broken_record(field, rest, view.error());
  }
  root.children.push_back(std::move(field));
  return position + size;
}

// A record whose header is not what it should be. Where its length can be believed, the next record
// stands behind it.
std::size_t Datagram::broken_record(Field& record, Bytes rest, const WireError& error) {
  const std::size_t header = record.length;
  Field* length = nullptr;
  for (Field& child : record.children)
    if (child.name == "Length" && header < rest.size() && error.fault != WireFault::BadMagic)
      length = &child;
  const bool cut = missing_ > 0 && error.fault == WireFault::Truncated;
  const bool unsupported = error.fault == WireFault::Unsupported;
  std::size_t size = rest.size();
  if (length != nullptr) {
    const std::size_t claimed = header + load_u16(rest.data() + header - 2);
    size = std::min(size, claimed);
    if (error.fault == WireFault::BadLength)
      length->value += fmt::format(" (expected {} bytes)", expected_length(rest));
    else if (claimed > rest.size() && !cut)
      length->value += fmt::format(" (expected at most {} bytes)", rest.size() - header);
    length->fault = error.fault == WireFault::BadLength || (claimed > rest.size() && !cut);
  }
  if (size > header)
    record.add("Data", short_hex(rest.subspan(header, size - header)), record.offset + header,
               size - header);
  record.length = static_cast<std::uint32_t>(size);
  record.value = unsupported
                     ? "encrypted, behind a connection ID of a length that the handshake settled"
                 : cut ? cut_text(rest.size(), rest.size() + missing_)
                       : to_string(error);
  record.fault = !unsupported && !cut;
  return size;
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
    Field one = make_field("Record Number", "", inner.offset(), 0);
    const std::uint64_t epoch = inner.number(one, "Epoch", 8);
    const std::uint64_t sequence = inner.number(one, "Sequence Number", 8);
    if (inner.ok())
      one.value = fmt::format("epoch {}, sequence number {}", epoch, sequence);
    one.length = one.children.back().offset + one.children.back().length - one.offset;
    field.children.push_back(std::move(one));
  });
  reader.finish(to);
}

std::string Datagram::payload(Field& to, const RecordView& record) {
  const std::size_t at = record.offset + record.header_size;
  std::string type = record.unified ? "DTLS 1.3 record" : dtls::content_type_name(record.type);
  if (!record.in_clear()) {
    if (!record.fragment.empty())
      to.add("Encrypted",
             record.missing > 0
                 ? cut_text(record.fragment.size(), record.fragment.size() + record.missing)
                 : fmt::format("{} bytes", record.fragment.size()),
             at, record.fragment.size());
    return type + ", encrypted";
  }
  FieldReader reader(record.fragment, at, record.missing);
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
  const auto found = dtls::decode_handshake_fragments(
      record.fragment, record.offset + record.header_size, record.missing);
  for (const HandshakeFragment& f : found.fragments) {
    to.children.push_back(fragment(f, record.version));
    text.append(text.empty() ? "" : ", ").append(dtls::handshake_type_name(f.type));
    if (!f.complete())
      text += fmt::format(" (bytes {}..{} of {})", f.fragment_offset,
                          f.fragment_offset + f.fragment_length, f.length);
  }
  if (found.error) {
    const std::size_t end = record.offset + record.size();
    const std::size_t at =
        found.fragments.empty()
            ? record.offset + record.header_size
            : found.fragments.back().offset + kHandshakeHeader + found.fragments.back().body.size();
    const bool cut = record.missing > 0 && found.error->fault == WireFault::Truncated;
    Field fault = make_field(
        "Handshake", cut ? cut_text(end - at, end - at + record.missing) : to_string(*found.error),
        at, end - at);
    fault.fault = !cut;
    text.append(text.empty() ? "" : ", ").append(fault.value);
    to.children.push_back(std::move(fault));
  }
  return text.empty() ? "handshake without content" : text;
}

Field Datagram::fragment(const HandshakeFragment& f, std::uint16_t record_version) {
  const std::size_t body = f.offset + kHandshakeHeader;
  Field field =
      make_field(dtls::handshake_type_name(f.type), "", f.offset, kHandshakeHeader + f.body.size());
  field.value = f.complete() ? fmt::format("{} bytes", f.length)
                             : fmt::format("bytes {}..{} of {}", f.fragment_offset,
                                           f.fragment_offset + f.fragment_length, f.length);
  FieldReader reader(bytes_.subspan(f.offset - base_, kHandshakeHeader), f.offset);
  reader.number(field, "Handshake Type", 1, [&](std::uint64_t v) {
    return fmt::format("{} ({})", dtls::handshake_type_name(f.type), v);
  });
  reader.number(field, "Length", 3);
  reader.number(field, "Message Sequence", 2);
  reader.number(field, "Fragment Offset", 3);
  reader.number(field, "Fragment Length", 3);
  if (f.complete()) {
    dissect_handshake_body(field, {f.type, record_version, f.fragment_length - f.body.size()},
                           f.body, body);
    return field;
  }
  const bool cut = f.body.size() < f.fragment_length;
  if (!f.body.empty())
    field.add(
        "Fragment",
        cut ? cut_text(f.body.size(), f.fragment_length) : fmt::format("{} bytes", f.body.size()),
        body, f.body.size());
  if (!cut && pieces_.size() < kMaxPieces) {
    pieces_.push_back(f);
    open_reassembled(field, f, record_version);
  }
  return field;
}

// Moves a tree whose offsets count in the message to where its bytes stand in the datagram. A field
// that a fragment boundary cuts covers what lies between, too.
void move_into_datagram(Field& field, const std::vector<HandshakeFragment>& pieces) {
  const auto place = [&](std::size_t at) {
    for (const HandshakeFragment& f : pieces)
      if (at >= f.fragment_offset && at < f.fragment_offset + f.fragment_length)
        return f.offset + kHandshakeHeader + (at - f.fragment_offset);
    const HandshakeFragment& last = pieces.back();
    return last.offset + kHandshakeHeader + last.body.size();
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
    return open_remembered(to, last, record_version);
  if (options_.memory != nullptr)
    (void)options_.memory->add(options_.within, last);
  std::vector<HandshakeFragment> own;
  for (const HandshakeFragment& f : pieces_)
    if (f.message_seq == last.message_seq && !f.body.empty())
      own.push_back(f);
  Field field = make_field("Reassembled " + dtls::handshake_type_name(message.type),
                           fmt::format("{} bytes of {} fragments", message.body.size(), own.size()),
                           0, message.body.size());
  dissect_handshake_body(field, {message.type, record_version, 0}, message.body, 0);
  move_into_datagram(field, own);
  to.children.push_back(std::move(field));
}

// A message that began in an earlier packet: its fields have no place in this one.
void Datagram::open_remembered(Field& to, const HandshakeFragment& last,
                               std::uint16_t record_version) {
  if (options_.memory == nullptr)
    return;
  const auto whole = options_.memory->add(options_.within, last);
  if (!whole)
    return;
  const Bytes body = whole->message.body;
  Field field =
      make_field("Reassembled " + dtls::handshake_type_name(whole->message.type),
                 fmt::format("{} bytes from packets {}; ranges below count in the message's body",
                             body.size(), fmt::join(whole->packets, ", ")),
                 0, body.size());
  field.within = Within::Message;
  dissect_handshake_body(field, {whole->message.type, record_version, 0}, body, 0);
  to.children.push_back(std::move(field));
}

}  // namespace

Field dissect_dtls(Bytes datagram, const DissectOptions& options, std::size_t base,
                   std::size_t missing) {
  return Datagram(datagram, options, base, missing).dissect();
}

}  // namespace parley::analyzer
