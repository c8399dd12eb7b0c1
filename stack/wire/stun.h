#pragma once

// STUN messages (RFC 8489 section 5), with the attributes of TURN (RFC 8656, 6062), ICE (RFC 8445,
// draft-thatcher-ice-renomination), NAT behaviour discovery (RFC 5780) and those that Google's
// stack adds. The view borrows the datagram; the builder writes into its caller's buffer.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stack/base/address.h"
#include "stack/base/bytes.h"
#include "stack/base/result.h"

namespace parley::stun {

inline constexpr std::uint32_t kMagicCookie = 0x2112A442;
inline constexpr std::size_t kHeaderSize = 20;
inline constexpr std::uint32_t kFingerprintXor = 0x5354554e;  // RFC 8489 section 14.7

enum class Class : std::uint8_t { Request = 0, Indication = 1, Success = 2, Error = 3 };
// Any 12-bit value may arrive; the names are those of the IANA registry.
enum class Method : std::uint16_t {
  Binding = 0x001,
  SharedSecret = 0x002,
  Allocate = 0x003,
  Refresh = 0x004,
  Send = 0x006,
  Data = 0x007,
  CreatePermission = 0x008,
  ChannelBind = 0x009,
  Connect = 0x00a,
  ConnectionBind = 0x00b,
  ConnectionAttempt = 0x00c,
  GoogPing = 0x080
};

enum class Attribute : std::uint16_t {
  MappedAddress = 0x0001,
  ResponseAddress = 0x0002,  // RFC 3489
  ChangeRequest = 0x0003,
  SourceAddress = 0x0004,   // RFC 3489
  ChangedAddress = 0x0005,  // RFC 3489
  Username = 0x0006,
  Password = 0x0007,  // RFC 3489
  MessageIntegrity = 0x0008,
  ErrorCode = 0x0009,
  UnknownAttributes = 0x000a,
  ReflectedFrom = 0x000b,  // RFC 3489
  ChannelNumber = 0x000c,
  Lifetime = 0x000d,
  Bandwidth = 0x0010,  // reserved, was BANDWIDTH
  XorPeerAddress = 0x0012,
  Data = 0x0013,
  Realm = 0x0014,
  Nonce = 0x0015,
  XorRelayedAddress = 0x0016,
  RequestedAddressFamily = 0x0017,
  EvenPort = 0x0018,
  RequestedTransport = 0x0019,
  DontFragment = 0x001a,
  AccessToken = 0x001b,
  MessageIntegritySha256 = 0x001c,
  PasswordAlgorithm = 0x001d,
  Userhash = 0x001e,
  XorMappedAddress = 0x0020,
  ReservationToken = 0x0022,
  Priority = 0x0024,
  UseCandidate = 0x0025,
  Padding = 0x0026,
  ResponsePort = 0x0027,
  ConnectionId = 0x002a,
  AdditionalAddressFamily = 0x8000,
  AddressErrorCode = 0x8001,
  PasswordAlgorithms = 0x8002,
  AlternateDomain = 0x8003,
  Icmp = 0x8004,
  Software = 0x8022,
  AlternateServer = 0x8023,
  TransactionTransmitCounter = 0x8025,
  CacheTimeout = 0x8027,
  Fingerprint = 0x8028,
  IceControlled = 0x8029,
  IceControlling = 0x802a,
  ResponseOrigin = 0x802b,
  OtherAddress = 0x802c,
  EcnCheck = 0x802d,
  ThirdPartyAuthorization = 0x802e,
  MobilityTicket = 0x8030,
  Renomination = 0xc001,     // "NOMINATION", draft-thatcher-ice-renomination
  GoogNetworkInfo = 0xc057,  // network id (16 bit), network cost (16 bit)
  GoogLastIceCheckReceived = 0xc058,
  GoogMiscInfo = 0xc059,
  GoogObsolete1 = 0xc05a,
  GoogConnectionId = 0xc05b,
  GoogDelta = 0xc05c,
  GoogDeltaAck = 0xc05d,
  GoogDeltaSyncReq = 0xc05e,
  GoogMessageIntegrity32 = 0xc060,
  DtlsInStun = 0xc070,    // SPED: a DTLS datagram inside a check
  DtlsInStunAck = 0xc071  // SPED: CRC-32 of the DTLS datagrams received
};

using TransactionId = std::array<std::byte, 12>;
std::string to_string(const TransactionId& id);  // 24 hexadecimal digits

// The registry's spelling: "Binding", "XOR-MAPPED-ADDRESS"; "0x0123" for what it does not name.
std::string method_name(Method method);
std::string attribute_name(std::uint16_t type);
bool is_known_attribute(std::uint16_t type);  // whether attribute_name() has a name for it
// The registry's reason phrase, "Role Conflict"; empty for a code that it does not name.
std::string_view error_name(std::uint16_t code);
std::string_view class_name(Class c);  // "request" "indication" "success response" "error response"
// Types 0x0000 to 0x7fff must be understood (RFC 8489 section 14).
constexpr bool comprehension_required(std::uint16_t type) {
  return type < 0x8000;
}

// One attribute, still inside the datagram.
struct AttributeView {
  std::uint16_t type = 0;
  std::uint32_t offset = 0;  // of the TLV, from the start of the message
  Bytes value;               // without padding
  bool ignored = false;      // the position rules of sections 14.5 to 14.7 make it invisible
  bool is(Attribute a) const { return type == static_cast<std::uint16_t>(a); }
};

struct ErrorCode {
  std::uint16_t code = 0;  // 300 to 699
  std::string_view reason;
};

// What a check of MESSAGE-INTEGRITY or FINGERPRINT found.
enum class Verification : std::uint8_t { Absent, Good, Bad };

// Borrowed, validated view of one message. decode() checks the header and walks the attribute list
// once; iterating afterwards cannot fail. Attributes that stand after MESSAGE-INTEGRITY and may not
// be used (RFC 8489 sections 14.5 to 14.7) are still listed, with is_ignored(); find() skips them.
class MessageView {
 public:
  // `message` must be exactly one message (the datagram, or one cut out of a TCP stream by
  // message_size). `base` is its offset in the outermost buffer, added to error offsets.
  static Result<MessageView> decode(Bytes message, std::size_t base = 0);
  // The first bytes of a message of `wire_size` bytes whose end a snap length cut off: the header
  // and the attributes that stand whole before the cut. What is absent then may stand behind it.
  static Result<MessageView> decode_cut(Bytes prefix, std::size_t wire_size, std::size_t base = 0);
  // Whether the first 20 bytes can be a STUN header with the magic cookie: the quick test that
  // comes before decode().
  static bool looks_like(Bytes bytes);
  // Size of the message that begins `bytes`, from its length field; 0 if there is no header yet.
  static std::size_t message_size(Bytes bytes);

  Class message_class() const;
  Method method() const;
  TransactionId transaction_id() const;
  bool has_cookie() const;  // false: RFC 3489 message, the transaction id has 16 bytes then
  // Of decode_cut(): attributes are missing.
  bool is_cut() const { return cut_; }
  // The attribute that the cut goes through, when its type and length still stand before it.
  struct CutAttribute {
    std::uint16_t type = 0;
    std::uint16_t size = 0;  // of the whole value
    Bytes value;             // what is left of it
  };
  const std::optional<CutAttribute>& cut_attribute() const { return cut_attribute_; }
  // Of a cut message: up to its last whole attribute.
  Bytes message() const { return message_; }

  std::vector<AttributeView> attributes() const;  // in wire order, for printing
  // The first usable attribute of that type: duplicates and attributes behind the integrity are
  // ignored (RFC 8489 section 14).
  std::optional<AttributeView> find(Attribute type) const;
  bool has(Attribute type) const { return find(type).has_value(); }
  // True for an attribute of attributes() that the position rules of 14.5 to 14.7 make invisible.
  static bool is_ignored(const AttributeView& attribute) { return attribute.ignored; }
  // Comprehension-required types that this codec does not know, in wire order.
  std::vector<std::uint16_t> unknown_required() const;

  // Typed values. nullopt: absent. An attribute that is there but malformed is absent for these
  // getters; malformed() says which.
  std::optional<Endpoint> mapped_address() const;
  std::optional<Endpoint> xor_mapped_address() const;
  std::optional<Endpoint> xor_peer_address() const;
  std::optional<Endpoint> xor_relayed_address() const;
  std::optional<Endpoint> endpoint(Attribute type) const;  // plain or XOR, by the type
  std::optional<std::string_view> username() const;
  std::optional<std::string_view> text(Attribute type) const;
  std::optional<std::uint32_t> u32(Attribute type) const;  // PRIORITY, LIFETIME, FINGERPRINT ...
  std::optional<std::uint64_t> u64(Attribute type) const;  // ICE-CONTROLLING, ICE-CONTROLLED
  std::optional<std::uint32_t> priority() const { return u32(Attribute::Priority); }
  std::optional<std::uint16_t> channel_number() const;
  std::optional<ErrorCode> error_code() const;
  std::optional<Bytes> data() const;  // the DATA attribute
  // The first attribute whose value contradicts its definition, with what was expected.
  std::optional<WireError> malformed() const;

  // RFC 8489 section 14.5: the header length is taken to end at the attribute. `key` is the
  // password (short-term) or crypto::long_term_key (long-term).
  Verification verify_integrity(Bytes key) const;
  Verification verify_integrity_sha256(Bytes key) const;
  Verification verify_fingerprint() const;
  // What FINGERPRINT should hold; nullopt: there is none.
  std::optional<std::uint32_t> computed_fingerprint() const;

 private:
  MessageView(Bytes message, std::size_t base) : message_(message), base_(base) {}
  Bytes message_;
  std::size_t base_;
  bool cut_ = false;
  std::optional<CutAttribute> cut_attribute_;
};

// Decodes the value of one attribute as an address; XOR with cookie and transaction id if the type
// is one of the XOR- types.
Result<Endpoint> decode_address(const AttributeView& attribute, const TransactionId& id);
// What contradicts the definition of the attribute in its value, if anything; the offset counts
// from the start of the message. Attributes that the codec does not know are always fine.
std::optional<WireError> check_value(const AttributeView& attribute);

// Writes one message. Append order is wire order. Every finisher returns the message inside `out`.
class MessageBuilder {
 public:
  // Appends to `out`, which may already hold other data.
  MessageBuilder(ByteBuffer& out, Class c, Method m, const TransactionId& id);

  MessageBuilder& attribute(std::uint16_t type, Bytes value);  // any, with zero padding
  MessageBuilder& attribute(Attribute type, Bytes value) {
    return attribute(static_cast<std::uint16_t>(type), value);
  }
  MessageBuilder& text(Attribute type, std::string_view value);
  MessageBuilder& u32(Attribute type, std::uint32_t value);
  MessageBuilder& u64(Attribute type, std::uint64_t value);
  MessageBuilder& flag(Attribute type);  // no value: USE-CANDIDATE, DONT-FRAGMENT
  // Plain or XOR-ed, by the type.
  MessageBuilder& address(Attribute type, const Endpoint& value);
  MessageBuilder& error_code(std::uint16_t code, std::string_view reason);
  MessageBuilder& unknown_attributes(const std::vector<std::uint16_t>& types);
  MessageBuilder& message_integrity(Bytes key);
  MessageBuilder& message_integrity_sha256(Bytes key);
  MessageBuilder& fingerprint();  // must be last
  // Empty when the attributes outgrew the 16-bit length: such a message must not be sent.
  Bytes finish();

 private:
  void set_length(std::size_t bytes_after_header);
  ByteBuffer& out_;
  std::size_t start_;
  TransactionId id_;
  bool too_long_ = false;
};

}  // namespace parley::stun
