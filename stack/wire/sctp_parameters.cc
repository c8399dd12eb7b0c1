#include "stack/wire/sctp_parameters.h"

#include <algorithm>

namespace parley::sctp {
namespace {

ByteReader reader_of(const Tlv& unit) {
  return ByteReader(unit.value, unit.offset + kTlvHeaderSize);
}

template <class Value>
Result<Value> finish(ByteReader& reader, Value value) {
  if (reader.ok() && reader.remaining() > 0)
    reader.fail(WireFault::BadLength, reader.offset(), "the end of the parameter");
  if (!reader.ok())
    return reader.unexpected();
  return value;
}

NumberList numbers(ByteReader& reader) {
  if (reader.remaining() % 2 != 0)
    reader.fail(WireFault::BadLength, reader.offset(), "numbers of two octets");
  return {reader.rest()};
}

void append_streams(ByteWriter& writer, const std::vector<std::uint16_t>& streams) {
  for (const std::uint16_t stream : streams)
    writer.u16(stream);
}

}  // namespace

TlvList decode_tlvs(Bytes list, std::size_t base) {
  TlvList result;
  TlvWalker walker(list, base, TlvWalker::LastPadding::Optional);
  for (Tlv unit; walker.next(unit);)
    result.units.push_back(unit);
  result.error = walker.error();
  return result;
}

const Tlv* TlvList::find(ParameterType type) const {
  const auto found =
      std::find_if(units.begin(), units.end(), [type](const Tlv& unit) { return is(unit, type); });
  return found == units.end() ? nullptr : &*found;
}

//   |     Re-configuration Request Sequence Number                  |
//   |     Re-configuration Response Sequence Number                 |
//   |                Sender's Last Assigned TSN                     |
//   |  Stream Number 1 (optional)   |    Stream Number 2 (optional) |
Result<OutgoingResetRequest> OutgoingResetRequest::decode(const Parameter& parameter) {
  ByteReader reader = reader_of(parameter);
  OutgoingResetRequest request;
  request.request_sequence = reader.u32("re-configuration request sequence number");
  request.response_sequence = reader.u32("re-configuration response sequence number");
  request.last_assigned_tsn = reader.u32("sender's last assigned TSN");
  request.streams = numbers(reader);
  return finish(reader, request);
}

Result<IncomingResetRequest> IncomingResetRequest::decode(const Parameter& parameter) {
  ByteReader reader = reader_of(parameter);
  IncomingResetRequest request;
  request.request_sequence = reader.u32("re-configuration request sequence number");
  request.streams = numbers(reader);
  return finish(reader, request);
}

Result<SsnTsnResetRequest> SsnTsnResetRequest::decode(const Parameter& parameter) {
  ByteReader reader = reader_of(parameter);
  SsnTsnResetRequest request;
  request.request_sequence = reader.u32("re-configuration request sequence number");
  return finish(reader, request);
}

//   |         Re-configuration Response Sequence Number             |
//   |                            Result                             |
//   |                   Sender's Next TSN (optional)                |
//   |                  Receiver's Next TSN (optional)               |
Result<ReconfigResponse> ReconfigResponse::decode(const Parameter& parameter) {
  ByteReader reader = reader_of(parameter);
  ReconfigResponse response;
  response.response_sequence = reader.u32("re-configuration response sequence number");
  response.result = static_cast<ReconfigResult>(reader.u32("result"));
  if (reader.remaining() > 0) {
    response.sender_next_tsn = reader.u32("sender's next TSN");
    response.receiver_next_tsn = reader.u32("receiver's next TSN");
  }
  return finish(reader, response);
}

Result<AddStreamsRequest> AddStreamsRequest::decode(const Parameter& parameter) {
  ByteReader reader = reader_of(parameter);
  AddStreamsRequest request;
  request.request_sequence = reader.u32("re-configuration request sequence number");
  request.count = reader.u16("number of new streams");
  reader.skip(2, "reserved");
  return finish(reader, request);
}

Result<IpAddress> decode_address(const Parameter& parameter) {
  constexpr std::size_t kV4 = 4;
  constexpr std::size_t kV6 = 16;
  if (is(parameter, ParameterType::Ipv4Address) && parameter.value.size() == kV4)
    return IpAddress::v4(load_u32(parameter.value.data()));
  if (is(parameter, ParameterType::Ipv6Address) && parameter.value.size() == kV6)
    return IpAddress::v6(parameter.value.first<kV6>());
  return wire_error(WireFault::BadLength, parameter.offset + 2, "the length of an address");
}

Result<std::uint32_t> decode_number(const Parameter& parameter) {
  ByteReader reader = reader_of(parameter);
  const std::uint32_t value = reader.u32("a number of 32 bits");
  return finish(reader, value);
}

TlvBuilder& TlvBuilder::add(std::uint16_t head, Bytes value) {
  ByteWriter writer(out_);
  const std::size_t before = out_.size() - start_;
  writer.zeros(padded(before) - before);
  writer.u16(head);
  writer.u16(static_cast<std::uint16_t>(kTlvHeaderSize + value.size()));
  writer.bytes(value);
  return *this;
}

TlvBuilder& TlvBuilder::number(ParameterType type, std::uint32_t value) {
  ByteBuffer octets;
  ByteWriter(octets).u32(value);
  return add(type, octets);
}

TlvBuilder& TlvBuilder::supported_extensions(const std::vector<ChunkType>& types) {
  ByteBuffer octets;
  for (const ChunkType type : types)
    octets.push_back(static_cast<std::byte>(type));
  return add(ParameterType::SupportedExtensions, octets);
}

TlvBuilder& TlvBuilder::address(const IpAddress& address) {
  return add(address.is_v6() ? ParameterType::Ipv6Address : ParameterType::Ipv4Address,
             address.bytes());
}

TlvBuilder& TlvBuilder::outgoing_reset(const OutgoingResetRequest& numbers,
                                       const std::vector<std::uint16_t>& streams) {
  ByteBuffer octets;
  ByteWriter writer(octets);
  writer.u32(numbers.request_sequence);
  writer.u32(numbers.response_sequence);
  writer.u32(numbers.last_assigned_tsn);
  append_streams(writer, streams);
  return add(ParameterType::OutgoingResetRequest, octets);
}

TlvBuilder& TlvBuilder::incoming_reset(std::uint32_t request_sequence,
                                       const std::vector<std::uint16_t>& streams) {
  ByteBuffer octets;
  ByteWriter writer(octets);
  writer.u32(request_sequence);
  append_streams(writer, streams);
  return add(ParameterType::IncomingResetRequest, octets);
}

TlvBuilder& TlvBuilder::reconfig_response(const ReconfigResponse& response) {
  ByteBuffer octets;
  ByteWriter writer(octets);
  writer.u32(response.response_sequence);
  writer.u32(static_cast<std::uint32_t>(response.result));
  if (response.sender_next_tsn && response.receiver_next_tsn) {
    writer.u32(*response.sender_next_tsn);
    writer.u32(*response.receiver_next_tsn);
  }
  return add(ParameterType::ReconfigResponse, octets);
}

TlvBuilder& TlvBuilder::add_streams(ParameterType type, const AddStreamsRequest& request) {
  ByteBuffer octets;
  ByteWriter writer(octets);
  writer.u32(request.request_sequence);
  writer.u16(request.count);
  writer.u16(0);
  return add(type, octets);
}

}  // namespace parley::sctp
