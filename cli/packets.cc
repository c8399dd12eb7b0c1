#include "cli/packets.h"

#include <fmt/format.h>

#include "analyzer/capture_file.h"
#include "analyzer/dissect/field.h"
#include "analyzer/dissect/frame.h"
#include "analyzer/dissect/stream_frames.h"
#include "analyzer/dissect/summary.h"
#include "analyzer/frame.h"
#include "analyzer/payload_evidence.h"
#include "cli/error.h"
#include "cli/output.h"
#include "stack/trace/json.h"
#include "stack/wire/ip.h"

namespace parley::cli {
namespace {

using analyzer::CaptureFile;
using analyzer::Field;
using analyzer::FrameDecoder;
using analyzer::FrameVerdict;
using analyzer::Packet;
using analyzer::PayloadEvidence;
using analyzer::RawPacket;
using analyzer::Summary;
using analyzer::TransportProtocol;

struct Line {
  std::string source, destination;
  Summary summary;
  std::vector<Field> fields;
};

std::string icmp_info(const Packet& packet) {
  if (!packet.icmp_error)
    return fmt::format("{} bytes", packet.payload.size());
  const analyzer::IcmpError& error = *packet.icmp_error;
  return fmt::format("error type {} code {} about {} to {}", error.type, error.code,
                     to_string(error.quoted_source), to_string(error.quoted_destination));
}

std::string tcp_info(const Packet& packet) {
  return fmt::format("{} sequence {}  {} bytes", analyzer::tcp_flag_names(packet.tcp_flags),
                     packet.tcp_sequence, packet.payload.size());
}

Field plain_field(std::string name, Bytes bytes, std::size_t base) {
  return {std::move(name),
          fmt::format("{} bytes", bytes.size()),
          static_cast<std::uint32_t>(base),
          static_cast<std::uint32_t>(bytes.size()),
          {},
          false};
}

// The frames of TURN that stand whole in a segment.
std::vector<Field> segment_fields(const Packet& packet, const analyzer::DissectOptions& options) {
  const analyzer::StreamFrames split = analyzer::split_stream(packet.payload);
  std::vector<Field> fields;
  std::size_t base = packet.payload_offset;
  for (const Bytes frame : split.frames) {
    fields.push_back(analyzer::dissect_turn(frame, options, base));
    base += frame.size();
  }
  if (!split.rest.empty())
    fields.push_back(plain_field("Another segment's message", split.rest, base));
  return fields;
}

Field payload_field(PayloadClass as, const Packet& packet,
                    const analyzer::DissectOptions& options) {
  const std::size_t base = packet.payload_offset;
  switch (as) {
    case PayloadClass::Stun:
    case PayloadClass::ChannelData:
      return analyzer::dissect_turn(packet.payload, options, base);
    case PayloadClass::Dtls:
      return analyzer::dissect_dtls(packet.payload, base);
    case PayloadClass::Rtp:
      return analyzer::dissect_rtp(packet.payload, base);
    case PayloadClass::Rtcp:
    case PayloadClass::Unknown:
    case PayloadClass::Zrtp:
    case PayloadClass::Quic:
      break;
  }
  return plain_field("Payload", packet.payload, base);
}

class Printer {
 public:
  Printer(const Options& options, const PayloadEvidence& evidence)
      : evidence_(evidence),
        json_(options.json()),
        verbose_(options.has("verbose")),
        quiet_(options.quiet()),
        password_(options.value("password").value_or("")) {}

  void print(const RawPacket& raw) {
    if (!started_ && raw.has_time) {
      origin_ = raw.at;
      started_ = true;
    }
    Line line = describe(raw);
    if (!quiet_)
      out_ += json_ ? json_line(raw, line) : text_line(raw, line);
    constexpr std::size_t kChunk = std::size_t{1} << 16U;
    if (out_.size() > kChunk)
      flush();
  }
  void flush() {
    write_stdout(out_);
    out_.clear();
  }

 private:
  Line describe(const RawPacket& raw) {
    Packet packet;
    Line line;
    const FrameVerdict verdict = frames_.decode(raw, {0, raw.number}, raw.interface, packet);
    switch (verdict) {
      case FrameVerdict::Decoded:
        describe_packet(raw, packet, line);
        break;
      case FrameVerdict::NotIp:
        line.summary = {"-", fmt::format("not IP, {} bytes", raw.bytes.size())};
        break;
      case FrameVerdict::Fragment:
        line.summary = {"IP", "fragment"};
        break;
      case FrameVerdict::UnknownLink:
        line.summary = {"-", fmt::format("link type {} is not decoded", raw.link_type)};
        break;
      case FrameVerdict::Undecoded:
        line.summary = {"IP", "not decoded: " + std::string{frames_.reason()}};
        break;
    }
    const bool ip = verdict != FrameVerdict::NotIp && verdict != FrameVerdict::UnknownLink;
    if (verbose_ && ip) {
      std::vector<Field> headers = analyzer::dissect_frame(raw.bytes, frames_.network_offset());
      headers.insert(headers.end(), std::make_move_iterator(line.fields.begin()),
                     std::make_move_iterator(line.fields.end()));
      line.fields = std::move(headers);
    }
    return line;
  }

  void describe_packet(const RawPacket& raw, const Packet& packet, Line& line) {
    const bool ports = packet.protocol == TransportProtocol::Udp ||
                       packet.protocol == TransportProtocol::Tcp ||
                       packet.protocol == TransportProtocol::Sctp;
    line.source = ports ? to_string(packet.source) : to_string(packet.source.address);
    line.destination =
        ports ? to_string(packet.destination) : to_string(packet.destination.address);
    const PayloadClass as = evidence_.classify(packet);
    switch (packet.protocol) {
      case TransportProtocol::Udp:
        line.summary = analyzer::summarize(as, packet.payload);
        break;
      case TransportProtocol::Tcp:
        line.summary = as == PayloadClass::Unknown ? Summary{"TCP", tcp_info(packet)}
                                                   : analyzer::summarize_segment(packet.payload);
        break;
      case TransportProtocol::Icmp:
        line.summary = {"ICMP", icmp_info(packet)};
        break;
      case TransportProtocol::Sctp:
        line.summary = {"SCTP", fmt::format("{} bytes", packet.payload.size())};
        break;
      case TransportProtocol::Other:
      case TransportProtocol::None:
        line.summary = {"IP", "another protocol"};
        break;
    }
    if (packet.cut_short)
      line.summary.info +=
          fmt::format("  [cut: {} of {} bytes captured]", raw.bytes.size(), raw.original_size);
    if (verbose_ && !packet.payload.empty())
      line.fields = payload_fields(as, packet);
  }

  std::vector<Field> payload_fields(PayloadClass as, const Packet& packet) const {
    const analyzer::DissectOptions options{password_};
    if (packet.protocol == TransportProtocol::Tcp && as != PayloadClass::Unknown)
      return segment_fields(packet, options);
    return {payload_field(as, packet, options)};
  }

  double seconds(const RawPacket& raw) const { return to_seconds(raw.at - origin_); }

  std::string text_line(const RawPacket& raw, const Line& line) const {
    std::string text = fmt::format("{:6} {:>12} ", raw.number,
                                   raw.has_time ? fmt::format("{:.6f}", seconds(raw)) : "no time");
    if (!line.source.empty())
      text += fmt::format(" {} > {} ", line.source, line.destination);
    text += fmt::format(" {}  {}", line.summary.protocol, line.summary.info);
    if (!raw.comment.empty())
      text += "  # " + printable(raw.comment);
    text += '\n';
    for (const Field& field : line.fields)
      text += analyzer::to_text(field, 1);
    return text;
  }

  std::string json_line(const RawPacket& raw, const Line& line) const {
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
    if (verbose_) {
      json += ", \"fields\": [";
      for (std::size_t i = 0; i < line.fields.size(); ++i)
        json += (i == 0 ? "" : ", ") + analyzer::to_json(line.fields[i]);
      json += ']';
    }
    return json + "}\n";
  }

  const PayloadEvidence& evidence_;
  bool json_, verbose_, quiet_;
  std::string password_;
  FrameDecoder frames_;
  bool started_ = false;
  Instant origin_{};
  std::string out_;
};

// The first pass: which 5-tuples carry what.
void learn(CaptureFile& file, PayloadEvidence& evidence) {
  FrameDecoder frames;
  RawPacket raw;
  Packet packet;
  while (file.next(raw))
    if (frames.decode(raw, {0, raw.number}, raw.interface, packet) == FrameVerdict::Decoded)
      evidence.learn(packet);
}

// Standard input cannot be read twice: a pipe is kept in memory up to this size.
constexpr std::size_t kMaxPiped = std::size_t{1} << 30U;

void report_damage(const CaptureFile& file) {
  for (const analyzer::Damage& damage : file.damage())
    fmt::print(stderr, "parley: {}: packet {}, byte {}: {}\n", file.path(), damage.packet,
               damage.offset, damage.what);
}

void print_all(CaptureFile& file, Printer& printer) {
  RawPacket raw;
  while (file.next(raw))
    printer.print(raw);
  printer.flush();
  report_damage(file);
}

}  // namespace

const CommandSpec& packets_spec() {
  static const CommandSpec kSpec{
      "packets",
      "CAPTURE",
      "one line a packet; -v shows every field with its byte range",
      "Lists the packets of a capture (pcap, pcapng, also .gz and .zst; - is standard input). A\n"
      "payload is called DTLS or RTP only where the capture gives evidence for it: STUN or a "
      "DTLS\nhandshake on the same 5-tuple, or a source that advances. With --json one JSON "
      "document a line.",
      {{"verbose,v", "", "the tree of fields, with byte ranges in the frame"},
       {"password", "TEXT", "check MESSAGE-INTEGRITY with this password; shown in no output"}},
      {"parley packets call.pcapng", "parley packets -v call.pcapng | less"},
      1,
      1};
  return kSpec;
}

int run_packets(const Options& options) {
  const std::string& path = options.arguments()[0];
  PayloadEvidence evidence;
  Printer printer(options, evidence);
  if (path != "-") {
    learn(*CaptureFile::open(path), evidence);
    print_all(*CaptureFile::open(path), printer);
    return kSuccess;
  }
  const std::string piped = read_stdin(kMaxPiped);
  const auto open_piped = [&] {
    return CaptureFile::from_memory(as_bytes(piped), "standard input");
  };
  learn(*open_piped(), evidence);
  print_all(*open_piped(), printer);
  return kSuccess;
}

}  // namespace parley::cli
