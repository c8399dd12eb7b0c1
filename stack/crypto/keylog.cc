#include "stack/crypto/keylog.h"

#include <array>
#include <utility>

namespace parley::crypto {
namespace {

constexpr std::size_t kRandomSize = 32;
constexpr std::size_t kMasterSecretSize = 48;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

struct LabelName {
  KeylogLabel label;
  std::string_view name;
};
constexpr auto kLabels = std::to_array<LabelName>({
    {KeylogLabel::ClientRandom, "CLIENT_RANDOM"},
    {KeylogLabel::ClientEarlyTrafficSecret, "CLIENT_EARLY_TRAFFIC_SECRET"},
    {KeylogLabel::ClientHandshakeTrafficSecret, "CLIENT_HANDSHAKE_TRAFFIC_SECRET"},
    {KeylogLabel::ServerHandshakeTrafficSecret, "SERVER_HANDSHAKE_TRAFFIC_SECRET"},
    {KeylogLabel::ClientTrafficSecret0, "CLIENT_TRAFFIC_SECRET_0"},
    {KeylogLabel::ServerTrafficSecret0, "SERVER_TRAFFIC_SECRET_0"},
    {KeylogLabel::EarlyExporterSecret, "EARLY_EXPORTER_SECRET"},
    {KeylogLabel::ExporterSecret, "EXPORTER_SECRET"},
});

// Cuts the next word off `line`.
std::string_view take_word(std::string_view& line) {
  constexpr std::string_view kBlank = " \t";
  const std::size_t begin = line.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) {
    line = {};
    return {};
  }
  line.remove_prefix(begin);
  const std::string_view word = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(word.size());
  return word;
}

// Strict: exactly two digits for each byte, nothing between them.
std::optional<ByteBuffer> hex_word(std::string_view word) {
  for (const char c : word)
    if (c == ':' || c == 'x' || c == 'X')
      return std::nullopt;
  return parse_hex(word);
}

bool secret_size_fits(KeylogLabel label, std::size_t size) {
  if (label == KeylogLabel::ClientRandom)
    return size == kMasterSecretSize;
  return size == 32 || size == 48 || size == 64;  // SHA-256, SHA-384, SHA-512
}

// The entry, or why the three words are none.
Result<KeylogEntry, std::string_view> parse_entry(KeylogLabel label, std::string_view rest) {
  const auto fault = [](std::string_view reason) {
    return tl::unexpected<std::string_view>(reason);
  };
  const std::string_view random_word = take_word(rest);
  const std::string_view secret_word = take_word(rest);
  if (secret_word.empty())
    return fault("expected a label, a client random and a secret");
  if (!take_word(rest).empty())
    return fault("more than three words");
  auto random = hex_word(random_word);
  if (!random)
    return fault("the client random is not hexadecimal");
  if (random->size() != kRandomSize)
    return fault("the client random is not 32 bytes");
  auto secret = hex_word(secret_word);
  if (!secret)
    return fault("the secret is not hexadecimal");
  if (!secret_size_fits(label, secret->size()))
    return fault("the secret's size does not fit its label");
  return KeylogEntry{label, std::move(*random), std::move(*secret)};
}

void parse_line(std::string_view line, std::size_t number, Keylog& log) {
  const auto bad = [&](std::string_view reason) {
    ++log.bad_line_count;
    if (log.bad_lines.size() < Keylog::kMaxBadLines)
      log.bad_lines.push_back({number, reason});
  };
  const std::string_view word = take_word(line);
  if (word.empty() || word.front() == '#')
    return;
  const auto label = keylog_label(word);
  if (!label) {
    const bool plausible =
        word.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == std::string_view::npos;
    if (plausible)
      ++log.unknown_labels;
    else
      bad("not a key log line");
    return;
  }
  auto entry = parse_entry(*label, line);
  if (!entry)
    bad(entry.error());
  else if (log.entries.size() == Keylog::kMaxEntries)
    log.truncated = true;
  else
    log.entries.push_back(std::move(*entry));
}

}  // namespace

std::string_view to_string(KeylogLabel label) {
  for (const LabelName& row : kLabels)
    if (row.label == label)
      return row.name;
  return {};
}

std::optional<KeylogLabel> keylog_label(std::string_view text) {
  // NSS wrote this one before the draft settled on the other name.
  if (text == "EARLY_EXPORTER_MASTER_SECRET")
    return KeylogLabel::EarlyExporterSecret;
  for (const LabelName& row : kLabels)
    if (row.name == text)
      return row.label;
  return std::nullopt;
}

std::string to_line(const KeylogEntry& entry) {
  std::string line(to_string(entry.label));
  line += ' ';
  line += to_hex(entry.client_random);
  line += ' ';
  line += to_hex(entry.secret);
  return line;
}

Keylog parse_keylog(std::string_view text) {
  if (text.starts_with(kByteOrderMark))
    text.remove_prefix(kByteOrderMark.size());
  Keylog log;
  for (std::size_t number = 1; !text.empty() && !log.truncated; ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    parse_line(line, number, log);
  }
  return log;
}

}  // namespace parley::crypto
