#pragma once

// What the attributes of a WebRTC description say: ICE (RFC 8839, 6544, 8840), DTLS (RFC 8842,
// 8122), RTP (RFC 8866, 4585, 8285, 5576, 8830, 8851, 8853, 9143, 5761) and SCTP (RFC 8841). One
// decode() for each value, one function that writes it. Views borrow the text; an error's offset
// counts from the start of the description.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stack/base/address.h"
#include "stack/base/bytes.h"
#include "stack/base/result.h"
#include "stack/wire/sdp.h"

namespace parley::sdp {

// The value of an attribute and where it stands; an absent value reads as an empty one.
struct Value {
  std::string_view text;
  std::uint32_t offset = 0;

  Value() = default;
  // NOLINTBEGIN(google-explicit-constructor): every decode() takes text and attributes alike
  Value(std::string_view value, std::uint32_t at = 0) : text(value), offset(at) {}
  Value(const Attribute& attribute)
      : text(attribute.value.value_or(std::string_view())), offset(attribute.value_offset) {}
  // NOLINTEND(google-explicit-constructor)

  // Of a piece of `text`, counted like `offset`.
  std::uint32_t offset_of(std::string_view part) const {
    return offset + static_cast<std::uint32_t>(part.data() - text.data());
  }
};

// a=candidate (RFC 8839 section 5.1).
struct Candidate {
  std::string_view foundation;  // 1 to 32 ice-chars
  std::uint16_t component = 1;  // 1 to 256
  std::string_view transport;   // "udp", "tcp"; compared without case
  std::uint32_t priority = 0;
  std::string_view address;     // an IP address or a name, as of mDNS ("….local")
  std::optional<IpAddress> ip;  // nullopt for a name
  std::uint16_t port = 0;       // 9 for an active TCP candidate (RFC 6544 section 4.5)
  std::string_view type;        // "host", "srflx", "prflx", "relay"
  std::string_view related_address;
  std::optional<std::uint16_t> related_port;
  std::string_view tcp_type;  // RFC 6544: "active", "passive", "so"; empty for UDP
  // What follows in pairs of name and value: "generation 0", "ufrag EsAw", "network-cost 999".
  std::vector<std::pair<std::string_view, std::string_view>> extensions;

  // The value after "candidate:"; `text` may also begin with "candidate:" or "a=candidate:", as
  // applications pass it on.
  static Result<Candidate> decode(Value value);
  std::optional<std::string_view> extension(std::string_view name) const;
  bool is_mdns() const;  // draft-ietf-mmusic-mdns-ice-candidates
};
std::string to_value(const Candidate& candidate);

// a=fingerprint (RFC 8122 section 5).
struct Fingerprint {
  std::string algorithm;  // in small letters: "sha-256"
  std::vector<std::uint8_t> digest;

  static Result<Fingerprint> decode(Value value);
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};
std::string to_value(const Fingerprint& fingerprint);
// "8A:3E:…"
std::string digest_text(const Fingerprint& fingerprint);

// a=setup (RFC 4145 section 4; RFC 8842 section 5).
enum class Setup : std::uint8_t { Active, Passive, ActPass, HoldConn };
Result<Setup> decode_setup(Value value);
std::string_view to_string(Setup setup);

// a=sendrecv and its kin (RFC 8866 section 6.7); a section without one is sendrecv.
enum class MediaDirection : std::uint8_t { SendReceive, SendOnly, ReceiveOnly, Inactive };
MediaDirection direction_of(const Section& media, const Section& session);
std::string_view to_string(MediaDirection direction);

// a=rtpmap:111 opus/48000/2 (RFC 8866 section 6.6).
struct RtpMap {
  std::uint8_t payload_type = 0;
  std::string_view encoding;
  std::uint32_t clock_rate = 0;          // Hz
  std::optional<std::uint8_t> channels;  // audio only

  static Result<RtpMap> decode(Value value);
};

// a=fmtp:97 apt=96 (RFC 8866 section 6.15).
struct FormatParameters {
  std::string_view format;
  std::string_view parameters;

  static Result<FormatParameters> decode(Value value);
  // Of "name=value" between semicolons; the name is compared without case.
  std::optional<std::string_view> parameter(std::string_view name) const;
};

// a=rtcp-fb:96 nack pli (RFC 4585 section 4.2).
struct RtcpFeedback {
  std::optional<std::uint8_t> payload_type;  // nullopt: "*", all of the section
  std::string_view type;                     // "nack", "ccm", "transport-cc", "goog-remb"
  std::string_view parameter;                // "pli", "fir"

  static Result<RtcpFeedback> decode(Value value);
};

// a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid (RFC 8285 section 5).
struct ExtensionMap {
  std::uint16_t id = 0;        // 1 to 14, with two-byte headers 1 to 255; 4096 to 4351 in offers
  std::string_view direction;  // "sendonly", ...; mostly empty
  std::string_view uri;
  std::string_view attributes;

  static Result<ExtensionMap> decode(Value value);
};

// a=group:BUNDLE 0 1 2 (RFC 5888, RFC 9143).
struct Group {
  std::string_view semantics;
  std::vector<std::string_view> mids;

  static Result<Group> decode(Value value);
};

// a=ssrc:2490451315 cname:bCOVFGr7MP (RFC 5576 section 4.1).
struct SsrcAttribute {
  std::uint32_t ssrc = 0;
  std::string_view name;
  std::optional<std::string_view> value;

  static Result<SsrcAttribute> decode(Value value);
};

// a=ssrc-group:FID 3460543126 793677501 (RFC 5576 section 4.2).
struct SsrcGroup {
  std::string_view semantics;  // "FID": a stream and its retransmissions; "SIM", "FEC-FR"
  std::vector<std::uint32_t> ssrcs;

  static Result<SsrcGroup> decode(Value value);
};

// a=msid:STREAM TRACK (RFC 8830 section 2).
struct Msid {
  std::string_view stream;  // "-": no stream
  std::string_view track;   // may be empty

  static Result<Msid> decode(Value value);
};

// a=rid:hi send pt=96;max-width=1280 (RFC 8851 section 4).
struct Rid {
  std::string_view id;
  bool send = true;
  std::vector<std::uint8_t> payload_types;
  std::vector<std::pair<std::string_view, std::string_view>> restrictions;  // without pt=

  static Result<Rid> decode(Value value);
};

// a=simulcast:send hi;mid,lo recv ~q (RFC 8853 section 5.1).
struct Simulcast {
  struct Choice {
    std::string_view rid;
    bool paused = false;  // "~"
  };
  using Streams = std::vector<std::vector<Choice>>;  // streams of alternatives
  Streams send, receive;

  static Result<Simulcast> decode(Value value);
};

// a=rtcp:9 IN IP4 0.0.0.0 (RFC 3605 section 2.1).
struct RtcpAddress {
  std::uint16_t port = 0;
  std::string_view address;  // empty: that of the media

  static Result<RtcpAddress> decode(Value value);
};

// a=ice-ufrag and a=ice-pwd: length and alphabet (RFC 8839 section 5.4).
Result<std::string_view> decode_ice_ufrag(Value value);
Result<std::string_view> decode_ice_password(Value value);

// a=sctp-port (RFC 8841 section 5) and a=max-message-size (section 6; 0: no limit).
Result<std::uint16_t> decode_sctp_port(Value value);
Result<std::uint64_t> decode_max_message_size(Value value);

// a=sctpmap:5000 webrtc-datachannel 1024, of drafts before RFC 8841.
struct SctpMap {
  std::uint16_t port = 0;
  std::string_view protocol;
  std::optional<std::uint32_t> streams;

  static Result<SctpMap> decode(Value value);
};

// a=sctp-init: an INIT chunk in base64 (draft-hancke-tsvwg-snap); what it holds is SCTP's.
Result<ByteBuffer> decode_sctp_init(Value value);

}  // namespace parley::sdp
