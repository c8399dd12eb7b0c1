#include "stack/base/address.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>

namespace parley {
namespace {

bool starts_with_bits(Bytes bytes, Bytes prefix, unsigned bits) {
  const std::size_t whole = bits / 8;
  if (!std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                  prefix.begin()))
    return false;
  const unsigned rest = bits % 8;
  if (rest == 0)
    return true;
  const auto mask = static_cast<std::byte>(0xffU << (8U - rest));
  return (bytes[whole] & mask) == (prefix[whole] & mask);
}

AddressClass classify_v4(std::uint32_t a) {
  const auto in = [a](std::uint32_t prefix, unsigned length) {
    return (a >> (32U - length)) == (prefix >> (32U - length));
  };
  if (a == 0)
    return AddressClass::Unspecified;
  if (a == 0xffffffffU)
    return AddressClass::Broadcast;
  if (in(0x7f000000U, 8))
    return AddressClass::Loopback;
  if (in(0xa9fe0000U, 16))
    return AddressClass::LinkLocal;
  if (in(0x0a000000U, 8) || in(0xac100000U, 12) || in(0xc0a80000U, 16))
    return AddressClass::Private;
  if (in(0x64400000U, 10))
    return AddressClass::CarrierNat;
  if (in(0xe0000000U, 4))
    return AddressClass::Multicast;
  return AddressClass::Global;
}

AddressClass classify_v6(Bytes b) {
  const auto first = std::to_integer<unsigned>(b[0]);
  const auto second = std::to_integer<unsigned>(b[1]);
  const bool zeros =
      std::all_of(b.begin(), b.end() - 1, [](std::byte x) { return x == std::byte{0}; });
  if (zeros && b[15] == std::byte{0})
    return AddressClass::Unspecified;
  if (zeros && b[15] == std::byte{1})
    return AddressClass::Loopback;
  if (first == 0xffU)
    return AddressClass::Multicast;
  if (first == 0xfeU && (second & 0xc0U) == 0x80U)
    return AddressClass::LinkLocal;
  if ((first & 0xfeU) == 0xfcU)
    return AddressClass::Private;
  return AddressClass::Global;
}

std::size_t mix(std::size_t seed, std::uint64_t value) {
  // The finalizer of SplitMix64: cheap, and no bit of the input is lost.
  std::uint64_t z = seed + 0x9e3779b97f4a7c15ULL + value;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return static_cast<std::size_t>(z ^ (z >> 31U));
}

}  // namespace

IpAddress IpAddress::v4(std::uint32_t host_order) {
  IpAddress a;
  a.family_ = AddressFamily::V4;
  for (unsigned i = 0; i < 4; ++i)
    a.octets_[i] = static_cast<std::byte>(host_order >> (24U - 8U * i));
  return a;
}

IpAddress IpAddress::v4(std::span<const std::byte, 4> network_order) {
  return v4(load_u32(network_order.data()));
}

IpAddress IpAddress::v6(std::span<const std::byte, 16> network_order) {
  IpAddress a;
  a.family_ = AddressFamily::V6;
  std::copy(network_order.begin(), network_order.end(), a.octets_.begin());
  return a;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  // Longer than any textual address: refuse before copying.
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  const std::string terminated{text};
  std::array<std::byte, 16> raw{};
  if (inet_pton(AF_INET, terminated.c_str(), raw.data()) == 1)
    return v4(load_u32(raw.data()));
  if (inet_pton(AF_INET6, terminated.c_str(), raw.data()) == 1)
    return v6(raw);
  return std::nullopt;
}

Bytes IpAddress::bytes() const {
  switch (family_) {
    case AddressFamily::V4:
      return Bytes(octets_).first(4);
    case AddressFamily::V6:
      return Bytes(octets_);
    case AddressFamily::None:
      break;
  }
  return {};
}

std::uint32_t IpAddress::v4_host_order() const {
  return is_v4() ? load_u32(octets_.data()) : 0;
}

AddressClass IpAddress::classify() const {
  switch (family_) {
    case AddressFamily::V4:
      return classify_v4(v4_host_order());
    case AddressFamily::V6:
      return classify_v6(bytes());
    case AddressFamily::None:
      break;
  }
  return AddressClass::Unspecified;
}

bool IpAddress::in_prefix(const IpAddress& prefix, unsigned prefix_length) const {
  return family_ != AddressFamily::None && family_ == prefix.family_ &&
         prefix_length <= bytes().size() * 8 &&
         starts_with_bits(bytes(), prefix.bytes(), prefix_length);
}

std::string to_string(const IpAddress& address) {
  if (address.family() == AddressFamily::None)
    return "?";
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(address.is_v4() ? AF_INET : AF_INET6, address.bytes().data(), text.data(), text.size());
  return text.data();
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return std::nullopt;
  std::uint16_t port = 0;
  const char* end = port_text.data() + port_text.size();
  const auto [stop, error] = std::from_chars(port_text.data(), end, port);
  const std::optional<IpAddress> address = IpAddress::parse(host);
  if (!address || error != std::errc{} || stop != end || port_text.empty())
    return std::nullopt;
  return Endpoint{*address, port};
}

std::string to_string(const Endpoint& endpoint) {
  const std::string host = to_string(endpoint.address);
  const std::string port = std::to_string(endpoint.port);
  return endpoint.address.is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

}  // namespace parley

std::size_t std::hash<parley::IpAddress>::operator()(
    const parley::IpAddress& address) const noexcept {
  std::size_t h = static_cast<std::size_t>(address.family());
  const parley::Bytes b = address.bytes();
  if (b.size() == 4)
    return parley::mix(h, parley::load_u32(b.data()));
  if (b.size() == 16)
    h = parley::mix(parley::mix(h, parley::load_u64(b.data())), parley::load_u64(b.data() + 8));
  return h;
}

std::size_t std::hash<parley::Endpoint>::operator()(
    const parley::Endpoint& endpoint) const noexcept {
  return parley::mix(std::hash<parley::IpAddress>{}(endpoint.address), endpoint.port);
}
