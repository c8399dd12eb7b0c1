#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "analyzer/diagnose/facts.h"
#include "analyzer/model/coverage.h"
#include "analyzer/report/layout.h"
#include "analyzer/report/sections.h"
#include "stack/base/bytes.h"

namespace parley::analyzer {
namespace {

constexpr std::size_t kShown = 10;
constexpr std::string_view kRtt = "RTT ms";
constexpr std::string_view kPackets = "packets";

// The pairs that matter stand first: selected, then answered, then by how often they were tried.
int weight(const Pair& pair) {
  return (pair.selected ? 4 : 0) + (pair.nominated ? 2 : 0) + (pair.responses > 0 ? 1 : 0);
}

// An end of a pair. Where its own pair does not show the type, another end with the same address
// may: as its owner or the other side sees it, so inferred.
std::string end_text(const Candidate& candidate, const Call& call) {
  if (candidate.type || !candidate.address)
    return candidate_text(candidate);
  for (const Transport& transport : call.transports)
    for (const Pair& pair : transport.pairs)
      for (const Candidate* same : {&pair.local, &pair.remote})
        if (same->type && same->address == candidate.address)
          return fmt::format("{}? {}", trace::to_string(*same->type), address_word(candidate));
  return candidate_text(candidate);
}

std::string answered_text(const Pair& pair) {
  if (pair.answers_hidden)
    return "?";
  std::string text = std::to_string(pair.responses);
  // They went past here: whether they came to the agent shows at its own socket.
  if (pair.responses > 0 && is_inferred(pair.inferred, "responses"))
    text += "?";
  for (const ErrorCount& error : pair.errors)
    text += error.count == 1 ? fmt::format("+{}", error.code)
                             : fmt::format("+{}x{}", error.count, error.code);
  return text;
}

// "0.4/0.5/1.3", the median alone, or one number where all are the same.
std::string rtt_text(const Pair& pair, bool range) {
  if (!pair.rtt)
    return {};
  const std::string median = number(pair.rtt->median);
  const std::string least = number(pair.rtt->min);
  const std::string most = number(pair.rtt->max);
  return !range || (least == median && most == median) ? median : least + "/" + median + "/" + most;
}

std::string packets_text(const Pair& pair, const Page& page, bool plain) {
  if (plain && pair.first && pair.last)
    return pair.first == pair.last ? fmt::format("{}", pair.first->packet)
                                   : fmt::format("{}..{}", pair.first->packet, pair.last->packet);
  const std::string range = page.cite.range(pair.first, pair.last);
  return range.size() > 2 ? range.substr(1, range.size() - 2) : std::string();
}

// Of a pair that got no answer, with several captures: the last that shows its checks ("up to
// natA-wan"), or one that shows an answer which did not arrive ("answer at natA-wan").
// Nothing where every capture point that lacks them could not have shown them.
std::string lost_text(const Pair& pair, const Call& call, const Page& page) {
  const bool answered = !pair.answered_elsewhere.empty();
  const std::vector<SeenAt>& seen = answered ? pair.answered_elsewhere : pair.requests_seen_at;
  const Side sender = answered ? other(pair.agent) : pair.agent;
  bool lacking = false;
  bool proven = false;
  for (const HostTraffic& here : call.traffic) {
    if (std::any_of(seen.begin(), seen.end(),
                    [&](const SeenAt& at) { return at.point() == here.point; }))
      continue;
    lacking = true;
    proven = proven || could_show(call, here.point, sender);
  }
  const bool hidden = lacking && !proven;
  if (seen.empty() || hidden)
    return {};
  const std::string name = page.cite.place((answered ? seen.front() : seen.back()).point());
  if (name.empty())
    return {};
  return (answered ? "answer at " : "up to ") + name;
}

std::string result_text(const Pair& pair, const Call& call, const Page& page) {
  if (pair.selected)
    return "selected";
  if (pair.responses > 0)
    return pair.nominated ? "nominated" : "answered";
  if (pair.icmp_errors > 0)
    return fmt::format("ICMP {}x", pair.icmp_errors);
  if (!pair.errors.empty())
    return "refused";
  if (pair.requests == 0)
    return "not checked";
  if (std::string lost = lost_text(pair, call, page); !lost.empty())
    return lost;
  return pair.answers_hidden ? "not known" : "no answer";
}

std::string nomination_text(const Transport& transport, Side side) {
  const Checks checks = checks_of(transport, side);
  const auto& nominates = transport.agents[index_of(side)].nominates;
  if (checks.requests > 0 && checks.use_candidate == checks.requests)
    return first_checks_missing(transport)
               ? "; USE-CANDIDATE in every check seen"
               : "; USE-CANDIDATE in every check (aggressive nomination)";
  if (nominates == trace::Nomination::Aggressive)
    return "; aggressive nomination";
  if (nominates == trace::Nomination::Regular)
    return "; regular nomination";
  return {};
}

bool has_cut_checks(const Transport& transport) {
  return std::any_of(transport.pairs.begin(), transport.pairs.end(),
                     [](const Pair& pair) { return pair.cut_short > 0; });
}

std::string title(const Call& call, const Transport& transport, const Page& page) {
  std::string text;
  const bool first = &transport == &call.transports.front();
  for (const Side side : {Side::A, Side::B}) {
    if (!first)
      continue;
    const auto& role = call.peers[index_of(side)].ice_role;
    if (!role)
      continue;
    text += (text.empty() ? "" : ". ") +
            fmt::format(
                "{} {}{}{}", to_string(side), role_word(*role),
                is_inferred(call.peers[index_of(side)].inferred, "ice_role") ? " (inferred)" : "",
                *role == trace::IceRole::Controlling ? nomination_text(transport, side)
                                                     : std::string());
  }
  if (text.empty() && first && has_cut_checks(transport))
    text = "roles and nomination not known: a snap length cut the checks";
  std::string name = "PAIRS";
  if (call.transports.size() > 1)
    name += fmt::format(" OF TRANSPORT {}", transport.id);
  std::string line = paragraph(name + "   ", text, 8, page.options.width);
  line.replace(0, name.size(), painted(name, Paint::Bold, page.options.color));
  return "\n" + line;
}

using Pairs = std::vector<const Pair*>;

// What gives way when the table is wider than the text: the ends of the RTT's range, then the name
// of the capture beside every packet number, which one line can say for all.
struct Layout {
  bool range = true, plain_packets = false;
  bool rtt = true;  // false: not even the median has room
};
constexpr std::array<Layout, 4> kLayouts{
    {{true, false, true}, {false, false, true}, {true, true, true}, {false, true, true}}};

Table rows_of(const Pairs& pairs, const Call& call, const Page& page, const Layout& layout) {
  Table table({{"", false, 0},
               {"local", false, 0},
               {"remote", false, 0},
               {"sent", true, 0},
               {"got", true, 0},
               {std::string(kRtt), true, 2},
               {std::string(kPackets), false, 1},
               {"result", false, 0}});
  for (const Pair* pair : pairs)
    table.add_row({std::string(to_string(pair->agent)), end_text(pair->local, call),
                   end_text(pair->remote, call), std::to_string(pair->requests),
                   answered_text(*pair), rtt_text(*pair, layout.range),
                   packets_text(*pair, page, layout.plain_packets),
                   result_text(*pair, call, page)});
  return table;
}

// "packets of A in peerA, of B in peerB"; nothing when a side's pairs are in several captures.
std::string packets_legend(const Pairs& pairs, const Page& page) {
  std::array<std::set<std::uint32_t>, 2> captures;
  for (const Pair* pair : pairs)
    for (const auto& packet : {pair->first, pair->last})
      if (packet)
        captures[index_of(pair->agent)].insert(packet->capture);
  std::string text;
  for (const Side side : {Side::A, Side::B}) {
    const auto& own = captures[index_of(side)];
    if (own.size() > 1 || (own.size() == 1 && page.cite.file(*own.begin()).empty()))
      return {};
    if (own.size() == 1)
      text += fmt::format("{} {} in {}", text.empty() ? "packets of" : ", of", to_string(side),
                          page.cite.file(*own.begin()));
  }
  return text;
}

// What the RTT column holds, and what stands for the captures' names.
std::string legend_of(const Pairs& pairs, const Call& call, const Layout& layout,
                      const std::string& packets, const Page& page) {
  const bool range = std::any_of(pairs.begin(), pairs.end(), [](const Pair* pair) {
    return rtt_text(*pair, true).find('/') != std::string::npos;
  });
  std::string text;
  if (range && layout.rtt)
    text = layout.range ? "RTT: min/median/max" : "RTT: median";
  if (!packets.empty())
    text += (text.empty() ? "" : "; ") + packets;
  const bool ends = std::any_of(pairs.begin(), pairs.end(), [&](const Pair* pair) {
    return result_text(*pair, call, page).starts_with("up to ");
  });
  if (ends)
    text += std::string(text.empty() ? "" : "; ") + "up to: the last capture that shows its checks";
  const bool passed = std::any_of(pairs.begin(), pairs.end(), [](const Pair* pair) {
    return pair->responses > 0 && is_inferred(pair->inferred, "responses");
  });
  if (passed)
    text += std::string(text.empty() ? "" : "; ") +
            "got with ? counts answers that passed, arrival not seen";
  return text.empty() ? text : paragraph("      ", text, 6, page.options.width);
}

std::string table_of(const Call& call, const Transport& transport, const Page& page) {
  Pairs order;
  for (const Pair& pair : transport.pairs)
    order.push_back(&pair);
  std::stable_sort(order.begin(), order.end(), [](const Pair* a, const Pair* b) {
    return weight(*a) != weight(*b) ? weight(*a) > weight(*b) : a->requests > b->requests;
  });
  const std::size_t all = order.size();
  order.resize(page.shown(all, kShown));
  constexpr std::size_t kIndent = 3;
  const std::string legend = packets_legend(order, page);
  Layout chosen;
  for (const Layout& layout : kLayouts) {
    if (layout.plain_packets && legend.empty())
      continue;
    chosen = layout;
    if (rows_of(order, call, page, chosen).natural_width(kIndent) <= page.table_width())
      break;
  }
  const Table table = rows_of(order, call, page, chosen);
  const std::vector<std::string> missing = table.left_out(kIndent, page.table_width());
  const auto shows = [&](std::string_view title) {
    return std::find(missing.begin(), missing.end(), title) == missing.end();
  };
  chosen.rtt = shows(kRtt);
  return page.table(table, kIndent) +
         legend_of(order, call, chosen,
                   chosen.plain_packets && shows(kPackets) ? legend : std::string(), page) +
         page.rest(kIndent, all - order.size());
}

}  // namespace

std::string pairs_section(const Call& call, const Page& page) {
  constexpr std::size_t kTransports = 4;
  std::string out;
  std::size_t shown = 0;
  for (const Transport& transport : call.transports) {
    if (transport.pairs.empty())
      continue;
    if (!page.options.all && shown == kTransports) {
      out += fmt::format("\nand {} more (--all shows them)\n",
                         counted(call.transports.size() - shown, "transport"));
      break;
    }
    out += title(call, transport, page) + table_of(call, transport, page);
    ++shown;
  }
  return out;
}

}  // namespace parley::analyzer
