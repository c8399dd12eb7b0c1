#include "sim/packet_content.h"

#include "stack/wire/demux.h"
#include "stack/wire/dtls.h"
#include "stack/wire/stun.h"

namespace parley::sim {
namespace {

PacketContent stun_content(Bytes payload) {
  const Result<stun::MessageView> message = stun::MessageView::decode(payload);
  if (!message)
    return {};
  PacketContent content;
  content.what = stun::method_name(message->method()) + " " +
                 std::string(stun::class_name(message->message_class()));
  if (message->has(stun::Attribute::UseCandidate))
    content.what += " with USE-CANDIDATE";
  content.transaction = stun::to_string(message->transaction_id());
  return content;
}

// The first message names the flight.
std::string dtls_content(Bytes payload) {
  const Result<dtls::RecordView> record = dtls::decode_record(payload);
  if (!record)
    return {};
  if (!record->in_clear())
    return "DTLS record";
  if (record->type == dtls::ContentType::ChangeCipherSpec)
    return "DTLS ChangeCipherSpec";  // as flights name it, not as IANA does
  if (record->type != dtls::ContentType::Handshake)
    return "DTLS " + dtls::content_type_name(record->type);
  const dtls::HandshakeFragments list = dtls::decode_handshake_fragments(record->fragment, 0);
  return list.fragments.empty() ? "DTLS handshake"
                                : "DTLS " + dtls::handshake_type_name(list.fragments.front().type);
}

}  // namespace

PacketContent content_of(Bytes payload) {
  switch (classify_first_byte(payload)) {
    case PayloadClass::Stun:
      return stun_content(payload);
    case PayloadClass::Dtls:
      return {dtls_content(payload), {}};
    case PayloadClass::Rtp:
      return {"RTP", {}};
    case PayloadClass::Rtcp:
      return {"RTCP", {}};
    case PayloadClass::Unknown:
    case PayloadClass::Zrtp:
    case PayloadClass::ChannelData:
    case PayloadClass::Quic:
      break;
  }
  return {};
}

}  // namespace parley::sim
