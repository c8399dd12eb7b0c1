// Input: fragments one after another, each with its 12-byte handshake header. What they claim to be
// the message is checked against a plain model that keeps everything.

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "fuzz/check.h"
#include "stack/wire/dtls.h"

namespace {

using parley::fuzz::require;
namespace dtls = parley::dtls;
using Outcome = dtls::HandshakeReassembler::Outcome;

// 128 KiB of octets and one bit for each, for all open messages, with room for growth by doubling.
constexpr std::size_t kMemoryCap = dtls::HandshakeReassembler::kMaxMessages *
                                   (2 * dtls::HandshakeReassembler::kMaxMessageSize * 9 / 8 + 512);

struct Heard {
  std::vector<std::set<std::uint8_t>> octets;  // every value a place was said to have
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto found = dtls::decode_handshake_fragments(parley::fuzz::input(data, size), 0);
  dtls::HandshakeReassembler reassembler;
  dtls::HandshakeReassembler::Message message;
  std::map<std::uint16_t, Heard> heard;
  for (const dtls::HandshakeFragment& fragment : found.fragments) {
    Heard& model = heard[fragment.message_seq];
    const std::size_t end = fragment.fragment_offset + fragment.fragment_length;
    if (fragment.length <= dtls::HandshakeReassembler::kMaxMessageSize) {
      if (model.octets.size() < end)
        model.octets.resize(end);
      for (std::size_t i = 0; i < fragment.body.size(); ++i)
        model.octets[fragment.fragment_offset + i].insert(
            std::to_integer<std::uint8_t>(fragment.body[i]));
    }
    const Outcome outcome = reassembler.add(fragment, message);
    require(reassembler.memory() <= kMemoryCap);
    if (outcome != Outcome::Completed)
      continue;
    require(message.message_seq == fragment.message_seq && message.type == fragment.type);
    require(message.body.size() == fragment.length);
    // Every octet was really received at its place.
    for (std::size_t i = 0; i < message.body.size(); ++i)
      require(model.octets[i].contains(std::to_integer<std::uint8_t>(message.body[i])));
    require(reassembler.add(fragment, message) == Outcome::Duplicate);
  }
  return 0;
}
