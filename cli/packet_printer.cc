#include "cli/packet_printer.h"

#include <iterator>

#include <fmt/format.h>

#include "analyzer/dissect/frame.h"
#include "analyzer/dissect/stream_frames.h"
#include "cli/output.h"
#include "stack/trace/json.h"
#include "stack/wire/ip.h"

namespace parley::cli {
namespace {

using analyzer::DissectOptions;
using analyzer::Field;
using analyzer::FrameVerdict;
using analyzer::Packet;
using analyzer::RawPacket;
using analyzer::Summary;
using analyzer::TransportProtocol;

std::size_t missing_of(const Packet& packet) {
  return packet.wire_payload_size > packet.payload.size()
             ? packet.wire_payload_size - packet.payload.size()
             : 0;
}

std::size_t missing_of(const RawPacket& raw) {
  return raw.original_size > raw.bytes.size() ? raw.original_size - raw.bytes.size() : 0;
}

Summary icmp_summary(const Packet& packet, Bytes message) {
  const bool v6 = packet.source.address.is_v6();
  std::string info = message.size() < 2 ? fmt::format("{} bytes", message.size())
                                        : analyzer::icmp_name(v6, load_u8(message.data()),
                                                              load_u8(message.data() + 1));
  if (packet.icmp_error)
    info += fmt::format(" about {} to {}", to_string(packet.icmp_error->quoted_source),
                        to_string(packet.icmp_error->quoted_destination));
  return {v6 ? "ICMPv6" : "ICMP", info};
}

std::string tcp_info(const Packet& packet) {
  return fmt::format("{} sequence {}  {} bytes", analyzer::tcp_flag_names(packet.tcp_flags),
                     packet.tcp_sequence, packet.payload.size() + missing_of(packet));
}

Field plain_field(std::string_view name, Bytes bytes, std::size_t base) {
  return analyzer::make_field(name, fmt::format("{} bytes", bytes.size()), base, bytes.size());
}

// The frames of TURN that begin in a segment.
void add_segment(std::vector<Field>& to, const Packet& packet, const DissectOptions& options,
                 std::size_t base) {
  const analyzer::StreamFrames split = analyzer::split_stream(packet.payload);
  for (const Bytes frame : split.frames) {
    to.push_back(analyzer::dissect_turn(frame, options, base));
    base += frame.size();
  }
  const std::size_t cut = analyzer::cut_frame(split, missing_of(packet));
  if (cut > 0)
    to.push_back(analyzer::dissect_turn(split.rest, options, base, cut));
  else if (!split.rest.empty())
    to.push_back(plain_field("Another segment's message", split.rest, base));
}

Field payload_field(PayloadClass as, const Packet& packet, const DissectOptions& options,
                    std::size_t base) {
  const std::size_t missing = missing_of(packet);
  switch (as) {
    case PayloadClass::Stun:
    case PayloadClass::ChannelData:
      return analyzer::dissect_turn(packet.payload, options, base, missing);
    case PayloadClass::Dtls:
      return analyzer::dissect_dtls(packet.payload, options, base, missing);
    case PayloadClass::Rtp:
      return analyzer::dissect_rtp(packet.payload, options, base, missing);
    case PayloadClass::Rtcp:
      return analyzer::dissect_rtcp(packet.payload, options, base, missing);
    case PayloadClass::Unknown:
    case PayloadClass::Zrtp:
    case PayloadClass::Quic:
      break;
  }
  return plain_field("Payload", packet.payload, base);
}

bool has_ports(const Packet& packet) {
  return packet.protocol == TransportProtocol::Udp || packet.protocol == TransportProtocol::Tcp ||
         packet.protocol == TransportProtocol::Sctp;
}

bool is_name_service(const Packet& packet) {
  constexpr std::uint16_t kDns = 53;
  constexpr std::uint16_t kMdns = 5353;
  const auto named = [](std::uint16_t port) { return port == kDns || port == kMdns; };
  return named(packet.source.port) || named(packet.destination.port);
}

// What the tree says of a frame that is no IP.
Summary link_summary(const RawPacket& raw) {
  const auto fields = analyzer::dissect_frame(raw.bytes, raw.link_type, missing_of(raw));
  for (const Field& field : fields)
    if (field.name == "ARP")
      return {"ARP", field.value.empty() ? "damaged" : field.value};
  return {"-", fmt::format("not IP, {} bytes", raw.original_size)};
}

}  // namespace

void PacketPrinter::print(const RawPacket& raw) {
  packets_ = raw.number;
  const bool wanted = choices_.only.contains(raw.number);
  const Line line = describe(raw);
  if (!choices_.quiet && wanted)
    out_ += choices_.json ? json_line(raw, line) : text_line(raw, line);
  constexpr std::size_t kChunk = std::size_t{1} << 16U;
  if (out_.size() > kChunk)
    flush();
}

void PacketPrinter::flush() {
  write_stdout(out_);
  out_.clear();
}

PacketPrinter::Line PacketPrinter::describe(const RawPacket& raw) {
  Packet packet;
  Line line;
  const FrameVerdict verdict = frames_.decode(raw, {0, raw.number}, raw.interface, packet);
  if (choices_.verbose)
    line.fields = analyzer::dissect_frame(raw.bytes, raw.link_type, missing_of(raw));
  switch (verdict) {
    case FrameVerdict::Decoded:
      describe_packet(raw, packet, line);
      break;
    case FrameVerdict::NotIp:
      line.summary = link_summary(raw);
      break;
    case FrameVerdict::Fragment:
      describe_fragment(raw, line);
      break;
    case FrameVerdict::UnknownLink:
      line.summary = {"-", fmt::format("link type {} is not decoded", raw.link_type)};
      break;
    case FrameVerdict::Undecoded:
      line.summary = {"IP", fmt::format("{}: {}", packet.cut_short ? "cut in" : "not decoded",
                                        frames_.reason())};
      break;
  }
  if (packet.cut_short)
    line.summary.info +=
        fmt::format("  [cut: {} of {} bytes captured]", raw.bytes.size(), raw.original_size);
  return line;
}

void PacketPrinter::describe_fragment(const RawPacket& raw, Line& line) const {
  const auto view = ip::PacketView::decode(raw.bytes.subspan(frames_.network_offset()));
  if (!view)
    return;
  line.source = to_string(view->source);
  line.destination = to_string(view->destination);
  line.summary = {
      "IP", fmt::format("fragment of {} {:#06x}, bytes {}..{}{}",
                        analyzer::ip_protocol_name(view->protocol), view->identification,
                        view->fragment_offset, view->fragment_offset + view->wire_payload_size,
                        view->more_fragments ? "" : ", the last")};
  if (choices_.verbose && !view->payload.empty())
    line.fields.push_back(
        plain_field("Fragment", view->payload,
                    static_cast<std::size_t>(view->payload.data() - raw.bytes.data())));
}

Summary PacketPrinter::summary_of(const Packet& packet, PayloadClass as) const {
  const analyzer::SummaryScope scope{missing_of(packet), evidence_.is_protected(packet)};
  switch (packet.protocol) {
    case TransportProtocol::Udp:
      if (as == PayloadClass::Unknown && is_name_service(packet))
        if (const auto info = analyzer::dns_info(packet.payload))
          return {"DNS", *info};
      return analyzer::summarize(as, packet.payload, scope);
    case TransportProtocol::Tcp:
      return as == PayloadClass::Unknown ? Summary{"TCP", tcp_info(packet)}
                                         : analyzer::summarize_segment(packet.payload, scope);
    case TransportProtocol::Sctp:
      return {"SCTP", fmt::format("{} bytes", packet.payload.size() + scope.missing)};
    case TransportProtocol::Icmp:
    case TransportProtocol::Other:
    case TransportProtocol::None:
      break;
  }
  return {"IP", "another protocol"};
}

void PacketPrinter::describe_packet(const RawPacket& raw, const Packet& packet, Line& line) {
  line.source = has_ports(packet) ? to_string(packet.source) : to_string(packet.source.address);
  line.destination =
      has_ports(packet) ? to_string(packet.destination) : to_string(packet.destination.address);
  if (packet.protocol == TransportProtocol::Icmp) {
    // The type and code stand before the body, in the frame or in the datagram.
    const Bytes message{packet.payload.data() - ip::kIcmpHeaderSize,
                        packet.payload.size() + ip::kIcmpHeaderSize};
    line.summary = icmp_summary(packet, message);
  } else {
    line.summary = summary_of(packet, evidence_.classify(packet));
  }
  if (choices_.verbose)
    add_payload(raw, packet, line.fields);
}

void PacketPrinter::add_payload(const RawPacket& raw, const Packet& packet,
                                std::vector<Field>& to) {
  const bool in_headers =
      packet.protocol == TransportProtocol::Icmp || packet.protocol == TransportProtocol::Sctp;
  const std::byte* payload = packet.payload.data();
  const bool in_frame = packet.payload.empty() || (payload >= raw.bytes.data() &&
                                                   payload < raw.bytes.data() + raw.bytes.size());
  std::vector<Field> fields;
  std::size_t base = packet.payload_offset;
  const Bytes datagram = frames_.reassembled().payload;
  if (!in_frame) {
    fields = analyzer::dissect_reassembled({packet.source.address, packet.destination.address,
                                            frames_.reassembled().protocol, datagram});
    base = static_cast<std::size_t>(payload - datagram.data());
  }
  if (!in_headers && !packet.payload.empty()) {
    const PayloadClass as = evidence_.classify(packet);
    const DissectOptions options{choices_.passwords, choices_.username,
                                 choices_.realm,     evidence_.is_protected(packet),
                                 &memory_,           {}};
    memory_.begin(raw.number, packet.source, packet.destination);
    if (packet.protocol == TransportProtocol::Tcp && as != PayloadClass::Unknown)
      add_segment(fields, packet, options, base);
    else
      fields.push_back(payload_field(as, packet, options, base));
  }
  if (in_frame) {
    to.insert(to.end(), std::make_move_iterator(fields.begin()),
              std::make_move_iterator(fields.end()));
    return;
  }
  Field whole = analyzer::make_field(
      "Reassembled Datagram",
      fmt::format("{} bytes of IP payload; ranges below count in it", datagram.size()), 0,
      datagram.size());
  whole.within = analyzer::Within::Datagram;
  whole.children = std::move(fields);
  propagate_faults(whole);
  to.push_back(std::move(whole));
}

std::string PacketPrinter::text_line(const RawPacket& raw, const Line& line) const {
  std::string text = fmt::format("{:6} {:>12} ", raw.number,
                                 raw.has_time ? fmt::format("{:.6f}", seconds(raw)) : "no time");
  if (!line.source.empty())
    text += fmt::format(" {} > {} ", line.source, line.destination);
  const std::string_view begin = choices_.color ? "\x1b[1m" : "";
  const std::string_view end = choices_.color ? "\x1b[0m" : "";
  text += fmt::format(" {}{}{}  {}", begin, line.summary.protocol, end, line.summary.info);
  if (!raw.comment.empty())
    text += "  # " + printable(raw.comment);
  text += '\n';
  for (const Field& field : line.fields)
    text += analyzer::to_text(field, 1, choices_.color);
  return text;
}

std::string PacketPrinter::json_line(const RawPacket& raw, const Line& line) const {
  using trace::json_string;
  std::string json =
      fmt::format(R"({{"packet": {}, "time_s": {}, "interface": {}, )", raw.number,
                  raw.has_time ? fmt::format("{:.9f}", seconds(raw)) : "null", raw.interface);
  const auto address = [](const std::string& text) {
    return text.empty() ? std::string{"null"} : json_string(text);
  };
  json += fmt::format(R"("source": {}, "destination": {}, "protocol": {}, "info": {}, )",
                      address(line.source), address(line.destination),
                      json_string(line.summary.protocol), json_string(line.summary.info));
  json += fmt::format(R"("captured": {}, "size": {}, "comment": {})", raw.bytes.size(),
                      raw.original_size, address(printable(raw.comment)));
  if (choices_.verbose) {
    json += ", \"fields\": [";
    for (std::size_t i = 0; i < line.fields.size(); ++i)
      json += (i == 0 ? "" : ", ") + analyzer::to_json(line.fields[i]);
    json += ']';
  }
  return json + "}\n";
}

}  // namespace parley::cli
