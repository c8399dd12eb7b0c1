// The small text formats: hexadecimal, addresses, key logs, candidate lines, expectations.

#include <cstdint>
#include <string_view>

#include "fuzz/check.h"
#include "sim/expectation.h"
#include "stack/base/address.h"
#include "stack/crypto/keylog.h"
#include "stack/session/signaling.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using parley::fuzz::require;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto bytes = parley::parse_hex(text))
    require(parley::parse_hex(parley::to_hex(*bytes)) == bytes);
  if (const auto endpoint = parley::Endpoint::parse(text))
    require(parley::Endpoint::parse(to_string(*endpoint)) == endpoint);
  for (const char c : parley::printable(text))
    require(static_cast<unsigned char>(c) >= 0x20);
  (void)parley::crypto::parse_keylog(text);
  (void)parley::session::parse_candidate_line(text);
  const auto expectation = parley::sim::parse_expectation(text);
  require(expectation.has_value() || expectation.error().offset <= size);
  return 0;
}
