#pragma once

// The NSS key log format, the format of SSLKEYLOGFILE (draft-ietf-tls-keylogfile): one secret a
// line, "LABEL client-random secret" in hexadecimal. Owns the text form; knows nothing about what a
// secret opens. Secrets never appear in the reasons that parse_keylog gives.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stack/base/bytes.h"

namespace parley::crypto {

enum class KeylogLabel : std::uint8_t {
  ClientRandom,  // the master secret of (D)TLS 1.2 and older
  ClientEarlyTrafficSecret,
  ClientHandshakeTrafficSecret,
  ServerHandshakeTrafficSecret,
  ClientTrafficSecret0,
  ServerTrafficSecret0,
  EarlyExporterSecret,
  ExporterSecret
};
// "CLIENT_RANDOM"
std::string_view to_string(KeylogLabel label);
std::optional<KeylogLabel> keylog_label(std::string_view text);

struct KeylogEntry {
  KeylogLabel label = KeylogLabel::ClientRandom;
  ByteBuffer client_random;  // 32 bytes
  ByteBuffer secret;         // 48 bytes for ClientRandom, else the size of the suite's hash
  friend bool operator==(const KeylogEntry&, const KeylogEntry&) = default;
};

// Without a trailing newline.
std::string to_line(const KeylogEntry& entry);

struct Keylog {
  // Bounds on what one log may make us hold.
  static constexpr std::size_t kMaxEntries = 1'000'000;
  static constexpr std::size_t kMaxBadLines = 100;

  struct BadLine {
    std::size_t number = 0;  // from 1
    std::string_view reason;
  };
  std::vector<KeylogEntry> entries;
  std::vector<BadLine> bad_lines;  // the first kMaxBadLines of them
  std::size_t bad_line_count = 0;  // all of them
  std::size_t unknown_labels = 0;  // lines of a label that this build does not know
  bool truncated = false;          // there were more than kMaxEntries
};

// Never fails as a whole: a line that cannot be read is reported and skipped. Comments, blank
// lines, CR LF line ends and a byte order mark are fine.
Keylog parse_keylog(std::string_view text);

}  // namespace parley::crypto
