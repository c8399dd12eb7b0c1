#pragma once

// DTLS records, handshake fragments and hellos: DTLS 1.0/1.2 (RFC 6347) and 1.3 (RFC 9147). Views
// borrow their datagram. What is encrypted stays opaque here.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stack/base/bytes.h"
#include "stack/base/result.h"

namespace parley::dtls {

inline constexpr std::uint16_t kDtls10 = 0xfeff;
inline constexpr std::uint16_t kDtls12 = 0xfefd;
inline constexpr std::uint16_t kDtls13 = 0xfefc;

enum class ContentType : std::uint8_t {
  ChangeCipherSpec = 20,
  Alert = 21,
  Handshake = 22,
  ApplicationData = 23,
  Heartbeat = 24,
  ConnectionId = 25,  // tls12_cid, RFC 9146
  Ack = 26            // RFC 9147 section 7
};

enum class HandshakeType : std::uint8_t {
  HelloRequest = 0,
  ClientHello = 1,
  ServerHello = 2,
  HelloVerifyRequest = 3,
  NewSessionTicket = 4,
  EndOfEarlyData = 5,
  EncryptedExtensions = 8,
  RequestConnectionId = 9,
  NewConnectionId = 10,
  Certificate = 11,
  ServerKeyExchange = 12,
  CertificateRequest = 13,
  ServerHelloDone = 14,
  CertificateVerify = 15,
  ClientKeyExchange = 16,
  Finished = 20,
  CertificateUrl = 21,
  CertificateStatus = 22,
  KeyUpdate = 24,
  CompressedCertificate = 25,
  MessageHash = 254
};

// DTLSPlaintext (RFC 6347 section 4.1, RFC 9147 section 4) or, with `unified`, the DTLS 1.3
// ciphertext header 001CSLEE (RFC 9147 section 4, figure 3).
struct RecordView {
  std::uint32_t offset = 0;  // of the record in the datagram
  bool unified = false;
  ContentType type = ContentType::Handshake;  // unified: encrypted, ApplicationData stands here
  std::uint16_t version = 0;                  // unified: 0
  std::uint16_t epoch = 0;                    // unified: the low two bits
  std::uint64_t sequence = 0;                 // unified: the 8 or 16 encrypted bits
  bool has_length = true;                     // unified: the L bit
  std::uint8_t sequence_octets = 6;           // unified: 1 or 2
  Bytes connection_id;
  std::size_t header_size = 0;
  Bytes fragment;           // the payload: plaintext in epoch 0, else ciphertext
  std::size_t missing = 0;  // octets of the payload that a snap length cut off
  // In clear: epoch 0 of a header with a version.
  bool in_clear() const { return !unified && epoch == 0; }
  std::size_t size() const { return header_size + fragment.size(); }
};

// All records of one datagram. `connection_id_size`: how many bytes a C bit or a tls12_cid record
// carries (0 if none was negotiated). `missing` octets of the datagram were not captured: the last
// record may lack them. Stops at the first fault; what came before stays valid.
struct RecordList {
  std::vector<RecordView> records;
  std::optional<WireError> error;
};
RecordList decode_records(Bytes datagram, std::size_t connection_id_size = 0, std::size_t base = 0,
                          std::size_t missing = 0);
// The first record only, for callers that walk by themselves.
Result<RecordView> decode_record(Bytes bytes, std::size_t connection_id_size = 0,
                                 std::size_t base = 0, std::size_t missing = 0);
// Whether the header at the start is one of DTLS 1.0 to 1.3 with a length that fits. `wire_size`:
// the payload's size on the wire, where a snap length cut it.
bool looks_like_record(Bytes payload);
bool looks_like_record(Bytes payload, std::size_t wire_size);

// One handshake fragment (RFC 6347 section 4.2.2). A record may carry several.
struct HandshakeFragment {
  std::uint32_t offset = 0;  // of its 12-byte header in the datagram
  HandshakeType type = HandshakeType::HelloRequest;
  std::uint32_t length = 0;  // of the whole message
  std::uint16_t message_seq = 0;
  std::uint32_t fragment_offset = 0, fragment_length = 0;
  Bytes body;  // fragment_length bytes; fewer when a snap length cut it
  bool complete() const { return fragment_offset == 0 && fragment_length == length; }
};
struct HandshakeFragments {
  std::vector<HandshakeFragment> fragments;
  std::optional<WireError> error;
};
// The fragments inside a Handshake record's plaintext. `base`: offset of that plaintext; `missing`
// octets of it were not captured.
HandshakeFragments decode_handshake_fragments(Bytes plaintext, std::size_t base,
                                              std::size_t missing = 0);

struct Extension {
  std::uint16_t type = 0;
  std::uint32_t offset = 0;  // of its type field, from the start of the message body (+ base)
  Bytes data;
};

// ClientHello and ServerHello bodies (without the 12-byte handshake header).
struct ClientHello {
  std::uint16_t legacy_version = 0;
  std::array<std::byte, 32> random{};
  Bytes session_id, cookie;
  std::vector<std::uint16_t> cipher_suites;
  std::vector<std::uint8_t> compression_methods;
  std::vector<Extension> extensions;
  // From the extensions; empty when the extension is absent.
  std::vector<std::uint16_t>
      supported_versions;  // falls back to {legacy_version} in offered_versions()
  std::vector<std::uint16_t> groups, key_share_groups, signature_algorithms;
  std::vector<std::uint16_t> srtp_profiles;
  std::optional<std::string> server_name;
  std::vector<std::string> alpn;
  std::optional<Bytes> connection_id;
  bool extended_master_secret = false;
  std::vector<std::uint16_t> offered_versions() const;
  static Result<ClientHello> decode(Bytes body, std::size_t base = 0);
};
struct ServerHello {
  std::uint16_t legacy_version = 0;
  std::array<std::byte, 32> random{};
  Bytes session_id;
  std::uint16_t cipher_suite = 0;
  std::uint8_t compression_method = 0;
  std::vector<Extension> extensions;
  std::optional<std::uint16_t> selected_version;  // supported_versions
  std::optional<std::uint16_t> group;             // key_share (1.3)
  std::optional<std::uint16_t> srtp_profile;      // use_srtp (1.2; encrypted in 1.3)
  std::optional<Bytes> connection_id;
  bool extended_master_secret = false;
  bool is_hello_retry_request() const;  // RFC 8446 section 4.1.3
  std::uint16_t version() const { return selected_version.value_or(legacy_version); }
  static Result<ServerHello> decode(Bytes body, std::size_t base = 0);
};
struct HelloVerifyRequest {
  std::uint16_t version = 0;
  Bytes cookie;
  static Result<HelloVerifyRequest> decode(Bytes body, std::size_t base = 0);
};
// Certificate of DTLS 1.2 (RFC 5246 section 7.4.2): DER certificates, leaf first.
struct CertificateMessage {
  std::vector<Bytes> certificates;
  static Result<CertificateMessage> decode(Bytes body, std::size_t base = 0);
};
// ServerKeyExchange of an ECDHE suite: the named group, if that is what the bytes are.
std::optional<std::uint16_t> server_key_exchange_group(Bytes body);
struct Alert {
  std::uint8_t level = 0, description = 0;
  static Result<Alert> decode(Bytes plaintext, std::size_t base = 0);
};

// IANA names; "0x1234" for what the registries of 2026 do not name.
std::string version_name(std::uint16_t version);       // "DTLS 1.2"
std::string cipher_suite_name(std::uint16_t suite);    // "TLS_AES_128_GCM_SHA256"
std::string group_name(std::uint16_t group);           // "X25519MLKEM768"
std::string srtp_profile_name(std::uint16_t profile);  // "SRTP_AES128_CM_HMAC_SHA1_80"
std::string extension_name(std::uint16_t type);        // "use_srtp"
std::string signature_scheme_name(std::uint16_t scheme);
std::string content_type_name(ContentType type);
std::string handshake_type_name(HandshakeType type);
std::string alert_level_name(std::uint8_t level);
std::string alert_description_name(std::uint8_t description);

// Puts handshake messages together from fragments with any boundaries, in any order (RFC 6347
// section 4.2.3), within bounds: at most kMaxMessages open messages of at most kMaxMessageSize
// bytes. Fragments that contradict each other (total length, type, or bytes where they overlap)
// are refused. One object for each direction of one handshake.
class HandshakeReassembler {
 public:
  static constexpr std::size_t kMaxMessages = 16;
  static constexpr std::uint32_t kMaxMessageSize = 128 * 1024;

  struct Message {
    HandshakeType type = HandshakeType::HelloRequest;
    std::uint16_t message_seq = 0;
    ByteBuffer body;
  };
  enum class Outcome : std::uint8_t { Stored, Completed, Duplicate, Refused };
  // Completed: `completed` holds the message. Duplicate: nothing new in it (a retransmission).
  Outcome add(const HandshakeFragment& fragment, Message& completed);
  std::size_t memory() const;

 private:
  struct Partial {
    HandshakeType type;
    std::uint16_t message_seq;
    std::uint32_t length;
    ByteBuffer body;  // as far as fragments have reached
    std::vector<bool> have;
    std::size_t missing;
  };
  struct Done {
    std::uint16_t message_seq;
    HandshakeType type;
    std::uint32_t length;
  };
  bool make_room(std::uint16_t message_seq);
  static Outcome merge(Partial& partial, const HandshakeFragment& fragment);

  std::vector<Partial> partials_;
  std::vector<Done> done_;
};

}  // namespace parley::dtls
