#include "stack/wire/rtcp_xr.h"

#include <array>

#include <fmt/format.h>

#include "analyzer/dissect/rtcp_fields.h"
#include "analyzer/dissect/rtp_octet.h"

namespace parley::analyzer {
namespace {

using rtcp::XrType;

std::string yes_no(bool value) {
  return value ? "yes" : "no";
}

std::string milliseconds(std::uint64_t v) {
  return fmt::format("{} ms", v);
}

std::string of_256(std::uint64_t v) {
  return fmt::format("{} of 256 ({:.1f} %)", v, 100.0 * static_cast<double>(v) / 256);
}

// RFC 3611 section 4.7.5 and others: 127 where the value is not known.
std::string or_unknown(std::uint64_t v) {
  return v == 127 ? "127 (not known)" : std::to_string(v);
}

std::string mos(std::uint64_t v) {
  return v == 127 ? "127 (not known)" : fmt::format("{:.1f}", static_cast<double>(v) / 10);
}

std::string level(std::uint64_t v) {
  return v == 127 ? "127 (not known)" : fmt::format("{} dBm", int{static_cast<std::int8_t>(v)});
}

void range(Field& to, FieldReader& reader) {
  dissect_ssrc(to, reader, "SSRC");
  reader.number(to, "Begin Sequence Number", 2);
  reader.number(to, "End Sequence Number", 2);
}

std::string chunk_text(std::uint64_t bits) {
  const rtcp::RleChunk chunk{static_cast<std::uint16_t>(bits)};
  if (chunk.is_null())
    return "null";
  if (chunk.is_vector())
    return fmt::format("bit vector {:015b}", chunk.vector());
  return fmt::format("run of {} {}", chunk.run_length(), chunk.run_of_ones() ? "ones" : "zeros");
}

void run_lengths(Field& to, FieldReader& reader) {
  range(to, reader);
  while (reader.remaining() > 0)
    reader.number(to, "Chunk", 2, chunk_text);
}

void receipt_times(Field& to, FieldReader& reader) {
  range(to, reader);
  while (reader.remaining() > 0)
    reader.number(to, "Receipt Time", 4);
}

void dlrr(Field& to, FieldReader& reader) {
  while (reader.remaining() > 0) {
    Field field = make_field("Sub-Block", "", reader.offset(), 0);
    const std::uint64_t ssrc = dissect_ssrc(field, reader, "SSRC");
    reader.number(field, "Last RR", 4, [](std::uint64_t v) {
      return v == 0 ? std::string("0 (none arrived)") : fmt::format("{:#010x}", v);
    });
    reader.number(field, "Delay Since Last RR", 4, short_time_text);
    if (reader.ok())
      field.value = "about " + ssrc_text(ssrc);
    close_field(to, std::move(field), reader);
  }
}

void statistics(Field& to, FieldReader& reader) {
  constexpr std::array<std::string_view, 6> kWords{
      "Lost Packets",   "Duplicate Packets", "Minimum Jitter",
      "Maximum Jitter", "Mean Jitter",       "Standard Deviation of Jitter"};
  constexpr std::array<std::string_view, 4> kOctets{
      "Minimum TTL or Hop Limit", "Maximum TTL or Hop Limit", "Mean TTL or Hop Limit",
      "Standard Deviation of TTL or Hop Limit"};
  range(to, reader);
  for (const std::string_view name : kWords)
    reader.number(to, name, 4);
  for (const std::string_view name : kOctets)
    reader.number(to, name, 1);
}

std::string configuration_text(std::uint64_t v) {
  constexpr std::array<std::string_view, 4> kConcealment{"unspecified", "disabled", "enhanced",
                                                         "standard"};
  constexpr std::array<std::string_view, 4> kAdaptive{"unknown", "reserved", "non-adaptive",
                                                      "adaptive"};
  return fmt::format("{:#04x} (loss concealment {}, jitter buffer {}, rate {})", v,
                     kConcealment[(v >> 6U) & 3U], kAdaptive[(v >> 4U) & 3U], v & 0xfU);
}

void voip(Field& to, FieldReader& reader) {
  dissect_ssrc(to, reader, "SSRC");
  reader.number(to, "Loss Rate", 1, of_256);
  reader.number(to, "Discard Rate", 1, of_256);
  reader.number(to, "Burst Density", 1, of_256);
  reader.number(to, "Gap Density", 1, of_256);
  reader.number(to, "Burst Duration", 2, milliseconds);
  reader.number(to, "Gap Duration", 2, milliseconds);
  reader.number(to, "Round Trip Delay", 2, milliseconds);
  reader.number(to, "End System Delay", 2, milliseconds);
  reader.number(to, "Signal Level", 1, level);
  reader.number(to, "Noise Level", 1, level);
  reader.number(to, "Residual Echo Return Loss", 1, or_unknown);
  reader.number(to, "Gmin", 1);
  reader.number(to, "R Factor", 1, or_unknown);
  reader.number(to, "External R Factor", 1, or_unknown);
  reader.number(to, "MOS-LQ", 1, mos);
  reader.number(to, "MOS-CQ", 1, mos);
  reader.number(to, "Receiver Configuration", 1, configuration_text);
  reader.number(to, "Reserved", 1);
  reader.number(to, "Jitter Buffer Nominal Delay", 2, milliseconds);
  reader.number(to, "Jitter Buffer Maximum Delay", 2, milliseconds);
  reader.number(to, "Jitter Buffer Absolute Maximum Delay", 2, milliseconds);
}

// What the types make of the second octet.
void specific_octet(Field& to, std::uint64_t type, std::uint64_t octet, std::size_t at) {
  constexpr std::array<std::string_view, 4> kHopLimit{"none", "TTL of IPv4", "hop limit of IPv6",
                                                      "reserved"};
  switch (static_cast<XrType>(type)) {
    case XrType::LossRle:
    case XrType::DuplicateRle:
    case XrType::PacketReceiptTimes:
      to.add("Thinning", std::to_string(octet & 0x0fU), at, 1);
      return;
    case XrType::StatisticsSummary:
      to.add("Loss Report", yes_no((octet & 0x80U) != 0), at, 1);
      to.add("Duplicate Report", yes_no((octet & 0x40U) != 0), at, 1);
      to.add("Jitter Report", yes_no((octet & 0x20U) != 0), at, 1);
      to.add("TTL or Hop Limit Report", std::string(kHopLimit[(octet >> 3U) & 3U]), at, 1);
      return;
    default:
      to.add("Type-Specific", fmt::format("{:#04x}", octet), at, 1);
      return;
  }
}

void contents(Field& to, FieldReader& reader, std::uint64_t type) {
  switch (static_cast<XrType>(type)) {
    case XrType::LossRle:
    case XrType::DuplicateRle:
      run_lengths(to, reader);
      break;
    case XrType::PacketReceiptTimes:
      receipt_times(to, reader);
      break;
    case XrType::ReceiverReferenceTime:
      reader.number(to, "NTP Timestamp", 8, ntp_text);
      break;
    case XrType::Dlrr:
      dlrr(to, reader);
      break;
    case XrType::StatisticsSummary:
      statistics(to, reader);
      break;
    case XrType::VoipMetrics:
      voip(to, reader);
      break;
    default:
      if (reader.remaining() > 0)
        reader.octets(to, "Contents", reader.remaining());
      break;
  }
  reader.finish(to);
}

// RFC 3611 section 3
void block(Field& to, FieldReader& reader) {
  const std::uint64_t type = reader.peek(1);
  Field field = make_field(rtcp::xr_name(static_cast<std::uint8_t>(type)), "", reader.offset(), 0);
  reader.number(field, "Block Type", 1, [](std::uint64_t v) {
    return fmt::format("{} ({})", rtcp::xr_name(static_cast<std::uint8_t>(v)), v);
  });
  const std::uint64_t octet = reader.peek(1);
  const std::size_t at = reader.offset();
  if (!reader.take(field, "Type-Specific", 1).empty())
    specific_octet(field, type, octet, at);
  const std::size_t size = 4 * reader.number(field, "Block Length", 2, [](std::uint64_t v) {
    return fmt::format("{} bytes", 4 * v);
  });
  if (reader.ok() && size == 0) {
    FieldReader nothing(Bytes{}, reader.offset());
    contents(field, nothing, type);
  } else {
    reader.part(field, "Contents", size, [&](FieldReader& inner) { contents(field, inner, type); });
  }
  close_field(to, std::move(field), reader);
}

}  // namespace

void dissect_rtcp_xr(Field& to, FieldReader& reader) {
  dissect_ssrc(to, reader, "Sender SSRC");
  while (reader.remaining() > 0)
    block(to, reader);
}

}  // namespace parley::analyzer
