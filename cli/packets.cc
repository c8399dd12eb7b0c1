#include "cli/packets.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <unistd.h>

#include "analyzer/capture_file.h"
#include "analyzer/frame.h"
#include "analyzer/payload_evidence.h"
#include "cli/error.h"
#include "cli/output.h"
#include "cli/packet_printer.h"

namespace parley::cli {
namespace {

using analyzer::CaptureFile;
using analyzer::FrameDecoder;
using analyzer::FrameVerdict;
using analyzer::Packet;
using analyzer::PayloadEvidence;
using analyzer::RawPacket;

// The first pass: which 5-tuples carry what, and when the earliest packet was seen.
Instant learn(CaptureFile& file, PayloadEvidence& evidence) {
  FrameDecoder frames;
  RawPacket raw;
  Packet packet;
  std::optional<Instant> earliest;
  while (file.next(raw)) {
    if (raw.has_time)
      earliest = std::min(earliest.value_or(raw.at), raw.at);
    if (frames.decode(raw, {0, raw.number}, raw.interface, packet) == FrameVerdict::Decoded)
      evidence.learn(packet);
  }
  return earliest.value_or(Instant{});
}

// Standard input cannot be read twice: a pipe is kept in memory up to this size.
constexpr std::size_t kMaxPiped = std::size_t{1} << 30U;

void report_damage(const CaptureFile& file) {
  for (const analyzer::Damage& damage : file.damage())
    fmt::print(stderr, "parley: {}: packet {}, byte {}: {}\n", file.path(), damage.packet,
               damage.offset, damage.what);
}

void print_all(CaptureFile& file, PacketPrinter& printer) {
  RawPacket raw;
  while (file.next(raw))
    printer.print(raw);
  printer.flush();
  report_damage(file);
}

PacketChoices choices_of(const Options& options) {
  PacketChoices choices;
  choices.json = options.json();
  choices.verbose = options.has("verbose");
  choices.quiet = options.quiet();
  choices.color = options.color(STDOUT_FILENO);
  if (const auto only = options.value("only"))
    choices.only = PacketRanges::parse(*only);
  choices.passwords = options.values("password");
  choices.username = options.value("username").value_or("");
  choices.realm = options.value("realm").value_or("");
  for (const std::string_view name : {"password", "username", "realm"})
    if (options.has(name) && !choices.verbose)
      throw bad_input("packets: --" + std::string(name) +
                      " is for the tree of fields: give -v with it");
  return choices;
}

void print_capture(const Options& options,
                   const std::function<std::unique_ptr<CaptureFile>()>& open) {
  PacketChoices choices = choices_of(options);
  const std::uint64_t last = choices.only.last();
  PayloadEvidence evidence;
  const Instant origin = learn(*open(), evidence);
  PacketPrinter printer(std::move(choices), evidence, origin);
  print_all(*open(), printer);
  if (last > printer.packets())
    throw bad_input("--only: packet " + std::to_string(last) + " is not there, the capture has " +
                    std::to_string(printer.packets()));
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
       {"only", "PACKETS", "numbers and ranges, as in 8,27..30: those packets alone"},
       {"password", "TEXT",
        "with -v, check MESSAGE-INTEGRITY with this password (repeatable); shown in no output"},
       {"username", "TEXT", "of a long-term password, where the messages do not carry it"},
       {"realm", "TEXT", "the same for the realm"}},
      {"parley packets call.pcapng", "parley packets -v --only 8,27..30 call.pcapng"},
      1,
      1};
  return kSpec;
}

int run_packets(const Options& options) {
  const std::string& path = options.arguments()[0];
  if (path != "-") {
    print_capture(options, [&] { return CaptureFile::open(path); });
    return kSuccess;
  }
  const std::string piped = read_stdin(kMaxPiped);
  print_capture(options,
                [&] { return CaptureFile::from_memory(as_bytes(piped), "standard input"); });
  return kSuccess;
}

}  // namespace parley::cli
