#pragma once

// One function for each form of attribute value that has parts. Each sets the value of the field
// and adds its parts; the value is well formed by stun::check_value.

#include "analyzer/dissect/stun_attributes.h"

namespace parley::analyzer {

struct StunPart {
  const stun::AttributeView& attribute;
  Bytes value;
  const StunScope& scope;
  const DissectOptions& options;
  std::size_t offset;  // of the value in what is dissected
};

// RFC 8489 sections 14.1, 14.2 and what has their form.
void describe_address(Field& field, const StunPart& part);
void describe_username(Field& field, const StunPart& part);            // RFC 8445 section 7.2.2
void describe_nonce(Field& field, const StunPart& part);               // RFC 8489 section 9.2
void describe_error_code(Field& field, const StunPart& part);          // RFC 8489 section 14.8
void describe_unknown_attributes(Field& field, const StunPart& part);  // RFC 8489 section 14.13
void describe_algorithms(Field& field, const StunPart& part);          // RFC 8489 14.11, 14.12

void describe_channel_number(Field& field, const StunPart& part);      // RFC 8656 section 18.1
void describe_data(Field& field, const StunPart& part);                // RFC 8656 section 18.4
void describe_family(Field& field, const StunPart& part);              // RFC 8656 18.6, 18.11
void describe_even_port(Field& field, const StunPart& part);           // RFC 8656 section 18.7
void describe_transport(Field& field, const StunPart& part);           // RFC 8656 section 18.8
void describe_address_error_code(Field& field, const StunPart& part);  // RFC 8656 section 18.12
void describe_icmp(Field& field, const StunPart& part);                // RFC 8656 section 18.13
void describe_mobility_ticket(Field& field, const StunPart& part);     // RFC 8016 section 3

void describe_change_request(Field& field, const StunPart& part);    // RFC 5780 section 7.2
void describe_response_port(Field& field, const StunPart& part);     // RFC 5780 section 7.5
void describe_transmit_counter(Field& field, const StunPart& part);  // RFC 7982 section 3
void describe_ecn_check(Field& field, const StunPart& part);         // RFC 6679 section 7.2.2
void describe_priority(Field& field, const StunPart& part);          // RFC 8445 section 5.1.2.1

// What Google's stack adds; libwebrtc is their only definition.
void describe_network_info(Field& field, const StunPart& part);
void describe_misc_info(Field& field, const StunPart& part);
void describe_dtls_in_stun(Field& field, const StunPart& part);          // draft-hancke-webrtc-sped
void describe_dtls_acknowledgement(Field& field, const StunPart& part);  // draft-hancke-webrtc-sped

}  // namespace parley::analyzer
