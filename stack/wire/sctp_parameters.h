#pragma once

// Parameters of SCTP chunks (RFC 9260 section 3.3.2.1, RFC 3758, 4820, 4895, 5061, 6525, 9653) and
// error causes (RFC 9260 section 3.3.10 and the same): lists of type-length-value units with their
// names and typed values. Views borrow the packet.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stack/base/address.h"
#include "stack/base/bytes.h"
#include "stack/base/result.h"
#include "stack/wire/sctp.h"

namespace parley::sctp {

enum class ParameterType : std::uint16_t {
  HeartbeatInfo = 1,
  Ipv4Address = 5,
  Ipv6Address = 6,
  StateCookie = 7,
  UnrecognizedParameter = 8,
  CookiePreservative = 9,
  HostNameAddress = 11,
  SupportedAddressTypes = 12,
  OutgoingResetRequest = 13,  // RFC 6525 section 4.1
  IncomingResetRequest = 14,  // 4.2
  SsnTsnResetRequest = 15,    // 4.3
  ReconfigResponse = 16,      // 4.4
  AddOutgoingStreams = 17,    // 4.5
  AddIncomingStreams = 18,    // 4.6
  EcnCapable = 0x8000,
  ZeroChecksumAcceptable = 0x8001,     // RFC 9653 section 4
  Random = 0x8002,                     // RFC 4895 section 3.1
  ChunkList = 0x8003,                  // 3.2
  RequestedHmacAlgorithm = 0x8004,     // 3.3
  Padding = 0x8005,                    // RFC 4820 section 4
  SupportedExtensions = 0x8008,        // RFC 5061 section 4.2.7
  ForwardTsnSupported = 0xc000,        // RFC 3758 section 3.1
  AddIpAddress = 0xc001,               // RFC 5061 section 4.2.1
  DeleteIpAddress = 0xc002,            // 4.2.2
  ErrorCauseIndication = 0xc003,       // 4.2.3
  SetPrimaryAddress = 0xc004,          // 4.2.4
  SuccessIndication = 0xc005,          // 4.2.5
  AdaptationLayerIndication = 0xc006,  // 4.2.6
};

enum class CauseCode : std::uint16_t {
  InvalidStreamIdentifier = 1,
  MissingMandatoryParameter = 2,
  StaleCookie = 3,
  OutOfResource = 4,
  UnresolvableAddress = 5,
  UnrecognizedChunkType = 6,
  InvalidMandatoryParameter = 7,
  UnrecognizedParameters = 8,
  NoUserData = 9,
  CookieReceivedWhileShuttingDown = 10,
  RestartWithNewAddresses = 11,
  UserInitiatedAbort = 12,
  ProtocolViolation = 13,
  DeleteLastAddress = 0x00a0,  // RFC 5061 section 4.3
  ResourceShortage = 0x00a1,
  DeleteSourceAddress = 0x00a2,
  IllegalAsconfAck = 0x00a3,
  RequestRefused = 0x00a4,
  UnsupportedHmac = 0x0105,  // RFC 4895 section 4.1
};

// "State Cookie", "User-Initiated Abort"; "parameter 0x1234", "cause 0x1234" for others.
std::string parameter_name(std::uint16_t type);
std::string cause_name(std::uint16_t code);
bool is_known_parameter(std::uint16_t type);

using Parameter = Tlv;  // `head` is a ParameterType
using Cause = Tlv;      // `head` is a CauseCode
inline bool is(const Parameter& p, ParameterType type) {
  return p.head == static_cast<std::uint16_t>(type);
}
inline bool is(const Cause& c, CauseCode code) {
  return c.head == static_cast<std::uint16_t>(code);
}

// The units of a list, up to the first fault; `base` is the offset of `list` in the outermost
// buffer.
struct TlvList {
  std::vector<Tlv> units;
  std::optional<WireError> error;
  const Tlv* find(ParameterType type) const;  // the first of that type
};
TlvList decode_tlvs(Bytes list, std::size_t base);

// Numbers of 16 bits as SCTP lists them: streams of a reset, types of addresses.
struct NumberList {
  Bytes octets;
  std::size_t size() const { return octets.size() / 2; }
  std::uint16_t operator[](std::size_t i) const { return load_u16(octets.data() + 2 * i); }
};

// RFC 6525 section 4.1. An empty list of streams means all of them.
struct OutgoingResetRequest {
  std::uint32_t request_sequence = 0, response_sequence = 0, last_assigned_tsn = 0;
  NumberList streams;
  static Result<OutgoingResetRequest> decode(const Parameter& parameter);
};
struct IncomingResetRequest {  // 4.2
  std::uint32_t request_sequence = 0;
  NumberList streams;
  static Result<IncomingResetRequest> decode(const Parameter& parameter);
};
struct SsnTsnResetRequest {  // 4.3
  std::uint32_t request_sequence = 0;
  static Result<SsnTsnResetRequest> decode(const Parameter& parameter);
};
enum class ReconfigResult : std::uint32_t {
  NothingToDo = 0,
  Performed = 1,
  Denied = 2,
  WrongSsn = 3,
  RequestInProgress = 4,
  BadSequenceNumber = 5,
  InProgress = 6
};
std::string to_string(ReconfigResult result);
struct ReconfigResponse {  // 4.4; the TSNs answer a request of section 4.3
  std::uint32_t response_sequence = 0;
  ReconfigResult result = ReconfigResult::NothingToDo;
  std::optional<std::uint32_t> sender_next_tsn, receiver_next_tsn;
  static Result<ReconfigResponse> decode(const Parameter& parameter);
};
struct AddStreamsRequest {  // 4.5 and 4.6
  std::uint32_t request_sequence = 0;
  std::uint16_t count = 0;
  static Result<AddStreamsRequest> decode(const Parameter& parameter);
};

// IPv4 Address and IPv6 Address.
Result<IpAddress> decode_address(const Parameter& parameter);
// One number: Cookie Preservative (milliseconds), Adaptation Layer Indication, Zero Checksum
// Acceptable (its error detection method), request number of Success Indication.
Result<std::uint32_t> decode_number(const Parameter& parameter);
inline constexpr std::uint32_t kErrorDetectionByDtls = 1;  // RFC 9653 section 8, IANA registry

// Appends parameters or error causes to the value of a chunk, each padded only when another
// follows: the length of a chunk does not count the padding behind its last one.
class TlvBuilder {
 public:
  explicit TlvBuilder(ByteBuffer& out) : out_(out), start_(out.size()) {}
  TlvBuilder& add(std::uint16_t head, Bytes value);
  TlvBuilder& add(ParameterType type, Bytes value) {
    return add(static_cast<std::uint16_t>(type), value);
  }
  TlvBuilder& add(CauseCode code, Bytes value) {
    return add(static_cast<std::uint16_t>(code), value);
  }
  TlvBuilder& number(ParameterType type, std::uint32_t value);
  TlvBuilder& supported_extensions(const std::vector<ChunkType>& types);
  TlvBuilder& address(const IpAddress& address);
  TlvBuilder& outgoing_reset(const OutgoingResetRequest& numbers,
                             const std::vector<std::uint16_t>& streams);
  TlvBuilder& incoming_reset(std::uint32_t request_sequence,
                             const std::vector<std::uint16_t>& streams);
  TlvBuilder& reconfig_response(const ReconfigResponse& response);
  TlvBuilder& add_streams(ParameterType type, const AddStreamsRequest& request);

 private:
  ByteBuffer& out_;
  std::size_t start_;
};

}  // namespace parley::sctp
