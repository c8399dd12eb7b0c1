#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "analyzer/report/layout.h"
#include "analyzer/report/sections.h"
#include "stack/base/bytes.h"

namespace parley::analyzer {
namespace {

constexpr std::size_t kUfrags = 3;
constexpr std::size_t kAddresses = 2;
constexpr std::size_t kMappings = 6;

// A side may have several username fragments at once, one for each media section without BUNDLE;
// only those of a later generation are an ICE restart (RFC 8445 9). Those whose order is not known
// stand side by side, too.
std::string ufrags_text(const Peer& peer, const Page& page) {
  std::string text;
  const std::size_t shown = page.shown(peer.ufrags.size(), kUfrags);
  for (std::size_t i = 0; i < shown;) {
    std::vector<std::string> generation;
    const std::size_t first = i;
    for (; i < shown && peer.ufrags[i].generation == peer.ufrags[first].generation; ++i)
      generation.push_back(printable(peer.ufrags[i].ufrag));
    text += (first == 0 ? "" : ", then ") + listed(generation, generation.size());
  }
  if (peer.ufrags.size() > shown)
    text += fmt::format(" and {} more", peer.ufrags.size() - shown);
  return text;
}

// Capture points at which the direct checks of `side` were seen first on their way.
std::set<PointId> nearest_points(const Call& call, Side side) {
  std::set<PointId> points;
  for (const Transport& transport : call.transports)
    for (const Pair& pair : transport.pairs)
      if (pair.agent == side && pair.requests > 0 && !pair.through_turn && pair.point())
        points.insert(*pair.point());
  return points;
}

// Where one of several points lies.
std::string seen_first_at(PointId point, const Analysis& analysis, const Page& page) {
  for (const Capture& capture : analysis.captures)
    for (const CapturePoint& known : capture.points)
      if (known.id == point && !known.name.empty())
        return "seen first at " + page.cite.place(point);
  return "seen first in " + page.cite.place(point);
}

// Where this side was captured, as far as it shows.
std::string place_text(const Call& call, Side side, const Analysis& analysis, const Page& page) {
  if (call.from_run || analysis.captures.empty())
    return {};
  if (call.points.size() > 1) {
    const std::set<PointId> own = nearest_points(call, side);
    return own.size() != 1 || nearest_points(call, other(side)) == own
               ? std::string()
               : seen_first_at(*own.begin(), analysis, page);
  }
  if (call.traffic.size() != 1 || call.traffic.front().beside != side)
    return {};
  const std::uint32_t file = call.captures.empty() ? 0 : call.captures.front();
  const bool named = file < analysis.captures.size() &&
                     analysis.captures[file].interfaces.size() == 1 &&
                     !analysis.captures[file].interfaces[0].name.empty();
  return std::string(call.traffic.front().beside_inferred ? "probably " : "") +
         "captured on its side" +
         (named ? fmt::format(" (at {})", printable(analysis.captures[file].interfaces[0].name))
                : std::string());
}

std::string peer_text(const Call& call, Side side, const Analysis& analysis, const Page& page) {
  const Peer& peer = call.peers[index_of(side)];
  std::string text = std::string(to_string(side)) + " = ";
  const std::string ufrags = ufrags_text(peer, page);
  if (peer.name)
    text += printable(*peer.name) + (ufrags.empty() ? "" : " ");
  else if (ufrags.empty())
    text += "?";
  text += ufrags;
  std::vector<std::string> addresses;
  for (const IpAddress& address : peer.addresses)
    addresses.push_back(to_string(address));
  if (!addresses.empty())
    text += ", " + listed(addresses, page.shown(addresses.size(), kAddresses));
  const std::string place = place_text(call, side, analysis, page);
  return text + (place.empty() ? "" : ", " + place);
}

// Several ports of one host are one destination for most NATs: they do not tell them apart.
std::string unknown_destinations(const Nat& nat) {
  const IpAddress& host = nat.mappings.front().destination.address;
  const bool one_host =
      std::all_of(nat.mappings.begin(), nat.mappings.end(),
                  [&](const NatMapping& m) { return m.destination.address == host; });
  return one_host && nat.mappings.size() > 1
             ? fmt::format("all seen by {}: what other hosts see is not known", to_string(host))
             : "what other destinations see is not known";
}

// "keeps the port, the same for every destination seen (endpoint-independent mapping)".
std::string nat_words(const Nat& nat) {
  std::string text;
  if (nat.ports)
    text = *nat.ports == "preserving" ? "keeps the port" : "changes the port";
  if (!nat.mapping) {
    text += (text.empty() ? "gives the outside address above; " : "; ") + unknown_destinations(nat);
  } else if (*nat.mapping == "endpoint-independent") {
    text += text.empty() ? "gives every destination seen the same port"
                         : ", the same for every destination seen";
    text += " (endpoint-independent mapping)";
  } else {
    const bool one_address =
        std::all_of(nat.mappings.begin(), nat.mappings.end(), [&](const NatMapping& m) {
          return m.outside.address == nat.mappings.front().outside.address;
        });
    text = fmt::format("gives each destination another {} ({} mapping)",
                       one_address ? "port" : "address or port", *nat.mapping);
  }
  if (nat.filtering)
    text += fmt::format("; {} filtering{}", *nat.filtering,
                        is_inferred(nat.inferred, "filtering") ? " (inferred)" : "");
  return text;
}

// One row for each outside address of a socket, with the destinations that it was used for.
struct NatRow {
  std::string inside, outside;
  std::vector<std::string> destinations;
  std::vector<PacketRef> shown_by;
};

std::vector<NatRow> nat_rows(const Nat& nat) {
  std::vector<NatRow> rows;
  for (const NatMapping& mapping : nat.mappings) {
    const std::string inside = to_string(mapping.inside);
    const std::string outside = to_string(mapping.outside);
    const auto known = std::find_if(rows.begin(), rows.end(), [&](const NatRow& row) {
      return row.inside == inside && row.outside == outside;
    });
    NatRow& row = known != rows.end() ? *known : rows.emplace_back(NatRow{inside, outside, {}, {}});
    row.destinations.push_back(to_string(mapping.destination));
    row.shown_by.push_back(mapping.shown_by);
  }
  return rows;
}

// Adds the rows of a side; how many did not find room.
std::size_t add_rows(const Call& call, Side side, const Page& page, Table& table) {
  constexpr std::size_t kDestinations = 1;
  constexpr std::size_t kPackets = 1;
  const std::vector<NatRow> rows = nat_rows(call.peers[index_of(side)].nat);
  const std::size_t shown = page.shown(rows.size(), kMappings);
  for (std::size_t i = 0; i < shown; ++i) {
    const NatRow& row = rows[i];
    const bool again = i > 0 && row.inside == rows[i - 1].inside;
    const std::size_t count = row.destinations.size();
    table.add_row({i == 0 ? std::string(to_string(side)) : std::string(),
                   again ? std::string() : row.inside, row.outside,
                   listed(row.destinations, page.shown(count, kDestinations)),
                   page.cite.list(row.shown_by, page.shown(count, kPackets))});
  }
  return rows.size() - shown;
}

}  // namespace

std::string peers_line(const Call& call, const Analysis& analysis, const Page& page) {
  constexpr std::size_t kIndent = 9;
  const std::string indent(kIndent, ' ');
  const std::string a = peer_text(call, Side::A, analysis, page);
  const std::string b = peer_text(call, Side::B, analysis, page);
  const std::size_t together = kIndent + display_width(a) + 3 + display_width(b);
  if (together <= page.options.width)
    return indent + a + "   " + b + "\n";
  return paragraph(indent, a, kIndent + 4, page.options.width) +
         paragraph(indent, b, kIndent + 4, page.options.width);
}

std::string nat_section(const Call& call, const Page& page) {
  constexpr std::size_t kIndent = 3;
  constexpr std::size_t kHang = kIndent + 3;
  Table table({{"", false, 0},
               {"inside", false, 0},
               {"leaves as", false, 0},
               {"to", false, 0},
               {"shown by", false, 1}});
  const std::size_t left_out =
      add_rows(call, Side::A, page, table) + add_rows(call, Side::B, page, table);
  if (table.empty())
    return {};
  std::string out = "\n" + painted("NAT", Paint::Bold, page.options.color) + "\n" +
                    page.table(table, kIndent) + page.rest(kHang, left_out);
  for (const Side side : {Side::A, Side::B})
    if (const Nat& nat = call.peers[index_of(side)].nat; !nat.mappings.empty())
      out += paragraph(fmt::format("{:{}}{}'s NAT ", "", kHang, to_string(side)), nat_words(nat),
                       kHang, page.options.width);
  return out;
}

}  // namespace parley::analyzer
