#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "stack/base/bytes.h"

namespace parley {

enum class AddressFamily : std::uint8_t { None, V4, V6 };

// What an address is for, by the registries of RFC 6890 and RFC 6598.
enum class AddressClass : std::uint8_t {
  Unspecified,
  Loopback,
  LinkLocal,
  Private,     // RFC 1918, RFC 4193 unique local
  CarrierNat,  // 100.64.0.0/10, RFC 6598
  Multicast,
  Broadcast,
  Global  // everything else, documentation prefixes included
};

class IpAddress {
 public:
  constexpr IpAddress() = default;
  static IpAddress v4(std::uint32_t host_order);
  static IpAddress v4(std::span<const std::byte, 4> network_order);
  static IpAddress v6(std::span<const std::byte, 16> network_order);
  // "192.0.2.1", "2001:db8::1" (RFC 4291 text forms); nullopt for anything else.
  static std::optional<IpAddress> parse(std::string_view text);

  AddressFamily family() const { return family_; }
  bool is_v4() const { return family_ == AddressFamily::V4; }
  bool is_v6() const { return family_ == AddressFamily::V6; }
  // 4 or 16 bytes in network order, empty for None.
  Bytes bytes() const;
  std::uint32_t v4_host_order() const;  // 0 unless is_v4()
  AddressClass classify() const;
  // True when the first `prefix_length` bits are equal and the families too.
  bool in_prefix(const IpAddress& prefix, unsigned prefix_length) const;

  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;
  // As words: every captured packet is compared with the flow of the one before it.
  friend constexpr bool operator==(const IpAddress& x, const IpAddress& y) {
    using Words = std::array<std::uint64_t, 2>;
    return x.family_ == y.family_ &&
           std::bit_cast<Words>(x.octets_) == std::bit_cast<Words>(y.octets_);
  }

 private:
  AddressFamily family_ = AddressFamily::None;
  std::array<std::byte, 16> octets_{};
};

// Canonical text: RFC 5952 for IPv6.
std::string to_string(const IpAddress& address);

// A transport address: IP address and port.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  // "192.0.2.1:3478", "[2001:db8::1]:3478".
  static std::optional<Endpoint> parse(std::string_view text);
  friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

std::string to_string(const Endpoint& endpoint);

}  // namespace parley

template <>
struct std::hash<parley::IpAddress> {
  std::size_t operator()(const parley::IpAddress& address) const noexcept;
};
template <>
struct std::hash<parley::Endpoint> {
  std::size_t operator()(const parley::Endpoint& endpoint) const noexcept;
};
