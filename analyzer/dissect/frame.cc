#include "analyzer/dissect/frame.h"

#include "analyzer/dissect/frame_fields.h"

namespace parley::analyzer {

std::vector<Field> dissect_frame(Bytes frame, std::uint16_t link_type, std::size_t missing) {
  std::vector<Field> fields;
  FieldReader reader(frame, 0, missing);
  const Network network = dissect_link(fields, reader, link_type);
  const std::size_t offset = reader.offset();
  if (!reader.ok())
    return fields;
  switch (network) {
    case Network::Ip:
      dissect_ip(fields, frame.subspan(offset), offset, missing);
      break;
    case Network::Arp:
      dissect_arp(fields, reader);
      break;
    case Network::Other:
      if (reader.remaining() > 0)
        fields.push_back(
            make_field("Data", short_hex(frame.subspan(offset)), offset, frame.size() - offset));
      break;
  }
  return fields;
}

std::vector<Field> dissect_reassembled(const Reassembled& datagram) {
  std::vector<Field> fields;
  dissect_transport(fields, datagram.payload,
                    {datagram.source, datagram.destination, datagram.protocol, 0, 0, true});
  return fields;
}

}  // namespace parley::analyzer
