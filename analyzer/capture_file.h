#pragma once

// Reads capture files: pcap (both byte orders, micro- and nanoseconds) and pcapng, plain or packed
// by gzip or zstd, told apart by their first bytes and never by name. Streams: memory does not grow
// with the file, and nothing is allocated for a packet. It does not know what is in a packet.
// Formats: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/packet.h"
#include "stack/base/bytes.h"

namespace parley::analyzer {

enum class CaptureFormat : std::uint8_t { Pcap, Pcapng };
std::string_view to_string(CaptureFormat format);  // "pcap", "pcapng"

// A file that cannot be read at all. what() is one line, "FILE: reason", with offset and
// what was expected where that says more.
class CaptureError : public std::runtime_error {
 public:
  enum class Kind : std::uint8_t {
    System,     // the system refused: no such file, no permission, an I/O error
    NotCapture  // the bytes are no capture
  };
  CaptureError(Kind error_kind, std::string file, std::uint64_t at, const std::string& reason);

  Kind kind() const { return kind_; }
  const std::string& path() const { return path_; }
  std::uint64_t offset() const { return offset_; }

 private:
  Kind kind_;
  std::string path_;
  std::uint64_t offset_;
};

// The content of a Decryption Secrets Block.
struct CaptureSecrets {
  static constexpr std::uint32_t kTlsKeyLog = 0x544c534b;

  std::uint32_t type = 0;
  std::uint64_t before_packet = 0;  // number of the packet that follows it
  std::string data;
};

class ByteSource;
class InputBuffer;

class CaptureFile {
 public:
  // Caps on what is kept for the whole file. A record above kMaxRecord is damage.
  static constexpr std::size_t kMaxRecord = std::size_t{16} << 20U;
  static constexpr std::size_t kMaxInterfaces = 4096;
  static constexpr std::size_t kMaxDamageListed = 100;
  static constexpr std::size_t kMaxSecretBytes = std::size_t{16} << 20U;

  // "-" is standard input. Throws CaptureError.
  static std::unique_ptr<CaptureFile> open(const std::string& path);
  // The same on bytes in memory (packed ones too), which must outlive the answer.
  static std::unique_ptr<CaptureFile> from_memory(Bytes bytes, const std::string& name);

  virtual ~CaptureFile();
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;

  // The next packet; false at the end. What `out` borrows lives until the next call. Damage is
  // noted and passed over. Throws CaptureError only when the system fails to read.
  virtual bool next(RawPacket& out) = 0;
  virtual CaptureFormat format() const = 0;

  const std::string& path() const { return path_; }
  // "", "gzip" or "zstd".
  std::string_view packed_by() const;
  // Grows while the file is read. Interfaces of a later section follow those of the first, so that
  // RawPacket::interface always names one of these.
  const std::vector<CaptureInterface>& interfaces() const { return interfaces_; }
  // The first kMaxDamageListed places of damage, and how many there were.
  const std::vector<Damage>& damage() const { return damage_; }
  std::uint64_t damage_count() const { return damage_count_; }
  const std::vector<CaptureSecrets>& secrets() const { return secrets_; }
  // Packets so far, those that damage made unusable included. Fewer than the number of the last one
  // when the file has records of other kinds that Wireshark numbers too (custom blocks).
  std::uint64_t packets() const { return packets_; }
  // Bytes of the (unpacked) file consumed so far.
  std::uint64_t bytes_read() const;

 protected:
  CaptureFile(std::string path, std::unique_ptr<InputBuffer> input);
  void note_damage(std::uint64_t offset, std::string what);
  // Notes what stopped a packed stream before its end, once.
  void note_source_fault();
  InputBuffer& input() { return *input_; }
  const InputBuffer& input() const { return *input_; }

  // The next number, for a packet or for another record that has one.
  std::uint64_t number_record() { return ++last_number_; }
  std::uint64_t number_packet() {
    ++packets_;
    return number_record();
  }
  std::uint64_t last_number() const { return last_number_; }
  void add_interface(CaptureInterface description) {
    interfaces_.push_back(std::move(description));
  }
  void add_secrets(CaptureSecrets secrets) { secrets_.push_back(std::move(secrets)); }

 private:
  static std::unique_ptr<CaptureFile> identify(const std::string& name,
                                               std::unique_ptr<ByteSource> source);

  std::string path_;
  std::unique_ptr<InputBuffer> input_;
  std::vector<CaptureInterface> interfaces_;
  std::vector<CaptureSecrets> secrets_;
  std::uint64_t packets_ = 0;
  std::uint64_t last_number_ = 0;
  std::vector<Damage> damage_;
  std::uint64_t damage_count_ = 0;
  bool source_fault_noted_ = false;
};

}  // namespace parley::analyzer
