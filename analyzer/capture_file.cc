#include "analyzer/capture_file.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "analyzer/byte_source.h"
#include "analyzer/pcap_file.h"
#include "analyzer/pcapng_file.h"

namespace parley::analyzer {
namespace {

constexpr std::size_t kMagicSize = 4;
constexpr std::string_view kExpected =
    "expected a pcap or pcapng capture, plain or packed by gzip or zstd";

ByteBuffer read_head(ByteSource& source) {
  ByteBuffer head(kMagicSize);
  std::size_t have = 0;
  while (have < head.size()) {
    const std::size_t got = source.read(std::span(head).subspan(have));
    if (got == 0)
      break;
    have += got;
  }
  head.resize(have);
  return head;
}

// What the user may have meant, by the beginning of a file that is no capture.
std::string_view guess(ByteSource& source, ByteBuffer head) {
  constexpr std::size_t kLooked = 4096;
  const auto ascii = [](std::byte b) { return std::to_integer<unsigned>(b) < 0x80; };
  if (!std::all_of(head.begin(), head.end(), ascii))
    return {};
  const std::size_t have = head.size();
  head.resize(kLooked);
  head.resize(have + source.read(std::span(head).subspan(have)));
  const std::string_view text = as_text(head);
  const bool readable = std::all_of(text.begin(), text.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return (octet >= 0x20 && octet != 0x7f) || c == '\n' || c == '\r' || c == '\t';
  });
  if (!readable)
    return {};
  const bool scenario =
      text.find("nodes:") != std::string_view::npos &&
      (text.starts_with("name:") || text.find("\nname:") != std::string_view::npos);
  return scenario ? "it looks like a scenario, for parley run" : "it looks like text";
}

std::string not_a_capture(ByteSource& source, Bytes head) {
  if (const auto fault = source.fault())
    return fmt::format("{}; {}", *fault, kExpected);
  if (head.empty())
    return fmt::format("the file is empty; {}", kExpected);
  if (const std::string_view meant = guess(source, {head.begin(), head.end()}); !meant.empty())
    return fmt::format("{}; {}", meant, kExpected);
  return fmt::format("the file begins with {}; {}", to_hex(head), kExpected);
}

}  // namespace

std::string_view to_string(CaptureFormat format) {
  switch (format) {
    case CaptureFormat::Pcap:
      return "pcap";
    case CaptureFormat::Pcapng:
      return "pcapng";
  }
  return {};
}

CaptureError::CaptureError(Kind error_kind, std::string file, std::uint64_t at,
                           const std::string& reason)
    : std::runtime_error(error_kind == Kind::System
                             ? fmt::format("{}: {}", file, reason)
                             : fmt::format("{}: byte {}: {}", file, at, reason)),
      kind_(error_kind),
      path_(std::move(file)),
      offset_(at) {}

CaptureFile::CaptureFile(std::string path, std::unique_ptr<InputBuffer> input)
    : path_(std::move(path)), input_(std::move(input)) {}

CaptureFile::~CaptureFile() = default;

std::unique_ptr<CaptureFile> CaptureFile::open(const std::string& path) {
  return identify(path == "-" ? "standard input" : path, open_file(path));
}

std::unique_ptr<CaptureFile> CaptureFile::from_memory(Bytes bytes, const std::string& name) {
  return identify(name, open_memory(bytes));
}

std::unique_ptr<CaptureFile> CaptureFile::identify(const std::string& name,
                                                   std::unique_ptr<ByteSource> source) {
  ByteBuffer head = read_head(*source);
  if (is_gzip(head) || is_zstd(head)) {
    source =
        is_gzip(head) ? unpack_gzip(std::move(source), head) : unpack_zstd(std::move(source), head);
    head = read_head(*source);
  }
  const bool pcap = PcapFile::recognises(head);
  if (!pcap && !PcapngFile::recognises(head))
    throw CaptureError(CaptureError::Kind::NotCapture, name, 0, not_a_capture(*source, head));
  auto input = std::make_unique<InputBuffer>(std::move(source), head);
  if (pcap)
    return std::make_unique<PcapFile>(name, std::move(input));
  return std::make_unique<PcapngFile>(name, std::move(input));
}

std::string_view CaptureFile::packed_by() const {
  return input_->source().packed_by();
}

std::uint64_t CaptureFile::bytes_read() const {
  return input_->offset();
}

void CaptureFile::note_damage(std::uint64_t offset, std::string what) {
  ++damage_count_;
  if (damage_.size() < kMaxDamageListed)
    damage_.push_back({offset, last_number_, std::move(what)});
}

void CaptureFile::note_source_fault() {
  if (source_fault_noted_)
    return;
  source_fault_noted_ = true;
  if (const auto fault = input_->source().fault())
    note_damage(input_->offset() + input_->available(), *fault);
}

}  // namespace parley::analyzer
