#pragma once

// The names that output gives to the link-layer types that are read.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "analyzer/link.h"

namespace parley::analyzer {

inline constexpr auto kLinkTypeNames = std::to_array<std::pair<std::uint16_t, std::string_view>>({
    {link_type::kNull, "null"},
    {link_type::kEthernet, "ethernet"},
    {link_type::kPpp, "ppp"},
    {link_type::kRawBsd, "raw-ip"},
    {link_type::kRawOpenBsd, "raw-ip"},
    {link_type::kPppHdlc, "ppp-hdlc"},
    {link_type::kPppEther, "pppoe"},
    {link_type::kRaw, "raw-ip"},
    {link_type::kLoop, "loopback"},
    {link_type::kLinuxSll, "linux-sll"},
    {link_type::kIpv4, "ipv4"},
    {link_type::kIpv6, "ipv6"},
    {link_type::kLinuxSll2, "linux-sll2"},
});

// "ethernet"; "linktype-147" for what is not read.
inline std::string link_type_name(std::uint16_t type) {
  for (const auto& [known, name] : kLinkTypeNames)
    if (known == type)
      return std::string(name);
  return "linktype-" + std::to_string(type);
}

}  // namespace parley::analyzer
