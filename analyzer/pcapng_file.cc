#include "analyzer/pcapng_file.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace parley::analyzer {
namespace {

constexpr std::uint32_t kSectionHeader = 0x0a0d0d0a;  // the same in both byte orders
constexpr std::uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr std::uint32_t kInterfaceDescription = 1;
constexpr std::uint32_t kObsoletePacket = 2;
constexpr std::uint32_t kSimplePacket = 3;
constexpr std::uint32_t kNameResolution = 4;
constexpr std::uint32_t kInterfaceStatistics = 5;
constexpr std::uint32_t kEnhancedPacket = 6;
constexpr std::uint32_t kDecryptionSecrets = 10;
constexpr std::uint32_t kSystemdJournal = 9;
constexpr std::uint32_t kCustom = 0x00000bad;
constexpr std::uint32_t kCustomNotCopied = 0x40000bad;

constexpr std::uint16_t kOptEnd = 0;
constexpr std::uint16_t kOptComment = 1;
constexpr std::uint16_t kIfName = 2;
constexpr std::uint16_t kIfDescription = 3;
constexpr std::uint16_t kIfTimestampResolution = 9;
constexpr std::uint16_t kIfTimestampOffset = 14;

constexpr std::size_t kBlockHeader = 8;
constexpr std::size_t kMinBlock = 12;
// A block that is found by searching is believed up to this size.
constexpr std::uint32_t kMaxSearchedBlock = std::uint32_t{1} << 20U;

constexpr std::size_t padded(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

std::optional<ByteOrder> order_of_section(const std::byte* magic) {
  for (const ByteOrder order : {ByteOrder::Little, ByteOrder::Big})
    if (load_u32(order, magic) == kByteOrderMagic)
      return order;
  return std::nullopt;
}

// Types that a search looks for, with the size of their fixed fields and the lengths around them.
std::size_t smallest_block(std::uint32_t type) {
  switch (type) {
    case kSectionHeader:
      return 28;
    case kInterfaceDescription:
    case kDecryptionSecrets:
      return 20;
    case kSimplePacket:
      return 16;
    case kInterfaceStatistics:
      return 24;
    case kNameResolution:
      return 12;
    case kObsoletePacket:
    case kEnhancedPacket:
      return 32;
    default:
      return 0;
  }
}

// Walks a list of options (draft-ietf-opsawg-pcapng section 3.5).
class OptionReader {
 public:
  OptionReader(ByteOrder order, Bytes options) : order_(order), rest_(options) {}

  bool next() {
    if (rest_.size() < 4)
      return false;
    code = load_u16(order_, rest_.data());
    const std::size_t size = load_u16(order_, rest_.data() + 2);
    if (code == kOptEnd)
      return false;
    if (size > rest_.size() - 4) {
      overrun = true;
      return false;
    }
    value = rest_.subspan(4, size);
    rest_ = rest_.subspan(std::min(4 + padded(size), rest_.size()));
    return true;
  }

  std::uint16_t code = 0;
  Bytes value;
  bool overrun = false;

 private:
  ByteOrder order_;
  Bytes rest_;
};

}  // namespace

bool PcapngFile::recognises(Bytes head) {
  return head.size() >= 4 && parley::load_u32(head.data()) == kSectionHeader;
}

PcapngFile::PcapngFile(const std::string& path, std::unique_ptr<InputBuffer> buffer)
    : CaptureFile(path, std::move(buffer)) {
  if (!input().require(kMinBlock))
    throw CaptureError(CaptureError::Kind::NotCapture, path, input().available(),
                       "the file ends inside its pcapng section header");
  const auto order = order_of_section(input().data() + kBlockHeader);
  if (!order)
    throw CaptureError(CaptureError::Kind::NotCapture, path, kBlockHeader,
                       "a pcapng section header has no byte-order magic; expected 1a2b3c4d");
  order_ = *order;
}

// draft-ietf-opsawg-pcapng section 3.1
//   +---------------------------------------------------------------+
//   |                          Block Type                           |
//   +---------------------------------------------------------------+
//   |                      Block Total Length                       |
//   +---------------------------------------------------------------+
//   /                     Block Body, padded to 32 bits             /
//   +---------------------------------------------------------------+
//   |                      Block Total Length                       |
//   +---------------------------------------------------------------+
std::size_t PcapngFile::find_block() {
  while (input().require(kMinBlock)) {
    if (const std::size_t size = block_here())
      return size;
    if (!resynchronise(why_no_block()))
      return 0;
  }
  const std::size_t left = input().available();
  note_source_fault();
  if (left != 0)
    note_damage(input().offset(), fmt::format("{} bytes behind the last block", left));
  input().consume(left);
  return 0;
}

// The size of the block at data(); 0 when there is none that can be believed.
std::size_t PcapngFile::block_here() {
  const std::byte* p = input().data();
  if (parley::load_u32(p) == kSectionHeader)
    order_ = order_of_section(p + kBlockHeader).value_or(order_);
  const std::uint32_t length = load_u32(order_, p + 4);
  const std::size_t size = padded(length);
  if (length < kMinBlock || size > kMaxRecord || !input().require(size))
    return 0;
  if (load_u32(order_, input().data() + size - 4) == length)
    return size;
  if (!plausible_block(size))
    return 0;
  note_damage(input().offset() + size - 4, "the lengths at both ends of a block differ");
  return size;
}

std::string PcapngFile::why_no_block() {
  const std::uint32_t length = load_u32(order_, input().data() + 4);
  if (length < kMinBlock)
    return fmt::format("no block: its length says {}, the least is {}", length, kMinBlock);
  if (padded(length) > kMaxRecord)
    return fmt::format("no block: its length says {}, the most is {}", length, kMaxRecord);
  if (!input().require(padded(length)))
    return fmt::format("the file ends inside a block: {} of {} bytes are there",
                       input().available(), length);
  return "no block: the lengths at its both ends differ";
}

// Whether a block that can be believed begins `position` bytes ahead.
bool PcapngFile::plausible_block(std::size_t position) {
  if (!input().require(position + kMinBlock))
    return false;
  const std::byte* p = input().data() + position;
  const std::uint32_t type = load_u32(order_, p);
  ByteOrder order = order_;
  if (type == kSectionHeader) {
    const auto section_order = order_of_section(p + kBlockHeader);
    if (!section_order)
      return false;
    order = *section_order;
  }
  const std::uint32_t length = load_u32(order, p + 4);
  const std::size_t least = smallest_block(type);
  if (least == 0 || length < least || length > kMaxSearchedBlock || length % 4 != 0 ||
      !input().require(position + length))
    return false;
  return load_u32(order, input().data() + position + length - 4) == length;
}

bool PcapngFile::resynchronise(const std::string& why) {
  const std::uint64_t from = input().offset();
  for (;;) {
    input().consume(1);
    if (!input().require(kMinBlock))
      break;
    if (plausible_block(0)) {
      note_damage(from, fmt::format("{}; went on {} bytes further", why, input().offset() - from));
      return true;
    }
  }
  note_source_fault();
  note_damage(from, fmt::format("{}; no block was found behind it", why));
  input().consume(input().available());
  return false;
}

bool PcapngFile::next(RawPacket& out) {
  while (const std::size_t size = find_block()) {
    block_offset_ = input().offset();
    const std::uint32_t type = load_u32(order_, input().data());
    const Bytes body = input().bytes(kBlockHeader, size - kMinBlock);
    // The bytes stay where they are until the next require().
    input().consume(size);
    if (handle(type, body, out))
      return true;
  }
  return false;
}

bool PcapngFile::handle(std::uint32_t type, Bytes body, RawPacket& out) {
  if (body.size() + kMinBlock < smallest_block(type)) {
    note_damage(block_offset_, fmt::format("a block of type {} is too short for its fields", type));
    return false;
  }
  switch (type) {
    case kEnhancedPacket:
      return enhanced_packet(body, out);
    case kSimplePacket:
      return simple_packet(body, out);
    case kObsoletePacket:
      return obsolete_packet(body, out);
    case kSectionHeader:
      section_header(body);
      return false;
    case kInterfaceDescription:
      interface_description(body);
      return false;
    case kDecryptionSecrets:
      decryption_secrets(body);
      return false;
    case kCustom:
    case kCustomNotCopied:
    case kSystemdJournal:
      number_record();  // Wireshark shows these as records and numbers them
      return false;
    default:
      return false;
  }
}

// section 4.1: byte-order magic, major and minor version, section length (not needed: blocks are
// walked one by one)
void PcapngFile::section_header(Bytes body) {
  section_interfaces_.clear();
  ++sections_;
  const std::uint16_t major = load_u16(order_, body.data() + 4);
  if (major != 1)
    note_damage(block_offset_, fmt::format("a section of version {}, expected 1", major));
}

// section 4.2
//   +---------------------------------------------------------------+
//   |           LinkType            |           Reserved            |
//   +---------------------------------------------------------------+
//   |                            SnapLen                            |
//   +---------------------------------------------------------------+
void PcapngFile::interface_description(Bytes body) {
  if (interfaces().size() >= kMaxInterfaces) {
    note_damage(block_offset_, fmt::format("more than {} interfaces", kMaxInterfaces));
    return;
  }
  CaptureInterface shown;
  shown.section = sections_ == 0 ? 0 : sections_ - 1;
  shown.link_type = load_u16(order_, body.data());
  shown.snap_length = load_u32(order_, body.data() + 4);
  std::uint8_t resolution = TimestampUnit::kMicroseconds;
  std::int64_t offset_seconds = 0;
  OptionReader options(order_, body.subspan(8));
  while (options.next()) {
    if (options.code == kIfName)
      shown.name = as_text(options.value);
    else if (options.code == kIfDescription)
      shown.description = as_text(options.value);
    else if (options.code == kIfTimestampResolution && !options.value.empty())
      resolution = load_u8(options.value.data());
    else if (options.code == kIfTimestampOffset && options.value.size() == 8)
      offset_seconds = static_cast<std::int64_t>(load_u64(order_, options.value.data()));
  }
  if (options.overrun)
    note_damage(block_offset_, "an option runs past the end of its interface block");
  section_interfaces_.push_back({static_cast<std::uint32_t>(interfaces().size()), shown.link_type,
                                 shown.snap_length, TimestampUnit(resolution, offset_seconds)});
  add_interface(std::move(shown));
}

// section 4.7: secrets type, secrets length, secrets data
void PcapngFile::decryption_secrets(Bytes body) {
  const std::size_t length = load_u32(order_, body.data() + 4);
  const Bytes data = body.subspan(8);
  if (length > data.size()) {
    note_damage(block_offset_, "secrets are longer than their block");
    return;
  }
  std::size_t kept = length;
  for (const CaptureSecrets& s : secrets())
    kept += s.data.size();
  if (kept > kMaxSecretBytes) {
    note_damage(block_offset_, fmt::format("more than {} bytes of secrets", kMaxSecretBytes));
    return;
  }
  if (length != 0)
    add_secrets({load_u32(order_, body.data()), last_number() + 1,
                 std::string(as_text(data.first(length)))});
}

// section 4.3
//   +---------------------------------------------------------------+
//   |                         Interface ID                          |
//   +---------------------------------------------------------------+
//   |                       Timestamp (Upper)                       |
//   +---------------------------------------------------------------+
//   |                       Timestamp (Lower)                       |
//   +---------------------------------------------------------------+
//   |                    Captured Packet Length                     |
//   +---------------------------------------------------------------+
//   |                    Original Packet Length                     |
//   +---------------------------------------------------------------+
bool PcapngFile::enhanced_packet(Bytes body, RawPacket& out) {
  const std::byte* p = body.data();
  PacketHeader header;
  header.interface = load_u32(order_, p);
  header.ticks = (std::uint64_t{load_u32(order_, p + 4)} << 32U) | load_u32(order_, p + 8);
  header.captured = load_u32(order_, p + 12);
  header.original = load_u32(order_, p + 16);
  return packet(header, body.subspan(20), out);
}

// appendix A: the interface has 16 bits, the other 16 count drops
bool PcapngFile::obsolete_packet(Bytes body, RawPacket& out) {
  const std::byte* p = body.data();
  PacketHeader header;
  header.interface = load_u16(order_, p);
  header.ticks = (std::uint64_t{load_u32(order_, p + 4)} << 32U) | load_u32(order_, p + 8);
  header.captured = load_u32(order_, p + 12);
  header.original = load_u32(order_, p + 16);
  return packet(header, body.subspan(20), out);
}

bool PcapngFile::packet(const PacketHeader& header, Bytes rest, RawPacket& out) {
  number_packet();
  if (header.interface >= section_interfaces_.size()) {
    note_damage(block_offset_, fmt::format("a packet of interface {}, but its section has {}",
                                           header.interface, section_interfaces_.size()));
    return false;
  }
  if (header.captured > rest.size()) {
    note_damage(block_offset_, fmt::format("a packet of {} captured bytes in a block of {}",
                                           header.captured, rest.size()));
    return false;
  }
  const Interface& interface = section_interfaces_[header.interface];
  last_time_ = interface.unit.at(header.ticks);
  out.number = last_number();
  out.at = last_time_;
  out.has_time = true;
  out.interface = interface.index;
  out.link_type = interface.link_type;
  out.original_size = std::max(header.original, header.captured);
  out.bytes = rest.first(header.captured);
  const std::size_t options = padded(header.captured);
  out.comment = options + 4 <= rest.size() ? comment_in(rest.subspan(options)) : std::string_view{};
  return true;
}

// section 4.4: only the original length; of the section's first interface; no time, so that it gets
// that of the packet before it
bool PcapngFile::simple_packet(Bytes body, RawPacket& out) {
  number_packet();
  if (section_interfaces_.empty()) {
    note_damage(block_offset_, "a simple packet, but its section has no interface");
    return false;
  }
  const Interface& interface = section_interfaces_.front();
  const std::uint32_t original = load_u32(order_, body.data());
  const Bytes rest = body.subspan(4);
  const std::uint32_t captured =
      interface.snap_length == 0 ? original : std::min(original, interface.snap_length);
  if (captured > rest.size())
    note_damage(block_offset_,
                fmt::format("a simple packet of {} bytes in a block of {}", captured, rest.size()));
  out.number = last_number();
  out.at = last_time_;
  out.has_time = false;
  out.interface = interface.index;
  out.link_type = interface.link_type;
  out.original_size = original;
  out.bytes = rest.first(std::min<std::size_t>(captured, rest.size()));
  out.comment = {};
  return true;
}

std::string_view PcapngFile::comment_in(Bytes options) {
  OptionReader reader(order_, options);
  while (reader.next())
    if (reader.code == kOptComment)
      return as_text(reader.value);
  if (reader.overrun)
    note_damage(block_offset_, "an option runs past the end of its packet block");
  return {};
}

}  // namespace parley::analyzer
