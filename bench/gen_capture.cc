// gen_capture --output FILE [--packets N] [--bytes N] [--calls N] [--seed N]: writes a pcap file
// (Ethernet) of made-up WebRTC calls that run side by side, until it has that many packets or
// bytes. The same arguments give the same file.

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <limits>
#include <string>
#include <string_view>

#include "bench/call_traffic.h"
#include "stack/wire/ip.h"

namespace {

using parley::ByteBuffer;
using parley::Bytes;
using parley::Endpoint;
using parley::Instant;
using parley::bench::CallTraffic;
using parley::bench::Noise;

struct Options {
  std::string output;
  std::uint64_t packets = 2'000'000;
  std::uint64_t bytes = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t calls = 200;
  std::uint64_t seed = 1;
};

[[noreturn]] void fail(const std::string& reason) {
  std::fprintf(stderr, "gen_capture: %s\n", reason.c_str());
  std::exit(2);
}

Options parse(int argc, char** argv) {
  Options options;
  bool packets_given = false;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (i + 1 == argc)
      fail("no value for " + std::string(name));
    char* end = nullptr;
    const std::uint64_t number = std::strtoull(argv[i + 1], &end, 10);
    const bool is_number = *end == '\0' && end != argv[i + 1];
    if (name == "--output")
      options.output = argv[i + 1];
    else if (!is_number)
      fail("no number for " + std::string(name));
    else if (name == "--packets")
      options.packets = number, packets_given = true;
    else if (name == "--bytes")
      options.bytes = number;
    else if (name == "--calls")
      options.calls = number;
    else if (name == "--seed")
      options.seed = number;
    else
      fail("unknown option " + std::string(name));
  }
  if (options.output.empty() || options.calls == 0 || options.calls > 60'000)
    fail(
        "usage: gen_capture --output FILE [--packets N] [--bytes N] [--calls 1..60000] [--seed N]");
  if (!packets_given && options.bytes != std::numeric_limits<std::uint64_t>::max())
    options.packets = std::numeric_limits<std::uint64_t>::max();
  return options;
}

// Streams to disk in large pieces.
class PcapOutput {
 public:
  explicit PcapOutput(const std::string& path) : file_(std::fopen(path.c_str(), "wb")) {
    if (file_ == nullptr)
      fail(path + ": " + std::strerror(errno));
    for (const std::uint32_t word : {0xa1b2c3d4U, 0x00040002U, 0U, 0U, 65535U, 1U})
      little_endian(word);
  }
  PcapOutput(const PcapOutput&) = delete;
  PcapOutput& operator=(const PcapOutput&) = delete;
  ~PcapOutput() { close(); }

  void packet(Instant at, const Endpoint& from, const Endpoint& to, Bytes datagram) {
    const auto microseconds = static_cast<std::uint64_t>(at.time_since_epoch().count()) / 1000;
    const auto size = static_cast<std::uint32_t>(14 + 28 + datagram.size());
    little_endian(static_cast<std::uint32_t>(microseconds / 1'000'000));
    little_endian(static_cast<std::uint32_t>(microseconds % 1'000'000));
    little_endian(size);
    little_endian(size);
    parley::ByteWriter w(buffer_);
    for (const Endpoint* side : {&to, &from}) {
      w.u16(0x0200);
      w.bytes(side->address.bytes());
    }
    w.u16(0x0800);
    parley::ip::UdpHeader header;
    header.source = from;
    header.destination = to;
    header.identification = static_cast<std::uint16_t>(packets_);
    parley::ip::append_udp(buffer_, header, datagram);
    ++packets_;
    if (buffer_.size() >= kFlushAt)
      flush();
  }
  void close() {
    if (file_ == nullptr)
      return;
    flush();
    if (std::fclose(file_) != 0)
      fail(std::string("close: ") + std::strerror(errno));
    file_ = nullptr;
  }
  std::uint64_t packets() const { return packets_; }
  std::uint64_t bytes() const { return written_ + buffer_.size(); }

 private:
  static constexpr std::size_t kFlushAt = std::size_t{1} << 20U;

  void little_endian(std::uint32_t v) {
    for (unsigned i = 0; i < 4; ++i)
      buffer_.push_back(static_cast<std::byte>(v >> (8 * i)));
  }
  void flush() {
    if (std::fwrite(buffer_.data(), 1, buffer_.size(), file_) != buffer_.size())
      fail(std::string("write: ") + std::strerror(errno));
    written_ += buffer_.size();
    buffer_.clear();
  }

  std::FILE* file_;
  ByteBuffer buffer_;
  std::uint64_t packets_ = 0, written_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  PcapOutput output(options.output);
  Noise noise(options.seed);
  Instant now{std::chrono::seconds(1'700'000'000)};
  const auto full = [&] {
    return output.packets() >= options.packets || output.bytes() >= options.bytes;
  };
  std::deque<CallTraffic> calls;  // calls keep their place: their senders refer to them
  for (std::uint32_t i = 0; i < options.calls; ++i)
    calls.emplace_back(i, noise, [&, i](unsigned side, Bytes datagram) {
      if (full())
        return;
      now += std::chrono::microseconds(1 + noise.below(20));
      output.packet(now, calls[i].endpoint(side), calls[i].endpoint(1 - side), datagram);
    });
  while (!full()) {
    CallTraffic& call = calls[noise.below(options.calls)];
    if (call.connected())
      call.step(now);
    else
      call.connect();
  }
  output.close();
  std::printf("%llu packets, %llu bytes, %llu calls\n",
              static_cast<unsigned long long>(output.packets()),
              static_cast<unsigned long long>(output.bytes()),
              static_cast<unsigned long long>(options.calls));
  return 0;
}
