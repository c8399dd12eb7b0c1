// The packets of RFC 3550 section 6, and how RTCP writes times.

#include <chrono>

#include <fmt/format.h>

#include "analyzer/dissect/rtcp_fields.h"
#include "analyzer/dissect/rtp_octet.h"
#include "stack/wire/rtcp.h"

namespace parley::analyzer {
namespace {

using rtcp::PacketType;

constexpr std::size_t kWord = 4;

void report_block(Field& to, FieldReader& reader) {
  Field field = make_field("Report Block", "", reader.offset(), 0);
  const std::uint64_t ssrc = dissect_ssrc(field, reader, "SSRC");
  if (reader.ok())
    field.value = "about " + ssrc_text(ssrc);
  reader.number(field, "Fraction Lost", 1, [](std::uint64_t v) {
    return fmt::format("{} of 256 ({:.1f} %)", v, 100.0 * static_cast<double>(v) / 256);
  });
  reader.number(field, "Cumulative Number of Packets Lost", 3, [](std::uint64_t v) {
    constexpr std::int64_t kCycle = 0x1000000;
    const auto lost = static_cast<std::int64_t>(v);
    return std::to_string(lost >= kCycle / 2 ? lost - kCycle : lost);
  });
  reader.number(field, "Extended Highest Sequence Number", 4, [](std::uint64_t v) {
    return fmt::format("{} (cycle {}, sequence number {})", v, v >> 16U, v & 0xffffU);
  });
  reader.number(field, "Interarrival Jitter", 4);
  reader.number(field, "Last SR", 4, [](std::uint64_t v) {
    return v == 0 ? std::string("0 (none arrived)") : fmt::format("{:#010x}", v);
  });
  reader.number(field, "Delay Since Last SR", 4, short_time_text);
  close_field(to, std::move(field), reader);
}

void reports(Field& to, FieldReader& reader, unsigned count) {
  for (unsigned i = 0; i < count && reader.ok(); ++i)
    report_block(to, reader);
  if (reader.remaining() > 0)
    reader.octets(to, "Profile-Specific Extension", reader.remaining());
}

void sender_report(Field& to, FieldReader& reader, unsigned count) {
  dissect_ssrc(to, reader, "Sender SSRC");
  reader.number(to, "NTP Timestamp", 8, ntp_text);
  reader.number(to, "RTP Timestamp", 4);
  reader.number(to, "Sender's Packet Count", 4);
  reader.number(to, "Sender's Octet Count", 4);
  reports(to, reader, count);
}

void private_item(Field& item, FieldReader& reader, std::size_t size) {
  const std::size_t prefix = reader.peek(1);
  reader.number(item, "Prefix Length", 1);
  const std::size_t at = reader.offset();
  if (prefix >= size) {
    item.add("Prefix", fmt::format("expected at most {} bytes", size - 1), at, 0).fault = true;
    reader.octets(item, "Value", size - 1);
    return;
  }
  const Bytes name = reader.take(item, "Prefix", prefix);
  item.add("Prefix", printable(name), at, name.size());
  const std::size_t value_at = reader.offset();
  const Bytes value = reader.take(item, "Value", size - 1 - prefix);
  if (reader.ok())
    item.add("Value", printable(value), value_at, value.size());
}

// False: the list of items ends here.
bool sdes_item(Field& chunk, FieldReader& reader, std::size_t chunk_start) {
  const auto type = static_cast<std::uint8_t>(reader.peek(1));
  const std::size_t at = reader.offset();
  if (type == 0 && reader.remaining() > 0) {
    const std::size_t fill = kWord - (at - chunk_start) % kWord;
    const Bytes zeros = reader.take(chunk, "End", fill);
    if (!zeros.empty())
      chunk.add("End", to_hex(zeros), at, zeros.size());
    return false;
  }
  Field item = make_field(reader.remaining() > 0 ? rtcp::sdes_name(type) : "Item", "", at, 0);
  reader.number(item, "Type", 1, [&](std::uint64_t v) {
    return fmt::format("{} ({})", rtcp::sdes_name(static_cast<std::uint8_t>(v)), v);
  });
  const std::size_t size = reader.number(item, "Length", 1);
  const std::size_t text_at = reader.offset();
  if (type == static_cast<std::uint8_t>(rtcp::SdesType::Private) && size > 0 &&
      reader.remaining() >= size) {
    private_item(item, reader, size);
  } else if (const Bytes text = reader.take(item, "Text", size); reader.ok()) {
    item.value = printable(text);
    item.add("Text", item.value, text_at, size);
  }
  close_field(chunk, std::move(item), reader);
  return reader.ok();
}

void source_description(Field& to, FieldReader& reader, unsigned count) {
  for (unsigned i = 0; i < count && reader.ok(); ++i) {
    const std::size_t start = reader.offset();
    Field chunk = make_field("Chunk", "", start, 0);
    const std::uint64_t ssrc = dissect_ssrc(chunk, reader, "SSRC");
    if (reader.ok())
      chunk.value = ssrc_text(ssrc);
    while (reader.ok() && sdes_item(chunk, reader, start)) {
    }
    close_field(to, std::move(chunk), reader);
  }
}

void goodbye(Field& to, FieldReader& reader, unsigned count) {
  for (unsigned i = 0; i < count; ++i)
    dissect_ssrc(to, reader, "SSRC");
  if (reader.remaining() == 0)
    return;
  const std::size_t size = reader.number(to, "Reason Length", 1);
  const std::size_t at = reader.offset();
  const Bytes reason = reader.take(to, "Reason for Leaving", size);
  if (!reader.ok())
    return;
  to.add("Reason for Leaving", printable(reason), at, reason.size());
  if (reader.remaining() > 0 && reader.remaining() < kWord)
    reader.octets(to, "End", reader.remaining());
}

void application_defined(Field& to, FieldReader& reader) {
  dissect_ssrc(to, reader, "SSRC");
  const std::size_t at = reader.offset();
  const Bytes name = reader.take(to, "Name", kWord);
  if (reader.ok())
    to.add("Name", printable(name), at, name.size());
  if (reader.remaining() > 0)
    reader.octets(to, "Application-Dependent Data", reader.remaining());
}

}  // namespace

void dissect_rtcp_report(Field& to, FieldReader& reader, std::uint8_t type, std::uint8_t count) {
  switch (static_cast<PacketType>(type)) {
    case PacketType::SenderReport:
      sender_report(to, reader, count);
      break;
    case PacketType::ReceiverReport:
      dissect_ssrc(to, reader, "Sender SSRC");
      reports(to, reader, count);
      break;
    case PacketType::SourceDescription:
      source_description(to, reader, count);
      break;
    case PacketType::Goodbye:
      goodbye(to, reader, count);
      break;
    default:
      application_defined(to, reader);
      break;
  }
}

std::string ntp_text(std::uint64_t ntp) {
  using std::chrono::days;
  using std::chrono::sys_days;
  if (ntp == 0)
    return "0 (no clock)";
  constexpr sys_days kEra0 = std::chrono::January / 1 / 1900;
  // RFC 4330 section 3: with the first bit clear, the time is counted from 2036 on.
  constexpr std::int64_t kEraLength = std::int64_t{1} << 32U;
  const auto seconds = static_cast<std::int64_t>(ntp >> 32U);
  const std::int64_t since = seconds + (seconds < kEraLength / 2 ? kEraLength : 0);
  const auto milliseconds = ((ntp & 0xffffffffU) * 1000) >> 32U;
  constexpr std::int64_t kDay = 86400;
  const std::chrono::year_month_day date(kEra0 + days(since / kDay));
  const std::int64_t time = since % kDay;
  return fmt::format("{:#010x}.{:08x} ({}-{:02}-{:02} {:02}:{:02}:{:02}.{:03} UTC)", ntp >> 32U,
                     ntp & 0xffffffffU, int{date.year()}, unsigned{date.month()},
                     unsigned{date.day()}, time / 3600, time / 60 % 60, time % 60, milliseconds);
}

std::string short_time_text(std::uint64_t units) {
  return fmt::format("{} ({:.6f} s)", units, static_cast<double>(units) / 65536);
}

}  // namespace parley::analyzer
