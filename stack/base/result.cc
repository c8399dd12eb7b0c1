#include "stack/base/result.h"

namespace parley {

std::string_view to_string(WireFault fault) {
  switch (fault) {
    case WireFault::Truncated:
      return "truncated";
    case WireFault::BadMagic:
      return "bad magic";
    case WireFault::BadLength:
      return "bad length";
    case WireFault::BadValue:
      return "bad value";
    case WireFault::BadChecksum:
      return "bad checksum";
    case WireFault::Unsupported:
      return "unsupported";
  }
  return "?";
}

std::string to_string(const WireError& error) {
  std::string text{to_string(error.fault)};
  text += " at byte ";
  text += std::to_string(error.offset);
  text += ": ";
  text += error.field;
  return text;
}

}  // namespace parley
