#pragma once

// The parts of dissect_rtcp(): what stands behind the first four octets of a packet of each type.
// Every function reads a body without its padding, and leaves to its caller what it does not read.

#include "analyzer/dissect/field.h"
#include "analyzer/dissect/field_reader.h"

namespace parley::analyzer {

// Packet types 200 to 204
void dissect_rtcp_report(Field& to, FieldReader& reader, std::uint8_t type, std::uint8_t count);
// Packet types 205 and 206
void dissect_rtcp_feedback(Field& to, FieldReader& reader, std::uint8_t type, std::uint8_t format);
// Packet type 207
void dissect_rtcp_xr(Field& to, FieldReader& reader);

// Ends a field whose parts are read: its range reaches to where the reader stands now.
void close_field(Field& to, Field&& field, const FieldReader& reader);
// The date and the two halves of an NTP timestamp.
std::string ntp_text(std::uint64_t ntp);
// "0x00054000 (5.250 s)": units of 1/65536 s.
std::string short_time_text(std::uint64_t units);

}  // namespace parley::analyzer
