#include "analyzer/dissect/stun_attributes.h"

#include <array>

#include <fmt/format.h>

#include "analyzer/dissect/stun_values.h"

namespace parley::analyzer {
namespace {

using stun::Attribute;

void describe_text(Field& field, const StunPart& part) {
  field.value = printable(part.value);
}

void describe_octets(Field& field, const StunPart& part) {
  field.value = short_hex(part.value);
}

void describe_flag(Field& field, const StunPart&) {
  field.value = "set";
}

void describe_number(Field& field, const StunPart& part) {
  field.value = std::to_string(load_u32(part.value.data()));
}

void describe_seconds(Field& field, const StunPart& part) {
  field.value = part.value.size() == 4 ? fmt::format("{} s", load_u32(part.value.data()))
                                       : short_hex(part.value);
}

void describe_hex_number(Field& field, const StunPart& part) {
  field.value = "0x" + short_hex(part.value);
}

void describe_size(Field& field, const StunPart& part) {
  field.value = fmt::format("{} bytes", part.value.size());
}

using Describe = void (*)(Field&, const StunPart&);

struct Row {
  Attribute type;
  Describe describe;
};

constexpr std::array<Row, 58> kRows{{
    {Attribute::MappedAddress, describe_address},
    {Attribute::ResponseAddress, describe_address},
    {Attribute::ChangeRequest, describe_change_request},
    {Attribute::SourceAddress, describe_address},
    {Attribute::ChangedAddress, describe_address},
    {Attribute::Username, describe_username},
    {Attribute::Password, describe_size},
    {Attribute::MessageIntegrity, describe_octets},
    {Attribute::ErrorCode, describe_error_code},
    {Attribute::UnknownAttributes, describe_unknown_attributes},
    {Attribute::ReflectedFrom, describe_address},
    {Attribute::ChannelNumber, describe_channel_number},
    {Attribute::Lifetime, describe_seconds},
    {Attribute::Bandwidth, describe_number},
    {Attribute::XorPeerAddress, describe_address},
    {Attribute::Data, describe_data},
    {Attribute::Realm, describe_text},
    {Attribute::Nonce, describe_nonce},
    {Attribute::XorRelayedAddress, describe_address},
    {Attribute::RequestedAddressFamily, describe_family},
    {Attribute::EvenPort, describe_even_port},
    {Attribute::RequestedTransport, describe_transport},
    {Attribute::DontFragment, describe_flag},
    {Attribute::AccessToken, describe_octets},
    {Attribute::MessageIntegritySha256, describe_octets},
    {Attribute::PasswordAlgorithm, describe_algorithms},
    {Attribute::Userhash, describe_octets},
    {Attribute::XorMappedAddress, describe_address},
    {Attribute::ReservationToken, describe_octets},
    {Attribute::Priority, describe_priority},
    {Attribute::UseCandidate, describe_flag},
    {Attribute::Padding, describe_size},
    {Attribute::ResponsePort, describe_response_port},
    {Attribute::ConnectionId, describe_hex_number},
    {Attribute::AdditionalAddressFamily, describe_family},
    {Attribute::AddressErrorCode, describe_address_error_code},
    {Attribute::PasswordAlgorithms, describe_algorithms},
    {Attribute::AlternateDomain, describe_text},
    {Attribute::Icmp, describe_icmp},
    {Attribute::Software, describe_text},
    {Attribute::AlternateServer, describe_address},
    {Attribute::TransactionTransmitCounter, describe_transmit_counter},
    {Attribute::CacheTimeout, describe_seconds},
    {Attribute::Fingerprint, describe_hex_number},
    {Attribute::IceControlled, describe_hex_number},
    {Attribute::IceControlling, describe_hex_number},
    {Attribute::ResponseOrigin, describe_address},
    {Attribute::OtherAddress, describe_address},
    {Attribute::EcnCheck, describe_ecn_check},
    {Attribute::ThirdPartyAuthorization, describe_text},
    {Attribute::MobilityTicket, describe_mobility_ticket},
    {Attribute::Renomination, describe_number},
    {Attribute::GoogNetworkInfo, describe_network_info},
    {Attribute::GoogMiscInfo, describe_misc_info},
    {Attribute::GoogDeltaAck, describe_hex_number},
    {Attribute::GoogMessageIntegrity32, describe_octets},
    {Attribute::DtlsInStun, describe_dtls_in_stun},
    {Attribute::DtlsInStunAck, describe_dtls_acknowledgement},
}};

}  // namespace

std::string short_hex(Bytes bytes) {
  constexpr std::size_t kShown = 32;
  if (bytes.size() <= kShown)
    return to_hex(bytes);
  return fmt::format("{}... ({} bytes)", to_hex(bytes.first(kShown)), bytes.size());
}

void describe_value(Field& field, const stun::AttributeView& attribute,
                    const StunContext& context) {
  const StunScope& scope = context.scope;
  const StunPart part{attribute, attribute.value, scope, context.options,
                      scope.base + attribute.offset + 4};
  for (const Row& row : kRows)
    if (attribute.is(row.type))
      return row.describe(field, part);
  describe_octets(field, part);
}

}  // namespace parley::analyzer
