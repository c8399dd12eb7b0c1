#include "cli/decode.h"

#include <array>
#include <filesystem>
#include <system_error>

#include <unistd.h>

#include "analyzer/dissect/field.h"
#include "cli/error.h"
#include "cli/output.h"
#include "stack/base/bytes.h"

namespace parley::cli {
namespace {

using analyzer::DissectOptions;
using analyzer::Field;

struct Protocol {
  std::string_view name;
  bool has_integrity = false;
  Field (*dissect)(Bytes, const DissectOptions&);
};

// RFC 5761 section 4: RTCP where RTP was expected shows in its packet type.
Field dissect_rtp_or_rtcp(Bytes packet, const DissectOptions& options) {
  const bool rtcp = packet.size() >= 2 && load_u8(packet.data()) >> 6U == 2 &&
                    load_u8(packet.data() + 1) >= 192 && load_u8(packet.data() + 1) <= 223;
  if (!rtcp)
    return analyzer::dissect_rtp(packet, options);
  Field root = analyzer::dissect_rtcp(packet, options);
  root.value += " (RTCP by its packet type, RFC 5761)";
  return root;
}

Field dissect_description(Bytes text, const DissectOptions&) {
  return analyzer::dissect_sdp(as_text(text));
}

constexpr std::array<Protocol, 6> kProtocols{{
    {"stun", true, [](Bytes b, const DissectOptions& o) { return analyzer::dissect_stun(b, o); }},
    {"turn", true, [](Bytes b, const DissectOptions& o) { return analyzer::dissect_turn(b, o); }},
    {"dtls", false, [](Bytes b, const DissectOptions& o) { return analyzer::dissect_dtls(b, o); }},
    {"rtp", false, dissect_rtp_or_rtcp},
    {"rtcp", false, [](Bytes b, const DissectOptions& o) { return analyzer::dissect_rtcp(b, o); }},
    {"sdp", false, dissect_description},
}};

std::string lower(std::string text) {
  for (char& c : text)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

// "stun, turn or dtls"
std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
  return text;
}

const Protocol& protocol_named(const std::string& name) {
  std::vector<std::string> known;
  for (const Protocol& protocol : kProtocols) {
    if (protocol.name == lower(name))
      return protocol;
    known.emplace_back(protocol.name);
  }
  std::string text = "decode: unknown protocol '" + name + "'";
  const auto near = nearest(name, known);
  text += near ? ", did you mean " + *near + "?" : ", expected " + listed(known);
  throw bad_input(text);
}

// The innermost fault that stands first.
const Field* first_fault(const Field& field) {
  for (const Field& child : field.children)
    if (const Field* fault = first_fault(child))
      return fault;
  return field.fault ? &field : nullptr;
}

bool is_separator(char c) {
  return c == ':' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Says what is wrong with text that parse_hex() refuses. `from` names where it came from.
[[noreturn]] void refuse_hex(const std::string& text, const std::string& from) {
  std::size_t digits = 0;
  const std::size_t start = text.starts_with("0x") || text.starts_with("0X") ? 2 : 0;
  for (std::size_t i = start; i < text.size(); ++i) {
    if (is_separator(text[i]))
      continue;
    if (!is_hex_digit(text[i]))
      throw bad_input(from + ": character " + std::to_string(i + 1) +
                      ": expected hexadecimal digits, not '" +
                      printable(std::string_view(text).substr(i, 1)) + "'");
    ++digits;
  }
  if (digits == 0)
    throw bad_input(from + ": expected hexadecimal digits, nothing is there");
  throw bad_input(from +
                  ": expected hexadecimal digits, two for each octet: " + std::to_string(digits) +
                  " are there" + (digits % 2 == 0 ? ", not in pairs" : ""));
}

ByteBuffer message_of(const std::vector<std::string>& words) {
  std::string hex;
  std::string from = "decode";
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "-")
      from = "standard input";
    hex += words[i] == "-" ? read_stdin(kMaxHexText) : words[i];
  }
  std::optional<ByteBuffer> message = parse_hex(hex);
  if (message && !message->empty())
    return std::move(*message);
  // A description is text, and no digits begin with a letter and "=".
  if (lower(words[0]) == "sdp" && hex.size() > 1 && hex[1] == '=')
    return to_buffer(std::as_bytes(std::span(hex)));
  if (std::error_code error; words.size() == 2 && std::filesystem::is_regular_file(words[1], error))
    throw bad_input("decode: '" + words[1] +
                    "' is a file: expected hexadecimal digits, or - to read them from standard "
                    "input");
  refuse_hex(hex, from);
}

DissectOptions options_of(const Options& options, const Protocol& protocol) {
  for (const std::string_view name : {"password", "username", "realm"})
    if (options.has(name) && !protocol.has_integrity)
      throw bad_input("decode: --" + std::string(name) + " is for stun and turn, " +
                      std::string(protocol.name) + " has no MESSAGE-INTEGRITY");
  DissectOptions result;
  result.passwords = options.values("password");
  result.username = options.value("username").value_or("");
  result.realm = options.value("realm").value_or("");
  return result;
}

}  // namespace

const CommandSpec& decode_spec() {
  static const CommandSpec kSpec{
      "decode",
      "PROTOCOL HEX...",
      "show one message as a tree of fields with their byte ranges",
      "Decodes one message given as hexadecimal digits (white space and colons between octets are\n"
      "ignored; - reads them from standard input). PROTOCOL is stun, turn, dtls, rtp, rtcp\n"
      "or sdp; a description may also be given as text.\n"
      "A message that cannot be decoded is shown up to the fault; the exit code is 2 then.",
      {{"password", "TEXT",
        "check MESSAGE-INTEGRITY with this password (stun, turn; repeatable); shown in no output"},
       {"username", "TEXT", "of a long-term password, where the message does not carry it"},
       {"realm", "TEXT", "the same for the realm"}},
      {"parley decode stun 000100002112a442000102030405060708090a0b",
       "tshark -r call.pcapng -Y frame.number==7 -T fields -e udp.payload | parley decode dtls -",
       "parley decode sdp - < offer.sdp"},
      2,
      100000};
  return kSpec;
}

int run_decode(const Options& options) {
  const std::vector<std::string>& words = options.arguments();
  const Protocol& protocol = protocol_named(words[0]);
  const DissectOptions dissect = options_of(options, protocol);
  const Field tree = protocol.dissect(message_of(words), dissect);
  if (!options.quiet())
    write_stdout(options.json() ? to_json(tree) + "\n"
                                : to_text(tree, 0, options.color(STDOUT_FILENO)));
  if (const Field* fault = first_fault(tree))
    throw bad_input("decode: byte " + std::to_string(fault->offset) + ": " + fault->name +
                    (fault->value.empty() ? "" : ": " + fault->value));
  return kSuccess;
}

}  // namespace parley::cli
