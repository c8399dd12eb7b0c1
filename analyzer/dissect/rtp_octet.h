#pragma once

// The first octet that RTP and RTCP share (RFC 3550 sections 5.1 and 6.4.1), and how both show a
// synchronization source.

#include <optional>

#include "analyzer/dissect/field.h"
#include "analyzer/dissect/field_reader.h"

namespace parley::analyzer {

// Adds Version and Padding; what the other five bits mean is the caller's. Empty: the octet is not
// there.
std::optional<std::uint8_t> dissect_first_octet(Field& to, FieldReader& reader);
// "0x0001e240"
std::string ssrc_text(std::uint64_t ssrc);
std::uint64_t dissect_ssrc(Field& to, FieldReader& reader, std::string_view name);

}  // namespace parley::analyzer
