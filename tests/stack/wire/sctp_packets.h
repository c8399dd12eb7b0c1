#pragma once

// SCTP packets made with the codec's own builder, for tests of the codec and of what reads it.

#include <string_view>
#include <vector>

#include "stack/wire/dcep.h"
#include "stack/wire/sctp_chunks.h"

namespace parley::test {

inline sctp::Data data_chunk(std::uint32_t tsn, std::uint16_t stream, std::uint16_t ssn,
                             std::uint32_t ppid, std::string_view payload) {
  sctp::Data data;
  data.beginning = data.ending = true;
  data.tsn = tsn;
  data.stream = stream;
  data.sequence = ssn;
  data.ppid = ppid;
  data.payload = as_bytes(payload);
  return data;
}

inline ByteBuffer every_init_parameter() {
  using sctp::ChunkType;
  using sctp::ParameterType;
  ByteBuffer parameters;
  sctp::TlvBuilder(parameters)
      .add(ParameterType::StateCookie, as_bytes("cookie"))
      .supported_extensions({ChunkType::Reconfig, ChunkType::ForwardTsn, ChunkType::IData})
      .number(ParameterType::ZeroChecksumAcceptable, sctp::kErrorDetectionByDtls)
      .number(ParameterType::CookiePreservative, 1000)
      .number(ParameterType::AdaptationLayerIndication, 7)
      .add(ParameterType::ForwardTsnSupported, {})
      .add(ParameterType::EcnCapable, {})
      .add(ParameterType::SupportedAddressTypes, parse_hex("00050006").value())
      .address(IpAddress::v4(0xc0000201))
      .address(IpAddress::v6(IpAddress::parse("2001:db8::1")->bytes().first<16>()))
      .add(ParameterType::HostNameAddress, parse_hex("6578616d706c6500").value())
      .add(ParameterType::Random, as_bytes("0123456789"))
      .add(ParameterType::ChunkList, parse_hex("c180").value())
      .add(ParameterType::RequestedHmacAlgorithm, parse_hex("00010003").value())
      .add(ParameterType::UnrecognizedParameter, parse_hex("80ff0005ab").value())
      .add(ParameterType::Padding, parse_hex("0000").value())
      .add(std::uint16_t{0x4abc}, parse_hex("0102").value());
  return parameters;
}

inline ByteBuffer every_cause() {
  ByteBuffer causes;
  sctp::TlvBuilder(causes)
      .add(sctp::CauseCode::InvalidStreamIdentifier, parse_hex("00090000").value())
      .add(sctp::CauseCode::MissingMandatoryParameter, parse_hex("0000000200070005").value())
      .add(sctp::CauseCode::StaleCookie, parse_hex("000003e8").value())
      .add(sctp::CauseCode::OutOfResource, {})
      .add(sctp::CauseCode::UnresolvableAddress, parse_hex("00050008c0000201").value())
      .add(sctp::CauseCode::UnrecognizedChunkType, parse_hex("7f00000401020304").value())
      .add(sctp::CauseCode::InvalidMandatoryParameter, {})
      .add(sctp::CauseCode::UnrecognizedParameters, parse_hex("80ff0005ab000000").value())
      .add(sctp::CauseCode::NoUserData, parse_hex("00000064").value())
      .add(sctp::CauseCode::CookieReceivedWhileShuttingDown, {})
      .add(sctp::CauseCode::RestartWithNewAddresses, parse_hex("00050008c0000201").value())
      .add(sctp::CauseCode::ProtocolViolation, as_bytes("why"))
      .add(sctp::CauseCode::UnsupportedHmac, parse_hex("0003").value())
      .add(std::uint16_t{0x7777}, parse_hex("01").value())
      .add(sctp::CauseCode::UserInitiatedAbort, as_bytes("User-initiated: bye"));
  return causes;
}

// One packet with every chunk and parameter that the codec knows, each with a value that fits.
inline ByteBuffer packet_of_everything() {
  using sctp::ChunkType;
  using sctp::ParameterType;
  ByteBuffer out;
  sctp::PacketBuilder builder(out, {5000, 5001, 0x01020304});
  const ByteBuffer parameters = every_init_parameter();
  sctp::Init init{1, 131072, 65535, 65535, 100, parameters, 0};
  builder.init(ChunkType::Init, init).init(ChunkType::InitAck, init);
  builder.data(data_chunk(100, 1, 0, 51, "hello"));
  dcep::Open open{0x81, 256, 3, "label", "protocol"};
  ByteBuffer open_bytes;
  open.append_to(open_bytes);
  builder.data(data_chunk(101, 3, 0, 50, as_text(open_bytes)));
  ByteBuffer ack;
  dcep::append_ack(ack);
  builder.data(data_chunk(102, 3, 0, 50, as_text(ack)));
  sctp::Data first = data_chunk(103, 5, 0, 53, "first");
  first.interleaved = true;
  first.ending = false;
  first.sequence = 0x10000;
  sctp::Data second = first;
  second.beginning = false;
  second.ending = second.immediate = second.unordered = true;
  second.fragment = 1;
  builder.data(first).data(second);
  builder.sack(99, 1000, {{2, 3}, {5, 5}}, {98});
  builder.heartbeat(ChunkType::Heartbeat, as_bytes("beat"))
      .heartbeat(ChunkType::HeartbeatAck, as_bytes("beat"));
  const ByteBuffer causes = every_cause();
  builder.chunk(ChunkType::Abort, sctp::kReflectedTag, causes).chunk(ChunkType::Error, 0, causes);
  builder.tsn(ChunkType::Shutdown, 99).chunk(ChunkType::ShutdownAck);
  builder.chunk(ChunkType::CookieEcho, 0, as_bytes("cookie")).chunk(ChunkType::CookieAck);
  builder.tsn(ChunkType::Ecne, 5).tsn(ChunkType::Cwr, 5);
  builder.chunk(ChunkType::ShutdownComplete, sctp::kReflectedTag);
  builder.auth({1, 3, as_bytes("0123456789abcdef")});
  ByteBuffer reset;
  sctp::TlvBuilder(reset).outgoing_reset({10, 20, 30, {}}, {1, 3, 5}).incoming_reset(11, {2, 4});
  builder.chunk(ChunkType::Reconfig, 0, reset);
  ByteBuffer answer;
  sctp::TlvBuilder(answer)
      .reconfig_response({20, sctp::ReconfigResult::Performed, {}, {}})
      .reconfig_response({21, sctp::ReconfigResult::Denied, 5U, 6U})
      .add_streams(ParameterType::AddOutgoingStreams, {12, 4})
      .add_streams(ParameterType::AddIncomingStreams, {13, 4})
      .number(ParameterType::SsnTsnResetRequest, 14);
  builder.chunk(ChunkType::Reconfig, 0, answer);
  ByteBuffer addresses;
  sctp::TlvBuilder(addresses)
      .address(IpAddress::v4(0xc0000201))
      .add(ParameterType::AddIpAddress, parse_hex("0000000100050008c0000202").value())
      .add(ParameterType::DeleteIpAddress, parse_hex("0000000200050008c0000202").value())
      .add(ParameterType::SetPrimaryAddress, parse_hex("0000000300050008c0000202").value());
  builder.asconf(ChunkType::Asconf, {77, addresses, 0});
  ByteBuffer outcome;
  sctp::TlvBuilder(outcome)
      .number(ParameterType::SuccessIndication, 1)
      .add(ParameterType::ErrorCauseIndication, parse_hex("0000000200a40004").value());
  builder.asconf(ChunkType::AsconfAck, {77, outcome, 0});
  builder.chunk(ChunkType::Pad, 0, parse_hex("0000000000").value());
  builder.forward_tsn(false, 110, {{1, false, 9}, {3, false, 0xffff}});
  builder.forward_tsn(true, 111, {{1, true, 0x10000}});
  builder.chunk(static_cast<ChunkType>(0x7f), 0x5a, parse_hex("010203").value());
  builder.finish();
  return out;
}

}  // namespace parley::test
