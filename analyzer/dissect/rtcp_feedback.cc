#include "stack/wire/rtcp_feedback.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "analyzer/dissect/rtcp_fields.h"
#include "analyzer/dissect/rtp_octet.h"

namespace parley::analyzer {
namespace {

using rtcp::PayloadFormat;
using rtcp::TransportFormat;

// RFC 4585 section 6.2.1
void nack(Field& to, FieldReader& reader) {
  Field field = make_field("NACK", "", reader.offset(), 0);
  const std::uint64_t first = reader.number(field, "Packet ID", 2);
  const std::uint64_t mask =
      reader.number(field, "Bitmask of Following Lost Packets", 2,
                    [](std::uint64_t v) { return fmt::format("{:#06x}", v); });
  if (reader.ok()) {
    field.value = std::to_string(first);
    for (unsigned i = 0; i < 16; ++i)
      if (((mask >> i) & 1U) != 0)
        field.value += fmt::format(", {}", (first + i + 1) & 0xffffU);
  }
  close_field(to, std::move(field), reader);
}

// RFC 5104 section 4.2.1
void max_bitrate(Field& to, FieldReader& reader) {
  Field field = make_field("Entry", "", reader.offset(), 0);
  dissect_ssrc(field, reader, "SSRC");
  const std::size_t at = reader.offset();
  const Bytes octets = reader.take(field, "MxTBR", 4);
  if (reader.ok()) {
    std::array<std::byte, rtcp::BitrateEntry::kSize> bytes{};
    std::copy(octets.begin(), octets.end(), bytes.begin() + 4);
    const auto entry = rtcp::BitrateEntry::load(bytes.data());
    const auto rate = entry.bitrate();
    field.add("MxTBR Exp", std::to_string(entry.exponent), at, 1);
    field.add("MxTBR Mantissa", std::to_string(entry.mantissa), at, 3);
    field.add("Measured Overhead", fmt::format("{} bytes", entry.overhead), at + 2, 2);
    field.value = rate ? fmt::format("{} bit/s", *rate) : "more than 64 bits hold";
  }
  close_field(to, std::move(field), reader);
}

std::string_view symbol_text(unsigned symbol) {
  constexpr std::array<std::string_view, 4> kNames{"not received", "received, small delta",
                                                   "received, large or negative delta", "reserved"};
  return kNames[symbol & 3U];
}

std::string chunk_text(const rtcp::StatusChunk& chunk) {
  using Kind = rtcp::StatusChunk::Kind;
  if (chunk.kind == Kind::RunLength)
    return fmt::format("run of {}: {}", chunk.packets(), symbol_text(chunk.symbol(0)));
  std::string text = chunk.kind == Kind::OneBitVector ? "one-bit symbols" : "two-bit symbols";
  for (std::size_t i = 0; i < chunk.packets(); ++i)
    text += fmt::format(" {}", chunk.symbol(i));
  return text;
}

// A packet that has a delta, and the size of it.
struct Received {
  std::uint16_t sequence = 0;
  unsigned symbol = 0;
};

void receive_deltas(Field& to, FieldReader& reader, const std::vector<Received>& received) {
  for (const Received& packet : received) {
    if (!reader.ok())
      return;
    const bool small = packet.symbol == 1;
    reader.number(to, "Receive Delta", packet.symbol, [&](std::uint64_t v) {
      const int delta = small ? static_cast<int>(v) : int{static_cast<std::int16_t>(v)};
      return fmt::format("{:.2f} ms (packet {})", delta * 0.25, packet.sequence);
    });
  }
}

// draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1
void transport_wide(Field& to, FieldReader& reader) {
  const std::uint64_t base = reader.number(to, "Base Sequence Number", 2);
  const std::uint64_t count = reader.number(to, "Packet Status Count", 2);
  reader.number(to, "Reference Time", 3, [](std::uint64_t v) {
    constexpr std::int64_t kCycle = 0x1000000;
    const auto time = static_cast<std::int64_t>(v);
    const std::int64_t signed_time = time >= kCycle / 2 ? time - kCycle : time;
    return fmt::format("{} ({:.3f} s)", signed_time, static_cast<double>(signed_time) * 0.064);
  });
  reader.number(to, "Feedback Packet Count", 1);
  std::vector<Received> received;
  for (std::uint64_t packets = 0; packets < count && reader.ok();) {
    const rtcp::StatusChunk chunk(static_cast<std::uint16_t>(reader.peek(2)));
    reader.number(to, "Packet Chunk", 2, [&](std::uint64_t) { return chunk_text(chunk); });
    if (!reader.ok())
      return;
    const std::uint64_t here = std::min<std::uint64_t>(chunk.packets(), count - packets);
    for (std::uint64_t i = 0; i < here; ++i)
      if (const unsigned symbol = chunk.symbol(i); symbol == 1 || symbol == 2)
        received.push_back({static_cast<std::uint16_t>(base + packets + i), symbol});
    packets += here;
  }
  receive_deltas(to, reader, received);
  if (reader.remaining() > 0 && reader.remaining() < 4)
    reader.octets(to, "Zero Padding", reader.remaining());
}

std::string metric_text(std::uint16_t sequence, const rtcp::ArrivalMetric& metric) {
  if (!metric.received)
    return fmt::format("packet {}: not received", sequence);
  std::string text = fmt::format("packet {}: received, ECN {}, ", sequence, metric.ecn);
  if (metric.arrival_offset == rtcp::ArrivalMetric::kNotKnown)
    return text + "arrival time not known or behind the report";
  if (metric.arrival_offset == rtcp::ArrivalMetric::kTooLong)
    return text + "8 s or more before the report";
  return text + fmt::format("{:.3f} ms before the report", metric.arrival_offset * 1000.0 / 1024);
}

// RFC 8888 section 3.1: no media source stands in front, and the time stands at the end.
void congestion_control(Field& to, FieldReader& reader) {
  constexpr std::size_t kTimestamp = 4;
  dissect_ssrc(to, reader, "Sender SSRC");
  while (reader.remaining() > kTimestamp) {
    Field field = make_field("Report Block", "", reader.offset(), 0);
    const std::uint64_t ssrc = dissect_ssrc(field, reader, "SSRC");
    const std::uint64_t begin = reader.number(field, "Begin Sequence Number", 2);
    const std::uint64_t count = reader.number(field, "Number of Reports", 2);
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i)
      reader.number(field, "Packet Metric", 2, [&](std::uint64_t v) {
        const std::array<std::byte, 2> octets{static_cast<std::byte>(v >> 8U),
                                              static_cast<std::byte>(v & 0xffU)};
        return metric_text(static_cast<std::uint16_t>(begin + i),
                           rtcp::ArrivalMetric::load(octets.data()));
      });
    if (count % 2 != 0)
      reader.octets(field, "Zero Padding", 2);
    if (reader.ok())
      field.value = fmt::format("about {}", ssrc_text(ssrc));
    close_field(to, std::move(field), reader);
  }
  reader.number(to, "Report Timestamp", kTimestamp, short_time_text);
}

// RFC 4585 section 6.3.2
void slice_loss(Field& to, FieldReader& reader) {
  Field field = make_field("Slice", "", reader.offset(), 0);
  const std::size_t at = reader.offset();
  const Bytes octets = reader.take(field, "Slice", rtcp::SliceEntry::kSize);
  if (reader.ok()) {
    const auto entry = rtcp::SliceEntry::load(octets.data());
    field.add("First", std::to_string(entry.first), at, 2);
    field.add("Number", std::to_string(entry.number), at + 1, 3);
    field.add("Picture ID", std::to_string(entry.picture_id), at + 3, 1);
  }
  close_field(to, std::move(field), reader);
}

// RFC 4585 section 6.3.3
void reference_selection(Field& to, FieldReader& reader) {
  reader.number(to, "Padding Bits", 1);
  reader.number(to, "Payload Type", 1, [](std::uint64_t v) { return std::to_string(v & 0x7fU); });
  if (reader.remaining() > 0)
    reader.octets(to, "Bit String", reader.remaining());
}

// RFC 5104 section 4.3.1
void full_intra(Field& to, FieldReader& reader) {
  Field field = make_field("Entry", "", reader.offset(), 0);
  const std::uint64_t ssrc = dissect_ssrc(field, reader, "SSRC");
  reader.number(field, "Sequence Number", 1);
  reader.number(field, "Reserved", 3);
  if (reader.ok())
    field.value = "of " + ssrc_text(ssrc);
  close_field(to, std::move(field), reader);
}

// draft-alvestrand-rmcat-remb-03 section 2.2
void receiver_bitrate(Field& to, FieldReader& reader) {
  reader.number(to, "Unique Identifier", 4, [](std::uint64_t) { return std::string("REMB"); });
  const std::uint64_t count = reader.number(to, "Number of SSRCs", 1);
  Field rate = make_field("Bitrate", "", reader.offset(), 0);
  const std::size_t at = reader.offset();
  const std::uint64_t bits = reader.peek(3);
  if (!reader.take(rate, "Bitrate", 3).empty()) {
    const std::uint64_t mantissa = bits & 0x3ffffU;
    const std::uint64_t exponent = bits >> 18U;
    const std::uint64_t value = mantissa << exponent;
    rate.value =
        value >> exponent == mantissa ? fmt::format("{} bit/s", value) : "more than 64 bits hold";
    rate.add("BR Exp", std::to_string(exponent), at, 1);
    rate.add("BR Mantissa", std::to_string(mantissa), at, 3);
  }
  close_field(to, std::move(rate), reader);
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i)
    dissect_ssrc(to, reader, "SSRC");
}

bool is_remb(const FieldReader& reader) {
  return reader.peek(4) == 0x52454d42;
}

using ReadEntry = void (*)(Field&, FieldReader&);

// At least one.
void entries(Field& to, FieldReader& reader, ReadEntry entry) {
  do
    entry(to, reader);
  while (reader.remaining() > 0);
}

void transport_control(Field& to, FieldReader& reader, std::uint8_t format) {
  switch (static_cast<TransportFormat>(format)) {
    case TransportFormat::Nack:
      entries(to, reader, nack);
      break;
    case TransportFormat::Tmmbn:
      if (reader.remaining() == 0)
        break;
      [[fallthrough]];
    case TransportFormat::Tmmbr:
      entries(to, reader, max_bitrate);
      break;
    case TransportFormat::TransportWide:
      transport_wide(to, reader);
      break;
    default:
      if (reader.remaining() > 0)
        reader.octets(to, "Feedback Control Information", reader.remaining());
      break;
  }
}

void payload_control(Field& to, FieldReader& reader, std::uint8_t format) {
  switch (static_cast<PayloadFormat>(format)) {
    case PayloadFormat::PictureLoss:
      break;
    case PayloadFormat::SliceLoss:
      entries(to, reader, slice_loss);
      break;
    case PayloadFormat::ReferenceSelection:
      reference_selection(to, reader);
      break;
    case PayloadFormat::FullIntra:
      entries(to, reader, full_intra);
      break;
    default:
      if (format == static_cast<std::uint8_t>(PayloadFormat::Application) && is_remb(reader))
        receiver_bitrate(to, reader);
      else if (reader.remaining() > 0)
        reader.octets(to, "Feedback Control Information", reader.remaining());
      break;
  }
}

}  // namespace

void dissect_rtcp_feedback(Field& to, FieldReader& reader, std::uint8_t type, std::uint8_t format) {
  const bool transport = type == static_cast<std::uint8_t>(rtcp::PacketType::TransportFeedback);
  if (transport && format == static_cast<std::uint8_t>(TransportFormat::CongestionControl)) {
    congestion_control(to, reader);
    return;
  }
  dissect_ssrc(to, reader, "Sender SSRC");
  dissect_ssrc(to, reader, "Media Source SSRC");
  if (!reader.ok())
    return;
  if (transport)
    transport_control(to, reader, format);
  else
    payload_control(to, reader, format);
}

}  // namespace parley::analyzer
