#include <array>

#include <fmt/format.h>

#include "analyzer/dissect/frame_fields.h"
#include "analyzer/link.h"

namespace parley::analyzer {
namespace {

constexpr std::uint64_t kIpv4 = 0x0800;
constexpr std::uint64_t kArp = 0x0806;
constexpr std::uint64_t kIpv6 = 0x86dd;
constexpr std::uint64_t kPppoeSession = 0x8864;
// Values up to this are the length of IEEE 802.3.
constexpr std::uint64_t kMaxLength = 1500;
constexpr unsigned kMaxVlanTags = 8;

std::string mac_text(std::uint64_t mac) {
  std::string text;
  for (unsigned shift = 48; shift > 0; shift -= 8)
    text += fmt::format("{}{:02x}", shift == 48 ? "" : ":", (mac >> (shift - 8)) & 0xffU);
  return text;
}

std::string ether_type_text(std::uint64_t type) {
  struct Row {
    std::uint64_t type;
    std::string_view name;
  };
  constexpr std::array<Row, 10> kRows{{{kIpv4, "IPv4"},
                                       {kArp, "ARP"},
                                       {kIpv6, "IPv6"},
                                       {0x8100, "802.1Q"},
                                       {0x88a8, "802.1ad"},
                                       {0x9100, "VLAN"},
                                       {0x8863, "PPPoE discovery"},
                                       {kPppoeSession, "PPPoE session"},
                                       {0x888e, "802.1X"},
                                       {0x88cc, "LLDP"}}};
  for (const Row& row : kRows)
    if (row.type == type)
      return fmt::format("{} ({:#06x})", row.name, type);
  return fmt::format("{:#06x}", type);
}

std::string hex_text(std::uint64_t value) {
  return fmt::format("{:#x}", value);
}

bool is_vlan(std::uint64_t type) {
  return type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == 0x9200;
}

// RFC 1661 section 6.5 lets the first octet of the protocol out when it is zero.
Network ppp(std::vector<Field>& to, FieldReader& reader) {
  Network network = Network::Other;
  add_header(to, "PPP", reader, [&](Field& field) {
    if (reader.peek(2) == 0xff03U) {
      reader.number(field, "Address", 1, hex_text);
      reader.number(field, "Control", 1, hex_text);
    }
    const bool compressed = (reader.peek(1) & 1U) != 0;
    const std::uint64_t protocol =
        reader.number(field, "Protocol", compressed ? 1 : 2, [](std::uint64_t v) {
          const std::string_view name = v == 0x21 ? "IPv4 " : v == 0x57 ? "IPv6 " : "";
          return fmt::format("{}({:#06x})", name, v);
        });
    if (protocol == 0x21 || protocol == 0x57)
      network = Network::Ip;
  });
  return network;
}

// RFC 2516 section 4
Network pppoe(std::vector<Field>& to, FieldReader& reader) {
  std::uint64_t code = 0;
  add_header(to, "PPPoE", reader, [&](Field& field) {
    const std::size_t at = reader.offset();
    const std::uint64_t first =
        reader.number(field, "Version", 1, [](std::uint64_t v) { return std::to_string(v >> 4U); });
    if (reader.ok())
      field.add("Type", std::to_string(first & 15U), at, 1);
    code = reader.number(field, "Code", 1, hex_text);
    reader.number(field, "Session ID", 2, hex_text);
    reader.number(field, "Length", 2);
  });
  return reader.ok() && code == 0 ? ppp(to, reader) : Network::Other;
}

Network behind_ether_type(std::vector<Field>& to, FieldReader& reader, std::uint64_t type) {
  for (unsigned tags = 0; is_vlan(type) && tags < kMaxVlanTags; ++tags) {
    add_header(to, "VLAN Tag", reader, [&](Field& field) {
      const std::size_t at = reader.offset();
      const std::uint64_t tag = reader.number(
          field, "Priority", 2, [](std::uint64_t v) { return std::to_string(v >> 13U); });
      if (reader.ok()) {
        field.add("Drop Eligible", (tag & 0x1000U) != 0 ? "yes" : "no", at, 2);
        field.add("VLAN ID", std::to_string(tag & 0xfffU), at, 2);
        field.value = fmt::format("VLAN {}", tag & 0xfffU);
      }
      type = reader.number(field, "Type", 2, ether_type_text);
    });
  }
  if (!reader.ok())
    return Network::Other;
  if (type == kPppoeSession)
    return pppoe(to, reader);
  return type == kIpv4 || type == kIpv6 ? Network::Ip
         : type == kArp                 ? Network::Arp
                                        : Network::Other;
}

Network ethernet(std::vector<Field>& to, FieldReader& reader) {
  std::uint64_t type = 0;
  add_header(to, "Ethernet", reader, [&](Field& field) {
    const std::uint64_t destination = reader.number(field, "Destination", 6, mac_text);
    const std::uint64_t source = reader.number(field, "Source", 6, mac_text);
    type = reader.peek(2);
    if (type <= kMaxLength)
      reader.number(field, "Length", 2);
    else
      reader.number(field, "Type", 2, ether_type_text);
    if (reader.ok())
      field.value = fmt::format("{} to {}", mac_text(source), mac_text(destination));
  });
  return behind_ether_type(to, reader, type);
}

std::string packet_type_text(std::uint64_t type) {
  constexpr std::array<std::string_view, 5> kNames{"to this host", "broadcast", "multicast",
                                                   "to another host", "from this host"};
  return type < kNames.size() ? fmt::format("{} ({})", kNames[type], type) : std::to_string(type);
}

void link_address(Field& field, FieldReader& reader, std::uint64_t used) {
  reader.number(field, "Address", 8, [used](std::uint64_t v) {
    return used == 6 ? mac_text(v >> 16U) : fmt::format("{:#018x}", v);
  });
}

// https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html
Network cooked_v1(std::vector<Field>& to, FieldReader& reader) {
  std::uint64_t type = 0;
  add_header(to, "Linux Cooked", reader, [&](Field& field) {
    reader.number(field, "Packet Type", 2, packet_type_text);
    reader.number(field, "Link-Layer Type", 2);
    const std::uint64_t used = reader.number(field, "Address Length", 2);
    link_address(field, reader, used);
    type = reader.number(field, "Protocol", 2, ether_type_text);
    if (reader.ok())
      field.value = field.children.front().value;
  });
  return behind_ether_type(to, reader, type);
}

// https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html
Network cooked_v2(std::vector<Field>& to, FieldReader& reader) {
  std::uint64_t type = 0;
  add_header(to, "Linux Cooked v2", reader, [&](Field& field) {
    type = reader.number(field, "Protocol", 2, ether_type_text);
    reader.number(field, "Reserved", 2);
    const std::uint64_t interface = reader.number(field, "Interface Index", 4);
    reader.number(field, "Link-Layer Type", 2);
    reader.number(field, "Packet Type", 1, packet_type_text);
    const std::uint64_t used = reader.number(field, "Address Length", 1);
    link_address(field, reader, used);
    if (reader.ok())
      field.value = fmt::format("interface {}", interface);
  });
  return behind_ether_type(to, reader, type);
}

// The address family in the byte order of the machine that captured; OpenBSD's in network order.
Network loopback(std::vector<Field>& to, FieldReader& reader) {
  std::uint64_t family = 0;
  add_header(to, "Loopback", reader, [&](Field& field) {
    reader.number(field, "Address Family", 4, [&](std::uint64_t v) {
      family = v > 0xffffU ? __builtin_bswap32(static_cast<std::uint32_t>(v)) : v;
      return std::to_string(family);
    });
  });
  constexpr std::array<std::uint64_t, 6> kIpFamilies{2, 10, 23, 24, 28, 30};
  for (const std::uint64_t ip : kIpFamilies)
    if (family == ip)
      return Network::Ip;
  return Network::Other;
}

std::string ipv4_text(std::uint64_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24U, (address >> 16U) & 0xffU,
                     (address >> 8U) & 0xffU, address & 0xffU);
}

}  // namespace

Network dissect_link(std::vector<Field>& to, FieldReader& reader, std::uint16_t link_type) {
  switch (link_type) {
    case link_type::kEthernet:
      return ethernet(to, reader);
    case link_type::kLinuxSll:
      return cooked_v1(to, reader);
    case link_type::kLinuxSll2:
      return cooked_v2(to, reader);
    case link_type::kNull:
    case link_type::kLoop:
      return loopback(to, reader);
    case link_type::kPpp:
    case link_type::kPppHdlc:
      return ppp(to, reader);
    case link_type::kPppEther:
      return pppoe(to, reader);
    case link_type::kRawBsd:
    case link_type::kRawOpenBsd:
    case link_type::kRaw:
    case link_type::kIpv4:
    case link_type::kIpv6:
      return Network::Ip;
    default:
      return Network::Other;
  }
}

// RFC 826, for Ethernet and IPv4; other sizes stay octets.
void dissect_arp(std::vector<Field>& to, FieldReader& reader) {
  add_header(to, "ARP", reader, [&](Field& field) {
    reader.number(field, "Hardware Type", 2);
    reader.number(field, "Protocol Type", 2, ether_type_text);
    const std::uint64_t hardware = reader.number(field, "Hardware Length", 1);
    const std::uint64_t protocol = reader.number(field, "Protocol Length", 1);
    const std::uint64_t operation = reader.number(field, "Operation", 2, [](std::uint64_t v) {
      return v == 1 ? "request (1)" : v == 2 ? "reply (2)" : std::to_string(v);
    });
    if (hardware != 6 || protocol != 4) {
      reader.octets(field, "Addresses",
                    std::min<std::size_t>(reader.remaining(), 2 * (hardware + protocol)));
      return;
    }
    const std::uint64_t sender = reader.number(field, "Sender Hardware Address", 6, mac_text);
    const std::uint64_t asking = reader.number(field, "Sender Protocol Address", 4, ipv4_text);
    reader.number(field, "Target Hardware Address", 6, mac_text);
    const std::uint64_t wanted = reader.number(field, "Target Protocol Address", 4, ipv4_text);
    if (!reader.ok())
      return;
    if (operation == 2)
      field.value = fmt::format("{} is at {}", ipv4_text(asking), mac_text(sender));
    else if (asking == wanted)
      field.value = fmt::format("{} announces itself at {}", ipv4_text(asking), mac_text(sender));
    else
      field.value = fmt::format("who has {}? tell {}", ipv4_text(wanted), ipv4_text(asking));
  });
}

}  // namespace parley::analyzer
