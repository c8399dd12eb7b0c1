#pragma once

// The SRTP protection profiles: which cipher, which authentication, how many octets of each.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace parley::srtp {

// NOLINTBEGIN(readability-identifier-naming): SHA1_80 without its underscore is another hash
enum class Profile : std::uint8_t {
  Aes128CmSha1_80,  // RFC 5764 section 4.1.2; "CM" is AES in counter mode
  Aes128CmSha1_32,
  NullSha1_80,
  NullSha1_32,
  AeadAes128Gcm,  // RFC 7714 section 12
  AeadAes256Gcm,
  Aes192CmSha1_80,  // RFC 6188; signaled in SDP only, no DTLS profile names these
  Aes192CmSha1_32,
  Aes256CmSha1_80,
  Aes256CmSha1_32
};
// NOLINTEND(readability-identifier-naming)

enum class Cipher : std::uint8_t { Null, AesCm, AesGcm };

struct ProfileParameters {
  Cipher cipher = Cipher::AesCm;
  std::size_t key = 0;       // octets of the master key and of the session encryption key
  std::size_t salt = 0;      // octets of the master salt and of the session salts
  std::size_t rtp_tag = 0;   // octets of authentication tag on an SRTP packet
  std::size_t rtcp_tag = 0;  // the same on an SRTCP packet
};
const ProfileParameters& parameters(Profile profile);

// By the code point of DTLS's use_srtp (IANA, DTLS-SRTP Protection Profiles); nullopt for what no
// Profile above is.
std::optional<Profile> profile_of_dtls(std::uint16_t code);
// "AEAD_AES_128_GCM", as the standards write it without "SRTP_"
std::string_view to_string(Profile profile);

}  // namespace parley::srtp
