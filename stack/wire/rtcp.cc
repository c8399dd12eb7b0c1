#include "stack/wire/rtcp.h"

#include <array>

#include "stack/wire/name_table.h"
#include "stack/wire/rtcp_feedback.h"
#include "stack/wire/rtcp_xr.h"

namespace parley::rtcp {
namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::size_t kWord = 4;

template <class View>
std::optional<WireError> fault_of(const Result<View>& view) {
  return view ? std::nullopt : std::optional(view.error());
}

// "Application layer feedback" of other names is whatever its application likes.
std::optional<WireError> check_application_feedback(const PacketView& packet) {
  return is_receiver_bitrate(packet) ? fault_of(ReceiverBitrate::decode(packet))
                                     : fault_of(Feedback::decode(packet));
}

std::optional<WireError> check_transport_feedback(const PacketView& packet) {
  switch (static_cast<TransportFormat>(packet.count)) {
    case TransportFormat::Nack:
      return fault_of(Nack::decode(packet));
    case TransportFormat::Tmmbr:
    case TransportFormat::Tmmbn:
      return fault_of(MaxBitrate::decode(packet));
    case TransportFormat::CongestionControl:
      return fault_of(CongestionControl::decode(packet));
    case TransportFormat::TransportWide:
      return fault_of(TransportWide::decode(packet));
  }
  return fault_of(Feedback::decode(packet));
}

std::optional<WireError> check_payload_feedback(const PacketView& packet) {
  switch (static_cast<PayloadFormat>(packet.count)) {
    case PayloadFormat::PictureLoss:
      return fault_of(PictureLoss::decode(packet));
    case PayloadFormat::SliceLoss:
      return fault_of(SliceLoss::decode(packet));
    case PayloadFormat::ReferenceSelection:
      return fault_of(ReferenceSelection::decode(packet));
    case PayloadFormat::FullIntra:
      return fault_of(FullIntra::decode(packet));
    case PayloadFormat::Application:
      return check_application_feedback(packet);
  }
  return fault_of(Feedback::decode(packet));
}

std::optional<WireError> check_extended_report(const PacketView& packet) {
  const Result<ExtendedReport> report = ExtendedReport::decode(packet);
  if (!report)
    return report.error();
  for (const XrBlock& block : report->blocks)
    if (const auto fault = check_block(block))
      return fault;
  return std::nullopt;
}

}  // namespace

//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |V=2|P| RC, FMT |  packet type  |   length in words, minus one  |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
Result<PacketView> PacketView::decode(Bytes bytes, std::size_t base) {
  ByteReader reader(bytes, base);
  PacketView view;
  view.offset = static_cast<std::uint32_t>(base);
  const std::uint8_t first = reader.u8("version");
  if (reader.ok() && (first >> 6U) != kVersion)
    reader.fail(WireFault::BadValue, base, "version");
  view.padding = (first & 0x20U) != 0;
  view.count = first & 0x1fU;
  view.type = reader.u8("packet type");
  const std::size_t body_size = std::size_t{reader.u16("length")} * kWord;
  view.body = reader.bytes(body_size, "packet");
  if (!reader.ok())
    return reader.unexpected();
  view.bytes = bytes.first(kHeaderSize + body_size);
  if (!view.padding)
    return view;
  // RFC 3550 section 6.4.1: the last octet counts the padding, itself included, in whole words.
  if (body_size == 0)
    return wire_error(WireFault::BadLength, base, "padding count");
  view.padding_size = load_u8(&view.body.back());
  if (view.padding_size == 0 || view.padding_size % kWord != 0 || view.padding_size > body_size)
    return wire_error(WireFault::BadLength, base + kHeaderSize + body_size - 1, "padding count");
  view.body = view.body.first(body_size - view.padding_size);
  return view;
}

bool Compound::reduced_size() const {
  return !packets.empty() && !packets.front().is(PacketType::SenderReport) &&
         !packets.front().is(PacketType::ReceiverReport);
}

Compound decode_compound(Bytes datagram, std::size_t base) {
  Compound compound;
  const auto note = [&](const WireError& error) {
    if (!compound.error)
      compound.error = error;
  };
  if (datagram.empty())
    note({WireFault::Truncated, static_cast<std::uint32_t>(base), "version"});
  for (std::size_t at = 0; at < datagram.size();) {
    const Result<PacketView> packet = PacketView::decode(datagram.subspan(at), base + at);
    if (!packet) {
      note(packet.error());
      break;
    }
    at += packet->bytes.size();
    if (packet->padding && at < datagram.size())
      note({WireFault::BadValue, packet->offset, "no padding before the last packet"});
    compound.packets.push_back(*packet);
  }
  return compound;
}

std::optional<WireError> check_body(const PacketView& packet) {
  switch (static_cast<PacketType>(packet.type)) {
    case PacketType::SenderReport:
      return fault_of(SenderReport::decode(packet));
    case PacketType::ReceiverReport:
      return fault_of(ReceiverReport::decode(packet));
    case PacketType::SourceDescription:
      return fault_of(SourceDescription::decode(packet));
    case PacketType::Goodbye:
      return fault_of(Goodbye::decode(packet));
    case PacketType::ApplicationDefined:
      return fault_of(ApplicationDefined::decode(packet));
    case PacketType::TransportFeedback:
      return check_transport_feedback(packet);
    case PacketType::PayloadFeedback:
      return check_payload_feedback(packet);
    case PacketType::ExtendedReport:
      return check_extended_report(packet);
  }
  return std::nullopt;
}

bool is_clear(Bytes datagram) {
  // Most SRTCP fails here, before anything is kept: its size is no multiple of a word, or the
  // lengths lead elsewhere.
  std::size_t at = 0;
  while (at + kHeaderSize <= datagram.size()) {
    const std::byte* p = datagram.data() + at;
    if ((load_u8(p) >> 6U) != kVersion || !is_packet_type(load_u8(p + 1)))
      return false;
    at += kWord * (std::size_t{load_u16(p + 2)} + 1);
  }
  if (at != datagram.size() || datagram.empty())
    return false;
  const Compound compound = decode_compound(datagram);
  if (compound.error)
    return false;
  for (const PacketView& packet : compound.packets)
    if (check_body(packet))
      return false;
  return true;
}

std::string packet_type_name(std::uint8_t type) {
  static constexpr std::array<CodeName, 13> kNames{{{192, "FIR"},
                                                    {193, "NACK"},
                                                    {195, "IJ"},
                                                    {200, "SR"},
                                                    {201, "RR"},
                                                    {202, "SDES"},
                                                    {203, "BYE"},
                                                    {204, "APP"},
                                                    {205, "RTPFB"},
                                                    {206, "PSFB"},
                                                    {207, "XR"},
                                                    {208, "AVB"},
                                                    {209, "RSI"}}};
  static_assert(sorted_by_code(kNames));
  const auto name = find_name(kNames, type);
  return name ? std::string(*name) : "packet type " + std::to_string(type);
}

std::string packet_name(std::uint8_t type, std::uint8_t count) {
  static constexpr std::array<CodeName, 15> kTypes{{{192, "FIR"},
                                                    {193, "NACK"},
                                                    {195, "extended jitter report"},
                                                    {200, "sender report"},
                                                    {201, "receiver report"},
                                                    {202, "source description"},
                                                    {203, "goodbye"},
                                                    {204, "application-defined"},
                                                    {205, "transport feedback"},
                                                    {206, "payload feedback"},
                                                    {207, "extended report"},
                                                    {208, "AVB"},
                                                    {209, "receiver summary"},
                                                    {210, "port mapping"},
                                                    {211, "IDMS settings"}}};
  static constexpr std::array<CodeName, 10> kTransport{{{1, "NACK"},
                                                        {3, "TMMBR"},
                                                        {4, "TMMBN"},
                                                        {5, "sender report request"},
                                                        {6, "RAMS"},
                                                        {7, "TLLEI"},
                                                        {8, "ECN feedback"},
                                                        {9, "pause and resume"},
                                                        {11, "congestion control feedback"},
                                                        {15, "transport-wide feedback"}}};
  static constexpr std::array<CodeName, 9> kPayload{{{1, "picture loss indication"},
                                                     {2, "slice loss indication"},
                                                     {3, "reference picture selection"},
                                                     {4, "full intra request"},
                                                     {5, "temporal-spatial trade-off request"},
                                                     {6, "temporal-spatial trade-off notification"},
                                                     {7, "video back channel message"},
                                                     {8, "PSLEI"},
                                                     {15, "application layer feedback"}}};
  static_assert(sorted_by_code(kTypes) && sorted_by_code(kTransport) && sorted_by_code(kPayload));
  std::optional<std::string_view> name;
  if (type == static_cast<std::uint8_t>(PacketType::TransportFeedback))
    name = find_name(kTransport, count);
  if (type == static_cast<std::uint8_t>(PacketType::PayloadFeedback))
    name = find_name(kPayload, count);
  if (!name)
    name = find_name(kTypes, type);
  return name ? std::string(*name) : "packet type " + std::to_string(type);
}

std::string sdes_name(std::uint8_t type) {
  static constexpr std::array<CodeName, 12> kNames{{{0, "END"},
                                                    {1, "CNAME"},
                                                    {2, "NAME"},
                                                    {3, "EMAIL"},
                                                    {4, "PHONE"},
                                                    {5, "LOC"},
                                                    {6, "TOOL"},
                                                    {7, "NOTE"},
                                                    {8, "PRIV"},
                                                    {12, "RtpStreamId"},
                                                    {13, "RepairedRtpStreamId"},
                                                    {15, "MID"}}};
  static_assert(sorted_by_code(kNames));
  const auto name = find_name(kNames, type);
  return name ? std::string(*name) : "item " + std::to_string(type);
}

}  // namespace parley::rtcp
