#pragma once

// Master keys and what is derived from them (RFC 3711 section 4.3). The key derivation rate is 0,
// as DTLS-SRTP has it (RFC 5764 section 4.1.2): one set of session keys for the life of a master
// key.

#include <optional>
#include <string_view>

#include "stack/base/bytes.h"
#include "stack/srtp/profile.h"

namespace parley::srtp {

struct MasterKey {
  ByteBuffer key;
  ByteBuffer salt;
  friend bool operator==(const MasterKey&, const MasterKey&) = default;
};

// RFC 5764 section 4.2: the label of the exporter, without a context.
inline constexpr std::string_view kDtlsExporterLabel = "EXTRACTOR-dtls_srtp";
// Octets to export for `profile`: two keys and two salts.
std::size_t exported_size(Profile profile);

// Each side protects what it sends with its own key.
struct DtlsMasterKeys {
  MasterKey client;
  MasterKey server;
};
// Cuts exported keying material; nullopt unless it has exported_size(profile) octets.
std::optional<DtlsMasterKeys> cut_exported(Profile profile, Bytes exported);

// The labels of RFC 3711 section 4.3.2 and RFC 6904 section 4.
enum class KeyLabel : std::uint8_t {
  RtpEncryption = 0,
  RtpAuthentication = 1,
  RtpSalt = 2,
  RtcpEncryption = 3,
  RtcpAuthentication = 4,
  RtcpSalt = 5,
  HeaderEncryption = 6,
  HeaderSalt = 7
};
// `size` octets of the key derivation function. The master key must have 16, 24 or 32 octets and
// the salt at most 14; nullopt otherwise.
std::optional<ByteBuffer> derive(const MasterKey& master, KeyLabel label, std::size_t size);

}  // namespace parley::srtp
