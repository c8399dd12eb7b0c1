#include "stack/wire/sctp_chunks.h"

namespace parley::sctp {
namespace {

ByteReader reader_of(const ChunkView& chunk) {
  return ByteReader(chunk.value, chunk.offset + kTlvHeaderSize);
}

template <class Value>
Result<Value> finish(ByteReader& reader, Value value) {
  if (reader.ok() && reader.remaining() > 0)
    reader.fail(WireFault::BadLength, reader.offset(), "the end of the chunk");
  if (!reader.ok())
    return reader.unexpected();
  return value;
}

// Parameters that follow fixed fields; their list has to be whole.
Bytes parameter_list(ByteReader& reader, std::uint32_t& offset) {
  offset = static_cast<std::uint32_t>(reader.offset());
  const Bytes list = reader.rest();
  TlvWalker walker(list, offset, TlvWalker::LastPadding::Optional);
  Tlv unit;
  while (walker.next(unit)) {
  }
  if (walker.error())
    reader.fail(walker.error()->fault, walker.error()->offset, walker.error()->field);
  return list;
}

std::optional<WireError> check_list(const ChunkView& chunk) {
  TlvWalker walker(chunk.value, chunk.offset + kTlvHeaderSize, TlvWalker::LastPadding::Optional);
  Tlv unit;
  while (walker.next(unit)) {
  }
  return walker.error();
}

template <class Value>
std::optional<WireError> error_of(const Result<Value>& result) {
  return result ? std::nullopt : std::optional(result.error());
}

std::optional<WireError> check_empty(const ChunkView& chunk) {
  if (chunk.value.empty())
    return std::nullopt;
  return WireError{WireFault::BadLength, chunk.offset + 2, "a chunk length of 4"};
}

std::optional<WireError> check_cookie(const ChunkView& chunk) {
  if (!chunk.value.empty())
    return std::nullopt;
  return WireError{WireFault::Truncated, chunk.offset + 4, "the cookie"};
}

}  // namespace

//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |  Type = 0     |  Res  |I|U|B|E|           Length              |
//   |                              TSN                              |
//   |      Stream Identifier S      |   Stream Sequence Number n    |
//   |                  Payload Protocol Identifier                  |
//   |                           User Data                           |
//
//   |  Type = 64    |  Res  |I|U|B|E|       Length = Variable       |
//   |                              TSN                              |
//   |        Stream Identifier      |           Reserved            |
//   |                      Message Identifier                       |
//   |    Payload Protocol Identifier, or Fragment Sequence Number   |
//   |                           User Data                           |
Result<Data> Data::decode(const ChunkView& chunk) {
  ByteReader reader = reader_of(chunk);
  Data data;
  data.interleaved = chunk.type == ChunkType::IData;
  data.immediate = (chunk.flags & kImmediate) != 0;
  data.unordered = (chunk.flags & kUnordered) != 0;
  data.beginning = (chunk.flags & kBeginning) != 0;
  data.ending = (chunk.flags & kEnding) != 0;
  data.tsn = reader.u32("TSN");
  data.stream = reader.u16("stream identifier");
  if (data.interleaved) {
    reader.skip(2, "reserved");
    data.sequence = reader.u32("message identifier");
    const std::uint32_t either = reader.u32("payload protocol identifier or fragment number");
    // RFC 8260 section 2.1: the first fragment has number 0 without saying so.
    (data.beginning ? data.ppid : data.fragment) = either;
  } else {
    data.sequence = reader.u16("stream sequence number");
    data.ppid = reader.u32("payload protocol identifier");
  }
  if (reader.ok() && reader.remaining() == 0)
    reader.fail(WireFault::BadLength, chunk.offset + 2, "user data");
  data.payload = reader.rest();
  return finish(reader, data);
}

//   |                         Initiate Tag                          |
//   |           Advertised Receiver Window Credit (a_rwnd)          |
//   |  Number of Outbound Streams   |   Number of Inbound Streams   |
//   |                          Initial TSN                          |
//   |              Optional/Variable-Length Parameters              |
Result<Init> Init::decode(const ChunkView& chunk) {
  ByteReader reader = reader_of(chunk);
  Init init;
  init.initiate_tag = reader.u32("initiate tag");
  init.a_rwnd = reader.u32("advertised receiver window credit");
  init.outbound_streams = reader.u16("number of outbound streams");
  init.inbound_streams = reader.u16("number of inbound streams");
  init.initial_tsn = reader.u32("initial TSN");
  init.parameters = parameter_list(reader, init.parameters_offset);
  return finish(reader, init);
}

//   |                      Cumulative TSN Ack                       |
//   |          Advertised Receiver Window Credit (a_rwnd)           |
//   | Number of Gap Ack Blocks = N  |  Number of Duplicate TSNs = M |
//   |    Gap Ack Block #1 Start     |     Gap Ack Block #1 End      |
//   |                       Duplicate TSN 1                         |
Result<Sack> Sack::decode(const ChunkView& chunk) {
  ByteReader reader = reader_of(chunk);
  Sack sack;
  sack.cumulative_tsn = reader.u32("cumulative TSN ack");
  sack.a_rwnd = reader.u32("advertised receiver window credit");
  const std::size_t gaps = reader.u16("number of gap ack blocks");
  const std::size_t duplicates = reader.u16("number of duplicate TSNs");
  sack.gaps = reader.bytes(gaps * 4, "gap ack blocks");
  sack.duplicates = reader.bytes(duplicates * 4, "duplicate TSNs");
  return finish(reader, sack);
}

//   |    Heartbeat Info Type = 1    |         HB Info Length        |
//   |                 Sender-Specific Heartbeat Info                |
Result<Bytes> decode_heartbeat(const ChunkView& chunk) {
  TlvWalker walker(chunk.value, chunk.offset + kTlvHeaderSize, TlvWalker::LastPadding::Optional);
  Tlv unit;
  if (!walker.next(unit))
    return walker.error()
               ? tl::unexpected<WireError>(*walker.error())
               : wire_error(WireFault::Truncated, chunk.offset + kTlvHeaderSize, "heartbeat info");
  if (!is(unit, ParameterType::HeartbeatInfo))
    return wire_error(WireFault::BadValue, unit.offset, "heartbeat info");
  return unit.value;
}

Result<std::uint32_t> decode_tsn(const ChunkView& chunk) {
  ByteReader reader = reader_of(chunk);
  const std::uint32_t tsn = reader.u32("TSN");
  return finish(reader, tsn);
}

//   |                     New Cumulative TSN                        |
//   |            Stream             |     Stream Sequence           |
//
//   |       Stream Identifier       |          Reserved           |U|
//   |                       Message Identifier                      |
Result<ForwardTsn> ForwardTsn::decode(const ChunkView& chunk) {
  ByteReader reader = reader_of(chunk);
  ForwardTsn forward;
  forward.interleaved = chunk.type == ChunkType::IForwardTsn;
  forward.new_cumulative_tsn = reader.u32("new cumulative TSN");
  if (reader.remaining() % (forward.interleaved ? 8U : 4U) != 0)
    reader.fail(WireFault::BadLength, chunk.offset + 2, "whole entries of streams");
  forward.entries = reader.rest();
  return finish(reader, forward);
}

ForwardTsn::Stream ForwardTsn::operator[](std::size_t i) const {
  const std::byte* p = entries.data() + i * (interleaved ? 8U : 4U);
  if (!interleaved)
    return {load_u16(p), false, load_u16(p + 2)};
  return {load_u16(p), (load_u16(p + 2) & 1U) != 0, load_u32(p + 4)};
}

Result<Asconf> Asconf::decode(const ChunkView& chunk) {
  ByteReader reader = reader_of(chunk);
  Asconf asconf;
  asconf.serial = reader.u32("serial number");
  asconf.parameters = parameter_list(reader, asconf.parameters_offset);
  if (chunk.type == ChunkType::Asconf && reader.ok() && asconf.parameters.empty())
    reader.fail(WireFault::Truncated, asconf.parameters_offset, "address parameter");
  return finish(reader, asconf);
}

Result<Auth> Auth::decode(const ChunkView& chunk) {
  ByteReader reader = reader_of(chunk);
  Auth auth;
  auth.shared_key = reader.u16("shared key identifier");
  auth.hmac_algorithm = reader.u16("HMAC identifier");
  auth.hmac = reader.rest();
  return finish(reader, auth);
}

std::optional<WireError> check_value(const ChunkView& chunk) {
  switch (chunk.type) {
    case ChunkType::Data:
    case ChunkType::IData:
      return error_of(Data::decode(chunk));
    case ChunkType::Init:
    case ChunkType::InitAck:
      return error_of(Init::decode(chunk));
    case ChunkType::Sack:
      return error_of(Sack::decode(chunk));
    case ChunkType::Heartbeat:
    case ChunkType::HeartbeatAck:
      return error_of(decode_heartbeat(chunk));
    case ChunkType::Abort:
    case ChunkType::Error:
    case ChunkType::Reconfig:
      return check_list(chunk);
    case ChunkType::Shutdown:
    case ChunkType::Ecne:
    case ChunkType::Cwr:
      return error_of(decode_tsn(chunk));
    case ChunkType::ShutdownAck:
    case ChunkType::CookieAck:
    case ChunkType::ShutdownComplete:
      return check_empty(chunk);
    case ChunkType::CookieEcho:
      return check_cookie(chunk);
    case ChunkType::Auth:
      return error_of(Auth::decode(chunk));
    case ChunkType::Asconf:
    case ChunkType::AsconfAck:
      return error_of(Asconf::decode(chunk));
    case ChunkType::ForwardTsn:
    case ChunkType::IForwardTsn:
      return error_of(ForwardTsn::decode(chunk));
    case ChunkType::Pad:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace parley::sctp
