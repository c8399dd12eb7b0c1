#include "stack/srtp/profile.h"

#include <array>

namespace parley::srtp {
namespace {

struct Row {
  Profile profile;
  std::uint16_t dtls_code;  // 0: none
  std::string_view name;
  ProfileParameters parameters;
};

// RFC 5764 section 4.1.2: a tag of 32 bits is for SRTP only, SRTCP keeps 80 (RFC 3711 section 5.2).
constexpr std::array<Row, 10> kRows{{
    {Profile::Aes128CmSha1_80, 0x0001, "AES128_CM_HMAC_SHA1_80", {Cipher::AesCm, 16, 14, 10, 10}},
    {Profile::Aes128CmSha1_32, 0x0002, "AES128_CM_HMAC_SHA1_32", {Cipher::AesCm, 16, 14, 4, 10}},
    {Profile::NullSha1_80, 0x0005, "NULL_HMAC_SHA1_80", {Cipher::Null, 16, 14, 10, 10}},
    {Profile::NullSha1_32, 0x0006, "NULL_HMAC_SHA1_32", {Cipher::Null, 16, 14, 4, 10}},
    {Profile::AeadAes128Gcm, 0x0007, "AEAD_AES_128_GCM", {Cipher::AesGcm, 16, 12, 16, 16}},
    {Profile::AeadAes256Gcm, 0x0008, "AEAD_AES_256_GCM", {Cipher::AesGcm, 32, 12, 16, 16}},
    {Profile::Aes192CmSha1_80, 0, "AES_192_CM_HMAC_SHA1_80", {Cipher::AesCm, 24, 14, 10, 10}},
    {Profile::Aes192CmSha1_32, 0, "AES_192_CM_HMAC_SHA1_32", {Cipher::AesCm, 24, 14, 4, 10}},
    {Profile::Aes256CmSha1_80, 0, "AES_256_CM_HMAC_SHA1_80", {Cipher::AesCm, 32, 14, 10, 10}},
    {Profile::Aes256CmSha1_32, 0, "AES_256_CM_HMAC_SHA1_32", {Cipher::AesCm, 32, 14, 4, 10}},
}};

constexpr bool rows_are_in_the_order_of_the_enumeration() {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (static_cast<std::size_t>(kRows[i].profile) != i)
      return false;
  return true;
}
static_assert(rows_are_in_the_order_of_the_enumeration());

const Row& row(Profile profile) {
  return kRows[static_cast<std::size_t>(profile)];
}

}  // namespace

const ProfileParameters& parameters(Profile profile) {
  return row(profile).parameters;
}

std::optional<Profile> profile_of_dtls(std::uint16_t code) {
  if (code == 0)
    return std::nullopt;
  for (const Row& r : kRows)
    if (r.dtls_code == code)
      return r.profile;
  return std::nullopt;
}

std::string_view to_string(Profile profile) {
  return row(profile).name;
}

}  // namespace parley::srtp
