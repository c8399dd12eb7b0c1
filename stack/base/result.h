#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace parley {

enum class WireFault : std::uint8_t {
  Truncated,    // the bytes end before the field does
  BadMagic,     // a constant that names the protocol is not there
  BadLength,    // a length contradicts the bytes around it
  BadValue,     // a value the standard does not allow
  BadChecksum,  // a checksum or an integrity code does not fit
  Unsupported   // well formed, but not something this decoder knows
};

std::string_view to_string(WireFault fault);

// Why a decoder stopped and where. `offset` counts bytes from the start of the buffer that the
// outermost decoder was given (usually the datagram), so that a report can point at the byte.
struct WireError {
  WireFault fault = WireFault::Truncated;
  std::uint32_t offset = 0;
  std::string_view field;  // what was expected there; always a string literal

  friend bool operator==(const WireError&, const WireError&) = default;
};

// "truncated at byte 12: transaction id"
std::string to_string(const WireError& error);

template <class T, class E = WireError>
using Result = tl::expected<T, E>;

inline tl::unexpected<WireError> wire_error(WireFault fault, std::size_t offset,
                                            std::string_view field) {
  return tl::unexpected<WireError>(WireError{fault, static_cast<std::uint32_t>(offset), field});
}

}  // namespace parley
