// A receiver and a sender under one key, and the packets that reach them. Input: the profile, the
// options, then commands of an octet what, two octets length (big-endian), the packet.

#include <algorithm>
#include <cstdint>
#include <optional>

#include "fuzz/check.h"
#include "stack/srtp/receiver.h"
#include "stack/srtp/sender.h"

namespace {

using parley::ByteBuffer;
using parley::ByteReader;
using parley::Bytes;
using parley::fuzz::require;
namespace srtp = parley::srtp;

constexpr unsigned kProfiles = 10;
constexpr std::size_t kMaxCommands = 200;

struct Ends {
  Ends(srtp::Profile profile, const srtp::Options& options)
      : sender(srtp::Sender::make(profile, master_of(profile), options).value()),
        receiver(srtp::Receiver::make(profile, master_of(profile), receiving(options)).value()) {}

  static srtp::MasterKey master_of(srtp::Profile profile) {
    const srtp::ProfileParameters& p = srtp::parameters(profile);
    return {ByteBuffer(p.key, std::byte{0x5a}), ByteBuffer(p.salt, std::byte{0xa5})};
  }
  static srtp::ReceiverOptions receiving(const srtp::Options& options) {
    srtp::ReceiverOptions all;
    all.transform = options;
    all.roc_candidates = 4;
    return all;
  }

  srtp::Sender sender;
  srtp::Receiver receiver;
};

srtp::Options options_of(std::uint8_t bits) {
  srtp::Options options;
  options.mki = ByteBuffer(bits & 7U, std::byte{0x33});
  options.cryptex = (bits & 8U) != 0;
  if ((bits & 16U) != 0)
    options.encrypted_extensions.set(1).set(3);
  return options;
}

// What opens is never longer than what came.
void open(Ends& ends, Bytes packet) {
  ByteBuffer plain(packet.size());
  const auto rtp = ends.receiver.open_rtp(packet, plain);
  require(!rtp || rtp->size <= packet.size());
  require(rtp || !to_string(rtp.error()).empty());
  const auto rtcp = ends.receiver.open_rtcp(packet, plain);
  require(!rtcp || rtcp->opened.size < packet.size());
}

// Cryptex gives CSRCs an extension, and takes its own mark in a plain packet for itself.
bool comes_back_unchanged(Bytes packet, bool cryptex) {
  const auto view = parley::rtp::PacketView::decode(packet);
  if (!view)
    return false;
  if (view->extension)
    return view->extension_profile != parley::rtp::kCryptexOneByte &&
           view->extension_profile != parley::rtp::kCryptexTwoByte;
  return !cryptex || view->csrc_count == 0;
}

// What the sender seals the receiver opens to the same, once, and not with an octet changed.
void there_and_back(Ends& ends, Bytes packet, bool cryptex) {
  ByteBuffer sealed(packet.size() + ends.sender.rtp_overhead());
  const auto size = ends.sender.seal_rtp(packet, sealed);
  if (!size)
    return;
  sealed.resize(*size);
  ByteBuffer plain(sealed.size());
  ByteBuffer damaged = sealed;
  damaged.back() ^= std::byte{0x10};
  const auto bad = ends.receiver.open_rtp(damaged, plain);
  const auto good = ends.receiver.open_rtp(sealed, plain);
  if (!comes_back_unchanged(packet, cryptex))
    return;
  // A receiver that has seen other streams can be at another ROC than the sender; then it refuses.
  if (good) {
    require(good->size == packet.size() && std::equal(packet.begin(), packet.end(), plain.begin()));
    require(ends.receiver.open_rtp(sealed, plain).error().refusal == srtp::Refusal::Replayed);
  }
  require(!bad);
}

void there_and_back_rtcp(Ends& ends, Bytes packet, bool encrypt) {
  ByteBuffer sealed(packet.size() + ends.sender.rtcp_overhead());
  const auto size = ends.sender.seal_rtcp(packet, encrypt, sealed);
  if (!size)
    return;
  sealed.resize(*size);
  ByteBuffer plain(sealed.size());
  const auto opened = ends.receiver.open_rtcp(sealed, plain);
  require(opened && opened->opened.size == packet.size() && opened->opened.encrypted == encrypt &&
          std::equal(packet.begin(), packet.end(), plain.begin()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader reader(parley::fuzz::input(data, size));
  const auto profile = static_cast<srtp::Profile>(reader.u8("profile") % kProfiles);
  srtp::Options options = options_of(reader.u8("options"));
  Ends ends(profile, options);
  // A changed MKI is not noticed: it is not authenticated.
  const bool mki_is_last =
      !options.mki.empty() && srtp::parameters(profile).cipher == srtp::Cipher::AesGcm;
  for (std::size_t i = 0; i < kMaxCommands && reader.remaining() >= 3; ++i) {
    const std::uint8_t what = reader.u8("command");
    const std::size_t length = reader.u16("length");
    const Bytes packet = reader.bytes(std::min(length, reader.remaining()), "packet");
    if (what % 4 == 0)
      open(ends, packet);
    else if (what % 4 == 1 && !mki_is_last)
      there_and_back(ends, packet, options.cryptex);
    else
      there_and_back_rtcp(ends, packet, what % 4 == 2);
  }
  return 0;
}
