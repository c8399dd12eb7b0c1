#include <algorithm>
#include <array>

#include "stack/wire/stun.h"

namespace parley::stun {
namespace {

std::string hex16(std::uint16_t value) {
  const std::array<std::byte, 2> octets{static_cast<std::byte>(value >> 8U),
                                        static_cast<std::byte>(value & 0xffU)};
  return "0x" + to_hex(octets);
}

struct AttributeName {
  Attribute type;
  std::string_view name;
};

// IANA "STUN Attributes" in the order of their types, with the names that RFC 3489 gave to values
// now reserved. 0xC001 is registered as ENF-FLOW-DESCRIPTION, but what WebRTC agents send there is
// the nomination of draft-thatcher-ice-renomination.
constexpr std::array<AttributeName, 63> kAttributeNames{
    {{Attribute::MappedAddress, "MAPPED-ADDRESS"},
     {Attribute::ResponseAddress, "RESPONSE-ADDRESS"},
     {Attribute::ChangeRequest, "CHANGE-REQUEST"},
     {Attribute::SourceAddress, "SOURCE-ADDRESS"},
     {Attribute::ChangedAddress, "CHANGED-ADDRESS"},
     {Attribute::Username, "USERNAME"},
     {Attribute::Password, "PASSWORD"},
     {Attribute::MessageIntegrity, "MESSAGE-INTEGRITY"},
     {Attribute::ErrorCode, "ERROR-CODE"},
     {Attribute::UnknownAttributes, "UNKNOWN-ATTRIBUTES"},
     {Attribute::ReflectedFrom, "REFLECTED-FROM"},
     {Attribute::ChannelNumber, "CHANNEL-NUMBER"},
     {Attribute::Lifetime, "LIFETIME"},
     {Attribute::Bandwidth, "BANDWIDTH"},
     {Attribute::XorPeerAddress, "XOR-PEER-ADDRESS"},
     {Attribute::Data, "DATA"},
     {Attribute::Realm, "REALM"},
     {Attribute::Nonce, "NONCE"},
     {Attribute::XorRelayedAddress, "XOR-RELAYED-ADDRESS"},
     {Attribute::RequestedAddressFamily, "REQUESTED-ADDRESS-FAMILY"},
     {Attribute::EvenPort, "EVEN-PORT"},
     {Attribute::RequestedTransport, "REQUESTED-TRANSPORT"},
     {Attribute::DontFragment, "DONT-FRAGMENT"},
     {Attribute::AccessToken, "ACCESS-TOKEN"},
     {Attribute::MessageIntegritySha256, "MESSAGE-INTEGRITY-SHA256"},
     {Attribute::PasswordAlgorithm, "PASSWORD-ALGORITHM"},
     {Attribute::Userhash, "USERHASH"},
     {Attribute::XorMappedAddress, "XOR-MAPPED-ADDRESS"},
     {Attribute::ReservationToken, "RESERVATION-TOKEN"},
     {Attribute::Priority, "PRIORITY"},
     {Attribute::UseCandidate, "USE-CANDIDATE"},
     {Attribute::Padding, "PADDING"},
     {Attribute::ResponsePort, "RESPONSE-PORT"},
     {Attribute::ConnectionId, "CONNECTION-ID"},
     {Attribute::AdditionalAddressFamily, "ADDITIONAL-ADDRESS-FAMILY"},
     {Attribute::AddressErrorCode, "ADDRESS-ERROR-CODE"},
     {Attribute::PasswordAlgorithms, "PASSWORD-ALGORITHMS"},
     {Attribute::AlternateDomain, "ALTERNATE-DOMAIN"},
     {Attribute::Icmp, "ICMP"},
     {Attribute::Software, "SOFTWARE"},
     {Attribute::AlternateServer, "ALTERNATE-SERVER"},
     {Attribute::TransactionTransmitCounter, "TRANSACTION_TRANSMIT_COUNTER"},
     {Attribute::CacheTimeout, "CACHE-TIMEOUT"},
     {Attribute::Fingerprint, "FINGERPRINT"},
     {Attribute::IceControlled, "ICE-CONTROLLED"},
     {Attribute::IceControlling, "ICE-CONTROLLING"},
     {Attribute::ResponseOrigin, "RESPONSE-ORIGIN"},
     {Attribute::OtherAddress, "OTHER-ADDRESS"},
     {Attribute::EcnCheck, "ECN-CHECK"},
     {Attribute::ThirdPartyAuthorization, "THIRD-PARTY-AUTHORIZATION"},
     {Attribute::MobilityTicket, "MOBILITY-TICKET"},
     {Attribute::Renomination, "NOMINATION"},
     {Attribute::GoogNetworkInfo, "GOOG-NETWORK-INFO"},
     {Attribute::GoogLastIceCheckReceived, "GOOG-LAST-ICE-CHECK-RECEIVED"},
     {Attribute::GoogMiscInfo, "GOOG-MISC-INFO"},
     {Attribute::GoogObsolete1, "GOOG-OBSOLETE-1"},
     {Attribute::GoogConnectionId, "GOOG-CONNECTION-ID"},
     {Attribute::GoogDelta, "GOOG-DELTA"},
     {Attribute::GoogDeltaAck, "GOOG-DELTA-ACK"},
     {Attribute::GoogDeltaSyncReq, "GOOG-DELTA-SYNC-REQ"},
     {Attribute::GoogMessageIntegrity32, "GOOG-MESSAGE-INTEGRITY-32"},
     {Attribute::DtlsInStun, "DTLS-IN-STUN"},
     {Attribute::DtlsInStunAck, "DTLS-IN-STUN-ACKNOWLEDGEMENT"}}};

std::string_view known_name(std::uint16_t type) {
  const auto* const row = std::lower_bound(kAttributeNames.begin(), kAttributeNames.end(), type,
                                           [](const AttributeName& entry, std::uint16_t wanted) {
                                             return static_cast<std::uint16_t>(entry.type) < wanted;
                                           });
  return row != kAttributeNames.end() && static_cast<std::uint16_t>(row->type) == type
             ? row->name
             : std::string_view{};
}

}  // namespace

std::string to_string(const TransactionId& id) {
  return to_hex(id);
}

std::string method_name(Method method) {
  switch (method) {
    case Method::Binding:
      return "Binding";
    case Method::SharedSecret:
      return "SharedSecret";
    case Method::Allocate:
      return "Allocate";
    case Method::Refresh:
      return "Refresh";
    case Method::Send:
      return "Send";
    case Method::Data:
      return "Data";
    case Method::CreatePermission:
      return "CreatePermission";
    case Method::ChannelBind:
      return "ChannelBind";
    case Method::Connect:
      return "Connect";
    case Method::ConnectionBind:
      return "ConnectionBind";
    case Method::ConnectionAttempt:
      return "ConnectionAttempt";
    case Method::GoogPing:
      return "GOOG-PING";
  }
  return hex16(static_cast<std::uint16_t>(method));
}

bool is_known_attribute(std::uint16_t type) {
  return !known_name(type).empty();
}

std::string attribute_name(std::uint16_t type) {
  const std::string_view name = known_name(type);
  return name.empty() ? hex16(type) : std::string(name);
}

std::string_view class_name(Class c) {
  switch (c) {
    case Class::Request:
      return "request";
    case Class::Indication:
      return "indication";
    case Class::Success:
      return "success response";
    case Class::Error:
      return "error response";
  }
  return {};
}

std::string_view error_name(std::uint16_t code) {
  struct Name {
    std::uint16_t code;
    std::string_view text;
  };
  static constexpr std::array<Name, 18> kNames{{{300, "Try Alternate"},
                                                {400, "Bad Request"},
                                                {401, "Unauthenticated"},
                                                {403, "Forbidden"},
                                                {405, "Mobility Forbidden"},
                                                {420, "Unknown Attribute"},
                                                {437, "Allocation Mismatch"},
                                                {438, "Stale Nonce"},
                                                {440, "Address Family not Supported"},
                                                {441, "Wrong Credentials"},
                                                {442, "Unsupported Transport Protocol"},
                                                {443, "Peer Address Family Mismatch"},
                                                {446, "Connection Already Exists"},
                                                {447, "Connection Timeout or Failure"},
                                                {486, "Allocation Quota Reached"},
                                                {487, "Role Conflict"},
                                                {500, "Server Error"},
                                                {508, "Insufficient Capacity"}}};
  for (const Name& name : kNames)
    if (name.code == code)
      return name.text;
  return {};
}

}  // namespace parley::stun
