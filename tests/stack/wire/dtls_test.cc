#include "stack/wire/dtls.h"

#include <gtest/gtest.h>

#include "tests/stack/wire/dtls_vectors.h"

namespace parley::dtls {
namespace {

using Numbers = std::vector<std::uint64_t>;

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i)
    out += text;
  return out;
}

std::string hex16(std::size_t value) {
  ByteBuffer buffer;
  ByteWriter(buffer).u16(static_cast<std::uint16_t>(value));
  return to_hex(buffer);
}

ByteBuffer record_of_size(std::string_view epoch, std::size_t size) {
  ByteBuffer bytes = hex("17fefd" + std::string(epoch) + "000000000001" + hex16(size));
  bytes.resize(bytes.size() + size);
  return bytes;
}

TEST(DtlsRecords, AgreeWithTsharkOnRealDatagrams) {
  int compared = 0;
  for (const CapturedDatagram& datagram : captured_datagrams()) {
    if (!datagram.tshark.contains("record.content_type"))
      continue;
    SCOPED_TRACE(datagram.source + " " + std::to_string(datagram.packet));
    const RecordList list = decode_records(datagram.bytes);
    ASSERT_FALSE(list.error);
    Numbers types, versions, epochs, sequences, lengths;
    std::size_t end = 0;
    for (const RecordView& r : list.records) {
      types.push_back(static_cast<std::uint64_t>(r.type));
      versions.push_back(r.version);
      epochs.push_back(r.epoch);
      sequences.push_back(r.sequence);
      lengths.push_back(r.fragment.size());
      EXPECT_EQ(r.offset, end);
      end += r.size();
    }
    EXPECT_EQ(end, datagram.bytes.size());
    // tshark prints the type of an encrypted record too, in the same field.
    EXPECT_EQ(types, datagram.numbers("record.content_type"));
    EXPECT_EQ(versions, datagram.numbers("record.version"));
    EXPECT_EQ(epochs, datagram.numbers("record.epoch"));
    EXPECT_EQ(sequences, datagram.numbers("record.sequence_number"));
    EXPECT_EQ(lengths, datagram.numbers("record.length"));
    ++compared;
  }
  EXPECT_GE(compared, 25);
}

TEST(DtlsRecords, HandshakeFragmentsAgreeWithTshark) {
  for (const CapturedDatagram& datagram : captured_datagrams()) {
    SCOPED_TRACE(datagram.source + " " + std::to_string(datagram.packet));
    Numbers types, lengths, sequences, offsets, sizes;
    for (const RecordView& r : decode_records(datagram.bytes).records) {
      if (!r.in_clear() || r.type != ContentType::Handshake)
        continue;
      const auto found = decode_handshake_fragments(r.fragment, r.offset + r.header_size);
      EXPECT_FALSE(found.error);
      for (const HandshakeFragment& f : found.fragments) {
        types.push_back(static_cast<std::uint64_t>(f.type));
        lengths.push_back(f.length);
        sequences.push_back(f.message_seq);
        offsets.push_back(f.fragment_offset);
        sizes.push_back(f.fragment_length);
        EXPECT_EQ(load_u8(datagram.bytes.data() + f.offset), types.back());
      }
    }
    EXPECT_EQ(types, datagram.numbers("handshake.type"));
    EXPECT_EQ(lengths, datagram.numbers("handshake.length"));
    EXPECT_EQ(sequences, datagram.numbers("handshake.message_seq"));
    EXPECT_EQ(offsets, datagram.numbers("handshake.fragment_offset"));
    EXPECT_EQ(sizes, datagram.numbers("handshake.fragment_length"));
  }
}

TEST(DtlsRecords, ReadTheUnifiedHeaderOfThePublishedVectors) {
  const nlohmann::json vectors = load_vectors("dtls.json");
  int seen = 0;
  for (const auto& vector : vectors["dtls13"]) {
    const ByteBuffer wire = hex(vector["record_on_wire"].get<std::string>());
    const Result<RecordView> record = decode_record(wire, 4, 50);
    ASSERT_TRUE(record);
    EXPECT_TRUE(record->unified);
    EXPECT_FALSE(record->in_clear());
    EXPECT_EQ(record->offset, 50U);
    EXPECT_EQ(record->epoch, vector["epoch"].get<int>() & 3);
    EXPECT_EQ(to_hex(record->connection_id), vector["cid"]);
    EXPECT_EQ(record->sequence_octets, 2);
    EXPECT_EQ(record->sequence, std::stoull(vector["masked_sn"].get<std::string>(), nullptr, 16));
    EXPECT_EQ(to_hex(record->fragment), vector["ciphertext"]);
    EXPECT_EQ(record->size(), wire.size());
    ++seen;
  }
  EXPECT_EQ(seen, 3);
}

// RFC 9147 section 4, figure 3: 001CSLEE in all its forms.
TEST(DtlsRecords, ReadEveryFormOfTheUnifiedHeader) {
  for (unsigned bits = 0; bits < 32; ++bits) {
    const bool connection_id = (bits & 0x10U) != 0;
    const bool long_sequence = (bits & 0x08U) != 0;
    const bool with_length = (bits & 0x04U) != 0;
    ByteBuffer wire;
    ByteWriter writer(wire);
    writer.u8(static_cast<std::uint8_t>(0x20U | bits));
    if (connection_id)
      writer.bytes(hex("a1a2a3"));
    writer.bytes(long_sequence ? hex("b1b2") : hex("b1"));
    if (with_length)
      writer.u16(16);
    const std::size_t header = wire.size();
    writer.bytes(hex(repeat("cc", 16)));
    SCOPED_TRACE(to_hex(wire));
    const Result<RecordView> record = decode_record(wire, 3);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->epoch, bits & 3U);
    EXPECT_EQ(record->sequence, long_sequence ? 0xb1b2U : 0xb1U);
    EXPECT_EQ(record->has_length, with_length);
    EXPECT_EQ(to_hex(record->connection_id), connection_id ? "a1a2a3" : "");
    EXPECT_EQ(record->header_size, header);
    EXPECT_EQ(record->fragment.size(), 16U);
    for (std::size_t size = 0; size < wire.size(); ++size)
      EXPECT_FALSE(decode_record(Bytes(wire).first(size), 3)) << size;
  }
}

TEST(DtlsRecords, WithoutALengthTheUnifiedRecordTakesTheRest) {
  const ByteBuffer wire = hex("2eab010010" + repeat("aa", 16) + "2a0102" + repeat("bb", 40));
  const RecordList list = decode_records(wire);
  ASSERT_FALSE(list.error);
  ASSERT_EQ(list.records.size(), 2U);
  EXPECT_TRUE(list.records[0].has_length);
  EXPECT_FALSE(list.records[1].has_length);
  EXPECT_EQ(list.records[1].fragment.size(), 40U);
  EXPECT_EQ(list.records[1].epoch, 2);
}

TEST(DtlsRecords, ReadBothKindsInOneDatagram) {
  const ByteBuffer wire =
      hex("15fefd00000000000000000002022f" + std::string("2f1234") + "0011" + repeat("aa", 17));
  const RecordList list = decode_records(wire);
  ASSERT_FALSE(list.error);
  ASSERT_EQ(list.records.size(), 2U);
  EXPECT_TRUE(list.records[0].in_clear());
  EXPECT_EQ(list.records[0].type, ContentType::Alert);
  EXPECT_TRUE(list.records[1].unified);
}

TEST(DtlsRecords, AConnectionIdOfUnknownLengthIsUnsupported) {
  const ByteBuffer unified = hex("3e" + repeat("aa", 40));
  EXPECT_EQ(decode_record(unified).error(),
            (WireError{WireFault::Unsupported, 1, "connection ID of unknown length"}));
  const ByteBuffer tls12_cid = hex("19fefd0001000000000001" + repeat("aa", 40));
  EXPECT_EQ(decode_record(tls12_cid).error(),
            (WireError{WireFault::Unsupported, 11, "connection ID of unknown length"}));
}

TEST(DtlsRecords, ReadATls12CidRecord) {
  const ByteBuffer wire = hex("19fefd0001000000000007cafebabe0018" + repeat("aa", 24));
  const Result<RecordView> record = decode_record(wire, 4);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->type, ContentType::ConnectionId);
  EXPECT_EQ(record->sequence, 7U);
  EXPECT_EQ(to_hex(record->connection_id), "cafebabe");
  EXPECT_EQ(record->header_size, 17U);
  EXPECT_EQ(record->fragment.size(), 24U);
}

TEST(DtlsRecords, EveryPrefixOfARecordIsTruncated) {
  const ByteBuffer wire = hex("16feff0000000000000001000401020304");
  for (std::size_t size = 0; size < wire.size(); ++size) {
    const Result<RecordView> record = decode_record(Bytes(wire).first(size));
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().fault, WireFault::Truncated) << size;
    EXPECT_EQ(record.error().field, size == 0   ? "record header"
                                    : size < 3  ? "version"
                                    : size < 5  ? "epoch"
                                    : size < 11 ? "sequence number"
                                    : size < 13 ? "length"
                                                : "record");
  }
}

TEST(DtlsRecords, RefuseForeignTypesAndVersions) {
  EXPECT_EQ(decode_record(hex("13fefd" + repeat("00", 10))).error().fault, WireFault::BadMagic);
  EXPECT_EQ(decode_record(hex("1bfefd" + repeat("00", 10))).error().fault, WireFault::BadMagic);
  EXPECT_EQ(decode_record(hex("40fefd" + repeat("00", 10))).error().fault, WireFault::BadMagic);
  EXPECT_EQ(decode_record(hex("160303" + repeat("00", 10)), 0, 9).error(),
            (WireError{WireFault::BadValue, 10, "version"}));
}

TEST(DtlsRecords, AcceptUpToTheLargestRecordAndNoMore) {
  EXPECT_TRUE(decode_record(record_of_size("0000", 16384)));
  EXPECT_EQ(decode_record(record_of_size("0000", 16385)).error(),
            (WireError{WireFault::BadLength, 11, "length"}));
  EXPECT_TRUE(decode_record(record_of_size("0001", 16384 + 2048)));
  EXPECT_EQ(decode_record(record_of_size("0001", 16384 + 2049)).error().fault,
            WireFault::BadLength);
}

TEST(DtlsRecords, RefuseCiphertextThatNoSuiteCanMake) {
  EXPECT_EQ(decode_record(record_of_size("0001", 15)).error().fault, WireFault::BadLength);
  EXPECT_TRUE(decode_record(record_of_size("0001", 16)));
  EXPECT_EQ(decode_record(hex("2e0001000f" + repeat("aa", 15))).error().fault,
            WireFault::BadLength);
  EXPECT_EQ(decode_record(hex("2a0001" + repeat("aa", 15))).error().fault, WireFault::BadLength);
}

TEST(DtlsRecords, KeepWhatCameBeforeAFault) {
  const ByteBuffer wire = hex("14fefd0000000000000001000101" + std::string("ffff"));
  const RecordList list = decode_records(wire, 0, 5);
  EXPECT_EQ(list.records.size(), 1U);
  ASSERT_TRUE(list.error);
  EXPECT_EQ(*list.error, (WireError{WireFault::BadMagic, 19, "content type"}));
}

TEST(DtlsRecords, EmptyRecordsEndWithTheDatagram) {
  const ByteBuffer wire = hex(repeat("16fefd00000000000000010000", 100));
  const RecordList list = decode_records(wire);
  EXPECT_FALSE(list.error);
  EXPECT_EQ(list.records.size(), 100U);
}

TEST(DtlsRecords, LookLikeRecordsWithTheRightHeaderOnly) {
  for (const CapturedDatagram& datagram : captured_datagrams())
    EXPECT_TRUE(looks_like_record(datagram.bytes)) << " " << datagram.packet;
  EXPECT_FALSE(looks_like_record({}));
  EXPECT_FALSE(looks_like_record(hex("16fefd0000")));
  EXPECT_FALSE(looks_like_record(hex("16030100000000000000000000")));
}

TEST(DtlsFragments, EveryPrefixOfAFragmentIsTruncated) {
  const ByteBuffer wire = hex("0300001700000000000000" + std::string("17") + repeat("ab", 23));
  ASSERT_EQ(decode_handshake_fragments(wire, 0).fragments.size(), 1U);
  EXPECT_TRUE(decode_handshake_fragments({}, 0).fragments.empty());
  for (std::size_t size = 1; size < wire.size(); ++size) {
    const auto found = decode_handshake_fragments(Bytes(wire).first(size), 13);
    ASSERT_TRUE(found.error) << size;
    EXPECT_EQ(found.error->fault, WireFault::Truncated);
    EXPECT_TRUE(found.fragments.empty());
    EXPECT_GE(found.error->offset, 13U);
    EXPECT_LE(found.error->offset, 13U + size);
  }
}

TEST(DtlsFragments, RefuseAFragmentPastTheEndOfItsMessage) {
  const ByteBuffer past = hex("01000010000000000f000002aabb");
  EXPECT_EQ(decode_handshake_fragments(past, 0).error,
            (WireError{WireFault::BadLength, 9, "fragment length"}));
  const ByteBuffer wrap = hex("01ffffff0000ffffffffffffaabb");
  EXPECT_EQ(decode_handshake_fragments(wrap, 0).error->fault, WireFault::BadLength);
}

TEST(DtlsFragments, EmptyFragmentsEndWithTheRecord) {
  const ByteBuffer wire = hex(repeat("010000100000000000000000", 1000));
  const auto found = decode_handshake_fragments(wire, 0);
  EXPECT_FALSE(found.error);
  EXPECT_EQ(found.fragments.size(), 1000U);
}

TEST(DtlsFragments, KeepAClaimOf16MebibytesWithoutStoringIt) {
  const ByteBuffer wire = hex("0bffffff0003000000000004deadbeef");
  const auto found = decode_handshake_fragments(wire, 0);
  ASSERT_EQ(found.fragments.size(), 1U);
  EXPECT_EQ(found.fragments[0].length, 0xffffffU);
  EXPECT_FALSE(found.fragments[0].complete());
}

TEST(DtlsAlert, ReadsLevelAndDescription) {
  const Result<Alert> alert = Alert::decode(hex("0228"));
  ASSERT_TRUE(alert);
  EXPECT_EQ(alert_level_name(alert->level), "fatal");
  EXPECT_EQ(alert_description_name(alert->description), "handshake_failure");
  EXPECT_EQ(Alert::decode(hex("")).error().field, "alert level");
  EXPECT_EQ(Alert::decode(hex("02")).error().field, "alert description");
  EXPECT_EQ(Alert::decode(hex("0328")).error().fault, WireFault::BadValue);
  EXPECT_EQ(Alert::decode(hex("022800")).error().fault, WireFault::BadLength);
}

}  // namespace
}  // namespace parley::dtls
