#pragma once

// The headers below a payload as fields: IP and UDP, TCP or ICMP, with byte ranges in the frame.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/dissect/field.h"
#include "stack/base/bytes.h"

namespace parley::analyzer {

// One field for the link header, one for each header behind it. `network_offset` is where the IP
// header begins (FrameDecoder::network_offset()).
std::vector<Field> dissect_frame(Bytes frame, std::size_t network_offset);

// The names of the flags that are set, as in "SYN ACK".
std::string tcp_flag_names(std::uint8_t flags);

}  // namespace parley::analyzer
