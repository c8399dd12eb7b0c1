#include "stack/wire/dtls.h"

namespace parley::dtls {
namespace {

constexpr std::size_t kHeaderSize = 13;           // without a connection ID
constexpr std::size_t kHandshakeHeaderSize = 12;  // RFC 6347 section 4.2.2
// RFC 6347 section 4.1: at most 2^14 octets in clear, 2^14 + 2048 protected.
constexpr std::size_t kMaxPlaintext = std::size_t{1} << 14U;
constexpr std::size_t kMaxCiphertext = kMaxPlaintext + 2048;
// No cipher suite of DTLS 1.2 or 1.3 makes a shorter record; DTLS 1.3 needs these 16 octets to
// take the mask off the sequence number (RFC 9147 section 4.2.3).
constexpr std::size_t kMinCiphertext = 16;

constexpr std::uint8_t kUnifiedMask = 0xe0;
constexpr std::uint8_t kUnifiedBits = 0x20;
constexpr std::uint8_t kConnectionIdBit = 0x10;
constexpr std::uint8_t kSequenceBit = 0x08;
constexpr std::uint8_t kLengthBit = 0x04;
constexpr std::uint8_t kEpochBits = 0x03;

bool is_unified(std::uint8_t first) {
  return (first & kUnifiedMask) == kUnifiedBits;
}

bool known_content_type(std::uint8_t type) {
  return type >= static_cast<std::uint8_t>(ContentType::ChangeCipherSpec) &&
         type <= static_cast<std::uint8_t>(ContentType::Ack);
}

bool known_version(std::uint16_t version) {
  return version == kDtls10 || version == kDtls12 || version == kDtls13;
}

// How many of `length` octets a snap length cut off: none where all are there, or where not even
// the datagram as it was sent holds them.
std::size_t cut_off(const ByteReader& reader, std::size_t length, std::size_t missing) {
  const std::size_t left = reader.remaining();
  return length > left && length - left <= missing ? length - left : 0;
}

//    0 1 2 3 4 5 6 7
//   +-+-+-+-+-+-+-+-+
//   |0|0|1|C|S|L|E E|
//   +-+-+-+-+-+-+-+-+
//   | Connection ID |   with C, of the negotiated length
//   +-+-+-+-+-+-+-+-+
//   |  8 or 16 bit  |   S: 16 bit
//   |Sequence Number|
//   +-+-+-+-+-+-+-+-+
//   | 16 bit Length |   with L, else the record ends with the datagram
//   +-+-+-+-+-+-+-+-+
Result<RecordView> decode_unified(Bytes bytes, std::size_t connection_id_size, std::size_t base,
                                  std::size_t missing) {
  ByteReader reader(bytes, base);
  RecordView record;
  const std::uint8_t first = reader.u8("record header");
  record.offset = static_cast<std::uint32_t>(base);
  record.unified = true;
  record.type = ContentType::ApplicationData;
  record.epoch = first & kEpochBits;
  record.has_length = (first & kLengthBit) != 0;
  record.sequence_octets = (first & kSequenceBit) != 0 ? 2 : 1;
  if ((first & kConnectionIdBit) != 0) {
    if (connection_id_size == 0)
      reader.fail(WireFault::Unsupported, reader.offset(), "connection ID of unknown length");
    record.connection_id = reader.bytes(connection_id_size, "connection ID");
  }
  record.sequence = record.sequence_octets == 2 ? std::uint64_t{reader.u16("sequence number")}
                                                : std::uint64_t{reader.u8("sequence number")};
  const std::size_t length_at = reader.offset();
  const std::size_t length =
      record.has_length ? std::size_t{reader.u16("length")} : reader.remaining() + missing;
  record.header_size = reader.offset() - base;
  if (reader.ok() && (length > kMaxCiphertext || length < kMinCiphertext))
    reader.fail(WireFault::BadLength, length_at, "length");
  record.missing = cut_off(reader, length, missing);
  record.fragment = reader.bytes(length - record.missing, "encrypted record");
  if (!reader.ok())
    return reader.unexpected();
  return record;
}

//   struct {                                 struct {
//     ContentType type;                        ContentType type = tls12_cid;    RFC 9146
//     ProtocolVersion version;                 ProtocolVersion version;
//     uint16 epoch;                            uint16 epoch;
//     uint48 sequence_number;                  uint48 sequence_number;
//                                              opaque cid[cid_length];
//     uint16 length;                           uint16 length;
//     opaque fragment[length];                 opaque enc_content[length];
//   } DTLSPlaintext, DTLSCiphertext;         } DTLSCiphertext;
Result<RecordView> decode_versioned(Bytes bytes, std::size_t connection_id_size, std::size_t base,
                                    std::size_t missing) {
  ByteReader reader(bytes, base);
  RecordView record;
  record.offset = static_cast<std::uint32_t>(base);
  record.type = static_cast<ContentType>(reader.u8("content type"));
  record.version = reader.u16("version");
  if (reader.ok() && !known_version(record.version))
    reader.fail(WireFault::BadValue, base + 1, "version");
  record.epoch = reader.u16("epoch");
  record.sequence = reader.u48("sequence number");
  if (record.type == ContentType::ConnectionId) {
    if (connection_id_size == 0)
      reader.fail(WireFault::Unsupported, reader.offset(), "connection ID of unknown length");
    record.connection_id = reader.bytes(connection_id_size, "connection ID");
  }
  const std::size_t length_at = reader.offset();
  const std::size_t length = reader.u16("length");
  record.header_size = reader.offset() - base;
  const bool in_clear = record.epoch == 0;
  if (reader.ok() && (length > (in_clear ? kMaxPlaintext : kMaxCiphertext) ||
                      (!in_clear && length < kMinCiphertext)))
    reader.fail(WireFault::BadLength, length_at, "length");
  record.missing = cut_off(reader, length, missing);
  record.fragment = reader.bytes(length - record.missing, "record");
  if (!reader.ok())
    return reader.unexpected();
  return record;
}

bool unified_fits(Bytes payload, std::size_t wire_size) {
  const std::uint8_t first = load_u8(payload.data());
  const std::size_t sequence = (first & kSequenceBit) != 0 ? 2 : 1;
  // Where the length stands is not known behind a connection ID: at least one octet of that, and
  // the smallest ciphertext.
  if ((first & kConnectionIdBit) != 0)
    return wire_size >= 1 + 1 + sequence + kMinCiphertext;
  if ((first & kLengthBit) == 0)
    return wire_size >= 1 + sequence + kMinCiphertext && wire_size <= 3 + kMaxCiphertext;
  const std::size_t header = 1 + sequence + 2;
  if (payload.size() < header)
    return false;
  const std::size_t length = load_u16(payload.data() + 1 + sequence);
  return length >= kMinCiphertext && length <= kMaxCiphertext && header + length <= wire_size;
}

}  // namespace

Result<RecordView> decode_record(Bytes bytes, std::size_t connection_id_size, std::size_t base,
                                 std::size_t missing) {
  if (bytes.empty())
    return wire_error(WireFault::Truncated, base, "record header");
  const std::uint8_t first = load_u8(bytes.data());
  if (is_unified(first))
    return decode_unified(bytes, connection_id_size, base, missing);
  if (known_content_type(first))
    return decode_versioned(bytes, connection_id_size, base, missing);
  return wire_error(WireFault::BadMagic, base, "content type");
}

RecordList decode_records(Bytes datagram, std::size_t connection_id_size, std::size_t base,
                          std::size_t missing) {
  RecordList list;
  std::size_t position = 0;
  while (position < datagram.size()) {
    // Every record has a header, so that each round moves on.
    const Result<RecordView> record =
        decode_record(datagram.subspan(position), connection_id_size, base + position, missing);
    if (!record) {
      list.error = record.error();
      break;
    }
    list.records.push_back(*record);
    position += record->size();
  }
  return list;
}

bool looks_like_record(Bytes payload) {
  return looks_like_record(payload, payload.size());
}

bool looks_like_record(Bytes payload, std::size_t wire_size) {
  if (payload.empty())
    return false;
  const std::uint8_t first = load_u8(payload.data());
  if (is_unified(first))
    return unified_fits(payload, wire_size);
  if (!known_content_type(first) || payload.size() < kHeaderSize ||
      !known_version(load_u16(payload.data() + 1)))
    return false;
  if (static_cast<ContentType>(first) == ContentType::ConnectionId)
    return wire_size > kHeaderSize + kMinCiphertext;
  const std::size_t length = load_u16(payload.data() + kHeaderSize - 2);
  return length <= kMaxCiphertext && kHeaderSize + length <= wire_size;
}

//   struct {
//     HandshakeType msg_type;
//     uint24 length;
//     uint16 message_seq;
//     uint24 fragment_offset;
//     uint24 fragment_length;
//     opaque body[fragment_length];
//   } Handshake;
HandshakeFragments decode_handshake_fragments(Bytes plaintext, std::size_t base,
                                              std::size_t missing) {
  HandshakeFragments result;
  ByteReader reader(plaintext, base);
  while (reader.remaining() > 0) {
    HandshakeFragment f;
    const std::size_t offset = reader.offset();
    f.offset = static_cast<std::uint32_t>(offset);
    f.type = static_cast<HandshakeType>(reader.u8("handshake type"));
    f.length = reader.u24("handshake length");
    f.message_seq = reader.u16("message sequence");
    f.fragment_offset = reader.u24("fragment offset");
    f.fragment_length = reader.u24("fragment length");
    if (reader.ok() && f.fragment_offset + f.fragment_length > f.length)
      reader.fail(WireFault::BadLength, offset + kHandshakeHeaderSize - 3, "fragment length");
    const std::size_t cut = cut_off(reader, f.fragment_length, missing);
    f.body = reader.bytes(f.fragment_length - cut, "handshake fragment");
    if (!reader.ok()) {
      result.error = reader.error();
      break;
    }
    result.fragments.push_back(f);
  }
  return result;
}

}  // namespace parley::dtls
