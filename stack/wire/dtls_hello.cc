#include <algorithm>

#include "stack/wire/dtls.h"

namespace parley::dtls {
namespace {

// RFC 8446 section 4.1.3: SHA-256 of "HelloRetryRequest".
constexpr std::array<std::uint8_t, 32> kHelloRetryRandom{
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

constexpr std::size_t kRandomSize = 32;
constexpr std::size_t kMaxSessionId = 32;

// The elements behind a length: they have to end exactly where it says.
class Elements {
 public:
  Elements(ByteReader& reader, std::size_t size, std::string_view field)
      : reader_(&reader), field_(field), end_(reader.offset() + size) {
    if (reader.ok() && size > reader.remaining())
      reader.fail(WireFault::Truncated, reader.offset(), field);
  }
  bool more() const { return reader_->ok() && reader_->offset() < end_; }
  void finish() {
    if (reader_->ok() && reader_->offset() != end_)
      reader_->fail(WireFault::BadLength, end_, field_);
  }

 private:
  ByteReader* reader_;
  std::string_view field_;
  std::size_t end_;
};

void read_random(ByteReader& reader, std::array<std::byte, kRandomSize>& out) {
  const Bytes random = reader.bytes(kRandomSize, "random");
  std::copy(random.begin(), random.end(), out.begin());
}

Bytes read_session_id(ByteReader& reader) {
  const std::size_t at = reader.offset();
  const std::size_t size = reader.u8("session ID length");
  if (reader.ok() && size > kMaxSessionId)
    reader.fail(WireFault::BadLength, at, "session ID length");
  return reader.bytes(size, "session ID");
}

// `size` octets of 16-bit numbers.
std::vector<std::uint16_t> read_u16_list(ByteReader& reader, std::size_t size,
                                         std::string_view field) {
  std::vector<std::uint16_t> list;
  const std::size_t at = reader.offset();
  if (reader.ok() && size % 2 != 0)
    reader.fail(WireFault::BadLength, at, field);
  const Bytes octets = reader.bytes(size, field);
  list.reserve(octets.size() / 2);
  for (std::size_t i = 0; i + 1 < octets.size(); i += 2)
    list.push_back(load_u16(octets.data() + i));
  return list;
}

std::vector<Extension> read_extensions(ByteReader& reader) {
  std::vector<Extension> extensions;
  // A hello of DTLS 1.2 may end before the extensions (RFC 5246 section 7.4.1.2).
  if (!reader.ok() || reader.remaining() == 0)
    return extensions;
  const std::size_t size = reader.u16("extensions length");
  Elements block(reader, size, "extensions");
  while (block.more()) {
    Extension e;
    e.offset = static_cast<std::uint32_t>(reader.offset());
    e.type = reader.u16("extension type");
    const std::size_t length = reader.u16("extension length");
    e.data = reader.bytes(length, "extension");
    if (reader.ok())
      extensions.push_back(e);
  }
  block.finish();
  if (reader.ok() && reader.remaining() > 0)
    reader.fail(WireFault::BadLength, reader.offset(), "end of the hello");
  return extensions;
}

constexpr std::uint16_t kServerName = 0;
constexpr std::uint16_t kSupportedGroups = 10;
constexpr std::uint16_t kSignatureAlgorithms = 13;
constexpr std::uint16_t kUseSrtp = 14;
constexpr std::uint16_t kAlpn = 16;
constexpr std::uint16_t kExtendedMasterSecret = 23;
constexpr std::uint16_t kSupportedVersions = 43;
constexpr std::uint16_t kKeyShare = 51;
constexpr std::uint16_t kConnectionId = 54;

// RFC 6066 section 3. Only the type host_name (0) is defined.
void read_server_name(ByteReader& reader, ClientHello& hello) {
  Elements list(reader, reader.u16("server name list length"), "server name list");
  while (list.more()) {
    const std::uint8_t type = reader.u8("server name type");
    const Bytes name = reader.bytes(reader.u16("server name length"), "server name");
    if (reader.ok() && type == 0)
      hello.server_name = printable(name);
  }
  list.finish();
}

// RFC 7301 section 3.1.
void read_alpn(ByteReader& reader, ClientHello& hello) {
  Elements list(reader, reader.u16("protocol list length"), "protocol list");
  while (list.more()) {
    const Bytes name = reader.bytes(reader.u8("protocol name length"), "protocol name");
    if (reader.ok())
      hello.alpn.push_back(printable(name));
  }
  list.finish();
}

// RFC 8446 section 4.2.8.
void read_key_shares(ByteReader& reader, ClientHello& hello) {
  Elements list(reader, reader.u16("key share list length"), "key share list");
  while (list.more()) {
    const std::uint16_t group = reader.u16("key share group");
    reader.skip(reader.u16("key share length"), "key share");
    if (reader.ok())
      hello.key_share_groups.push_back(group);
  }
  list.finish();
}

// RFC 5764 section 4.1.1: profiles, then the MKI that the client wishes.
std::vector<std::uint16_t> read_use_srtp(ByteReader& reader) {
  std::vector<std::uint16_t> profiles =
      read_u16_list(reader, reader.u16("SRTP profiles length"), "SRTP profiles");
  reader.skip(reader.u8("SRTP MKI length"), "SRTP MKI");
  return profiles;
}

void read_client_extension(const Extension& extension, ByteReader& reader, ClientHello& hello) {
  switch (extension.type) {
    case kServerName:
      read_server_name(reader, hello);
      break;
    case kSupportedGroups:
      hello.groups = read_u16_list(reader, reader.u16("groups length"), "groups");
      break;
    case kSignatureAlgorithms:
      hello.signature_algorithms =
          read_u16_list(reader, reader.u16("signature algorithms length"), "signature algorithms");
      break;
    case kUseSrtp:
      hello.srtp_profiles = read_use_srtp(reader);
      break;
    case kAlpn:
      read_alpn(reader, hello);
      break;
    case kExtendedMasterSecret:
      hello.extended_master_secret = true;
      break;
    case kSupportedVersions:
      hello.supported_versions =
          read_u16_list(reader, reader.u8("versions length"), "supported versions");
      break;
    case kKeyShare:
      read_key_shares(reader, hello);
      break;
    case kConnectionId:
      hello.connection_id = reader.bytes(reader.u8("connection ID length"), "connection ID");
      break;
    default:
      (void)reader.rest();
      break;
  }
}

void read_server_extension(const Extension& extension, ByteReader& reader, ServerHello& hello) {
  switch (extension.type) {
    case kUseSrtp: {
      const std::size_t at = reader.offset();
      const std::vector<std::uint16_t> profiles = read_use_srtp(reader);
      // RFC 5764 section 4.1.1: the server names exactly one.
      if (reader.ok() && profiles.size() != 1)
        reader.fail(WireFault::BadLength, at, "SRTP profiles");
      if (profiles.size() == 1)
        hello.srtp_profile = profiles.front();
      break;
    }
    case kExtendedMasterSecret:
      hello.extended_master_secret = true;
      break;
    case kSupportedVersions:
      hello.selected_version = reader.u16("selected version");
      break;
    case kKeyShare:
      hello.group = reader.u16("key share group");
      // A HelloRetryRequest names the group only (RFC 8446 section 4.2.8).
      if (!hello.is_hello_retry_request())
        reader.skip(reader.u16("key share length"), "key share");
      break;
    case kConnectionId:
      hello.connection_id = reader.bytes(reader.u8("connection ID length"), "connection ID");
      break;
    default:
      (void)reader.rest();
      break;
  }
}

template <class Hello, class Read>
void open_extensions(Hello& hello, ByteReader& outer, Read read) {
  constexpr std::size_t kExtensionHeader = 4;
  for (const Extension& extension : hello.extensions) {
    ByteReader reader(extension.data, extension.offset + kExtensionHeader);
    read(extension, reader, hello);
    if (!reader.ok())
      outer.fail(reader.error().fault, reader.error().offset, reader.error().field);
    else if (reader.remaining() > 0)
      outer.fail(WireFault::BadLength, reader.offset(), "end of the extension");
  }
}

}  // namespace

//   struct {
//     ProtocolVersion client_version;               RFC 6347 section 4.2.1
//     Random random;                                RFC 9147 section 5.3: legacy_cookie is empty
//     SessionID session_id;
//     opaque cookie<0..2^8-1>;
//     CipherSuite cipher_suites<2..2^16-1>;
//     CompressionMethod compression_methods<1..2^8-1>;
//     Extension extensions<0..2^16-1>;
//   } ClientHello;
Result<ClientHello> ClientHello::decode(Bytes body, std::size_t base) {
  ByteReader reader(body, base);
  ClientHello hello;
  hello.legacy_version = reader.u16("client version");
  read_random(reader, hello.random);
  hello.session_id = read_session_id(reader);
  hello.cookie = reader.bytes(reader.u8("cookie length"), "cookie");
  hello.cipher_suites = read_u16_list(reader, reader.u16("cipher suites length"), "cipher suites");
  const Bytes methods =
      reader.bytes(reader.u8("compression methods length"), "compression methods");
  for (const std::byte method : methods)
    hello.compression_methods.push_back(std::to_integer<std::uint8_t>(method));
  hello.extensions = read_extensions(reader);
  if (reader.ok())
    open_extensions(hello, reader, read_client_extension);
  if (!reader.ok())
    return reader.unexpected();
  return hello;
}

std::vector<std::uint16_t> ClientHello::offered_versions() const {
  return supported_versions.empty() ? std::vector<std::uint16_t>{legacy_version}
                                    : supported_versions;
}

//   struct {
//     ProtocolVersion server_version;
//     Random random;
//     SessionID session_id;
//     CipherSuite cipher_suite;
//     CompressionMethod compression_method;
//     Extension extensions<0..2^16-1>;
//   } ServerHello;
Result<ServerHello> ServerHello::decode(Bytes body, std::size_t base) {
  ByteReader reader(body, base);
  ServerHello hello;
  hello.legacy_version = reader.u16("server version");
  read_random(reader, hello.random);
  hello.session_id = read_session_id(reader);
  hello.cipher_suite = reader.u16("cipher suite");
  hello.compression_method = reader.u8("compression method");
  hello.extensions = read_extensions(reader);
  if (reader.ok())
    open_extensions(hello, reader, read_server_extension);
  if (!reader.ok())
    return reader.unexpected();
  return hello;
}

bool ServerHello::is_hello_retry_request() const {
  return std::equal(random.begin(), random.end(), kHelloRetryRandom.begin(),
                    [](std::byte a, std::uint8_t b) { return std::to_integer<unsigned>(a) == b; });
}

//   struct {
//     ProtocolVersion server_version;
//     opaque cookie<0..2^8-1>;
//   } HelloVerifyRequest;
Result<HelloVerifyRequest> HelloVerifyRequest::decode(Bytes body, std::size_t base) {
  ByteReader reader(body, base);
  HelloVerifyRequest request;
  request.version = reader.u16("server version");
  request.cookie = reader.bytes(reader.u8("cookie length"), "cookie");
  if (reader.ok() && reader.remaining() > 0)
    reader.fail(WireFault::BadLength, reader.offset(), "end of the message");
  if (!reader.ok())
    return reader.unexpected();
  return request;
}

//   opaque ASN.1Cert<1..2^24-1>;
//   struct { ASN.1Cert certificate_list<0..2^24-1>; } Certificate;
Result<CertificateMessage> CertificateMessage::decode(Bytes body, std::size_t base) {
  ByteReader reader(body, base);
  CertificateMessage message;
  Elements list(reader, reader.u24("certificate list length"), "certificate list");
  while (list.more()) {
    const std::size_t at = reader.offset();
    const std::size_t size = reader.u24("certificate length");
    if (reader.ok() && size == 0)
      reader.fail(WireFault::BadLength, at, "certificate length");
    const Bytes certificate = reader.bytes(size, "certificate");
    if (reader.ok())
      message.certificates.push_back(certificate);
  }
  list.finish();
  if (reader.ok() && reader.remaining() > 0)
    reader.fail(WireFault::BadLength, reader.offset(), "end of the message");
  if (!reader.ok())
    return reader.unexpected();
  return message;
}

// RFC 8422 section 5.4: ECParameters with curve_type named_curve, the point, and (unless the suite
// is anonymous) algorithm and signature. The parts must fill the message: a DHE message whose prime
// has a length of 0x03xx begins with the same octet.
std::optional<std::uint16_t> server_key_exchange_group(Bytes body) {
  constexpr std::uint8_t kNamedCurve = 3;
  ByteReader reader(body);
  const std::uint8_t curve_type = reader.u8("curve type");
  const std::uint16_t group = reader.u16("named curve");
  const std::size_t point = reader.u8("point length");
  reader.skip(point, "point");
  if (!reader.ok() || curve_type != kNamedCurve || point == 0)
    return std::nullopt;
  if (reader.remaining() == 0)
    return group;
  // DTLS 1.0 signs without naming an algorithm (RFC 4492 section 5.4).
  constexpr std::size_t kLengthSize = 2;
  const Bytes rest = reader.rest();
  const auto filled_from = [rest](std::size_t start) {
    return rest.size() >= start + kLengthSize &&
           load_u16(rest.data() + start) == rest.size() - start - kLengthSize;
  };
  return filled_from(2) || filled_from(0) ? std::optional(group) : std::nullopt;
}

Result<Alert> Alert::decode(Bytes plaintext, std::size_t base) {
  ByteReader reader(plaintext, base);
  Alert alert;
  alert.level = reader.u8("alert level");
  alert.description = reader.u8("alert description");
  if (reader.ok() && alert.level != 1 && alert.level != 2)
    reader.fail(WireFault::BadValue, base, "alert level");
  if (reader.ok() && reader.remaining() > 0)
    reader.fail(WireFault::BadLength, reader.offset(), "end of the alert");
  if (!reader.ok())
    return reader.unexpected();
  return alert;
}

}  // namespace parley::dtls
