#pragma once

// The cryptographic transforms of SRTP and SRTCP on one packet whose index is known:
// authentication, encryption, header extensions (RFC 3711 sections 3 and 4; RFC 7714; RFC 6904; RFC
// 9335). Which index a packet has and whether it was there before is for sender.h and receiver.h.
//
// No function here works in place: a packet that fails under one index can be tried under the next.

#include <array>
#include <bitset>
#include <optional>
#include <string>
#include <utility>

#include "stack/crypto/cipher.h"
#include "stack/crypto/keyed_hmac.h"
#include "stack/srtp/keys.h"
#include "stack/wire/rtp.h"

namespace parley::srtp {

using crypto::MutableBytes;

enum class Refusal : std::uint8_t {
  Malformed,             // `where` says what and at which octet
  AuthenticationFailed,  // wrong key, wrong index or changed octets: these look the same
  Replayed,              // received before
  TooOld,                // behind the replay window
  TooManyStreams,        // the receiver's or sender's table is full
  KeyExhausted,          // the index came to its end: a new master key is due
  NoRoom,                // the output is too short
  BadKey                 // lengths that the profile does not have
};
struct Error {
  Refusal refusal = Refusal::Malformed;
  WireError where;  // with Malformed only
  friend bool operator==(const Error&, const Error&) = default;
};
// "authentication failed"; "malformed: truncated at byte 12: authentication tag"
std::string to_string(const Error& error);

struct Options {
  // The Master Key Identifier: written when sending, as many octets skipped when receiving. It is
  // not authenticated, and which key it names is the caller's to know (RFC 3711 section 3.1).
  ByteBuffer mki;
  // Identifiers of the header extension elements that are encrypted one by one (RFC 6904).
  std::bitset<256> encrypted_extensions;
  // RFC 9335, when sending. A received packet says so itself in "defined by profile".
  bool cryptex = false;
};

// The session keys of one direction (RFC 3711 section 4.3).
struct SessionKeys {
  struct Half {
    ByteBuffer encryption;
    ByteBuffer authentication;  // 20 octets; unused with AEAD
    ByteBuffer salt;
  };
  Half rtp;
  Half rtcp;
  Half header;  // RFC 6904; without authentication
};
// nullopt: lengths that the profile does not have.
std::optional<SessionKeys> derive_session_keys(Profile profile, const MasterKey& master);

struct OpenedRtcp {
  std::size_t size = 0;
  std::uint32_t ssrc = 0;   // of the first packet of the compound
  std::uint32_t index = 0;  // 31 bits
  bool encrypted = false;   // the E bit
};

class Transform {
 public:
  static Result<Transform, Error> make(Profile profile, const SessionKeys& keys, Options options);

  Profile profile() const { return profile_; }
  // How many octets a protected packet can be longer than the plain one.
  std::size_t rtp_overhead() const;
  std::size_t rtcp_overhead() const;

  // Writes the plain packet and answers its size; `plain` must have room for packet.size(). `view`
  // is of `packet`.
  Result<std::size_t, Error> open_rtp(Bytes packet, const rtp::PacketView& view,
                                      std::uint64_t index, MutableBytes plain);
  // Writes the protected packet; `sealed` must have room for packet.size() + rtp_overhead().
  Result<std::size_t, Error> seal_rtp(Bytes packet, std::uint64_t index, MutableBytes sealed);

  // The SRTCP index is in the packet.
  Result<OpenedRtcp, Error> open_rtcp(Bytes packet, MutableBytes plain);
  // `packet` is a compound packet; `encrypt` becomes the E bit.
  Result<std::size_t, Error> seal_rtcp(Bytes packet, std::uint32_t index, bool encrypt,
                                       MutableBytes sealed);

 private:
  using Salt = std::array<std::byte, 14>;
  using Block = std::array<std::byte, crypto::kAesBlockSize>;

  // What protects RTP, RTCP or header extensions. Of the ciphers the one of the profile is there.
  struct Half {
    crypto::KeyedHmacSha1 hmac;
    Salt salt{};
    std::optional<crypto::AesCtr> counter_mode;
    std::optional<crypto::Aead> aead;
  };
  struct Position {
    std::uint32_t ssrc;
    std::uint64_t index;
  };
  static Result<Half, Error> make_half(Cipher cipher, const SessionKeys::Half& keys);
  static Block counter_of(const Salt& salt, std::uint32_t ssrc, std::uint64_t index);
  static Block nonce_of(const Salt& salt, std::uint32_t ssrc, std::uint64_t index);

  Transform(Profile profile, Options options, Half rtp, Half rtcp)
      : profile_(profile),
        parameters_(&parameters(profile)),
        options_(std::move(options)),
        rtp_(std::move(rtp)),
        rtcp_(std::move(rtcp)) {}

  bool aead() const { return parameters_->cipher == Cipher::AesGcm; }
  // False: the tag does not fit. `out` may begin where `text` does.
  bool open_text(Half& half, const Position& at, Bytes additional, Bytes text, MutableBytes out);
  bool seal_text(Half& half, const Position& at, Bytes additional, Bytes text, MutableBytes out);
  crypto::Sha1Digest rtp_digest(Bytes authenticated, std::uint64_t index) const;
  bool crypt_extensions(const rtp::PacketView& view, std::uint64_t index, MutableBytes packet);
  std::size_t finish_rtp(std::uint64_t index, std::size_t size, MutableBytes sealed) const;

  Profile profile_;
  const ProfileParameters* parameters_;
  Options options_;
  Half rtp_;
  Half rtcp_;
  std::optional<Half> header_;
};

}  // namespace parley::srtp
