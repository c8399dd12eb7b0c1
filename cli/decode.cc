#include "cli/decode.h"

#include <array>
#include <functional>

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
  Field (*dissect)(Bytes, const DissectOptions&);
};

constexpr std::array<Protocol, 4> kProtocols{{
    {"stun", [](Bytes b, const DissectOptions& o) { return analyzer::dissect_stun(b, o); }},
    {"turn", [](Bytes b, const DissectOptions& o) { return analyzer::dissect_turn(b, o); }},
    {"dtls", [](Bytes b, const DissectOptions&) { return analyzer::dissect_dtls(b); }},
    {"rtp", [](Bytes b, const DissectOptions&) { return analyzer::dissect_rtp(b); }},
}};

const Protocol& protocol_named(const std::string& name) {
  std::vector<std::string> known;
  for (const Protocol& protocol : kProtocols) {
    if (protocol.name == name)
      return protocol;
    known.emplace_back(protocol.name);
  }
  std::string text = "decode: unknown protocol '" + name + "'";
  const auto near = nearest(name, known);
  text += near ? ", did you mean " + *near + "?" : ", expected stun, turn, dtls or rtp";
  throw bad_input(text);
}

const Field* first_fault(const Field& field) {
  if (field.fault)
    return &field;
  for (const Field& child : field.children)
    if (const Field* fault = first_fault(child))
      return fault;
  return nullptr;
}

}  // namespace

const CommandSpec& decode_spec() {
  static const CommandSpec kSpec{
      "decode",
      "PROTOCOL HEX...",
      "show one message as a tree of fields with their byte ranges",
      "Decodes one message given as hexadecimal digits (white space and colons between octets are\n"
      "ignored; - reads them from standard input). PROTOCOL is stun, turn, dtls or rtp.\n"
      "A message that cannot be decoded is shown up to the fault; the exit code is 2 then.",
      {{"password", "TEXT",
        "check MESSAGE-INTEGRITY with this password (stun, turn); shown in no output"}},
      {"parley decode stun 000100002112a442000102030405060708090a0b",
       "tshark -r call.pcapng -Y frame.number==7 -T fields -e udp.payload | parley decode dtls -"},
      2,
      100000};
  return kSpec;
}

int run_decode(const Options& options) {
  const std::vector<std::string>& words = options.arguments();
  const Protocol& protocol = protocol_named(words[0]);
  std::string hex;
  for (std::size_t i = 1; i < words.size(); ++i)
    hex += words[i] == "-" ? read_stdin(kMaxHexText) : words[i];
  const std::optional<ByteBuffer> message = parse_hex(hex);
  if (!message || message->empty())
    throw bad_input("decode: expected hexadecimal digits, two for each octet");
  const Field tree =
      protocol.dissect(*message, DissectOptions{options.value("password").value_or("")});
  if (!options.quiet())
    write_stdout(options.json() ? to_json(tree) + "\n" : to_text(tree));
  const Field* fault = first_fault(tree);
  if (fault != nullptr && options.quiet())
    throw bad_input("decode: at byte " + std::to_string(fault->offset) + ": " + fault->name + ": " +
                    fault->value);
  return fault == nullptr ? kSuccess : kBadInput;
}

}  // namespace parley::cli
