#include <algorithm>

#include <fmt/format.h>

#include "analyzer/diagnose/facts.h"
#include "analyzer/report/layout.h"
#include "analyzer/report/sections.h"
#include "stack/base/bytes.h"

namespace parley::analyzer {
namespace {

constexpr std::size_t kShown = 10;

// The pairs that matter stand first: selected, then answered, then by how often they were tried.
int weight(const Pair& pair) {
  return (pair.selected ? 4 : 0) + (pair.nominated ? 2 : 0) + (pair.responses > 0 ? 1 : 0);
}

std::string answered_text(const Pair& pair) {
  std::string text = std::to_string(pair.responses);
  for (const ErrorCount& error : pair.errors)
    text += error.count == 1 ? fmt::format("+{}", error.code)
                             : fmt::format("+{}x{}", error.count, error.code);
  return text;
}

std::string rtt_text(const Pair& pair, bool in_full) {
  if (!pair.rtt)
    return {};
  if (!in_full)
    return number(pair.rtt->median);
  return fmt::format("{} {} {}", number(pair.rtt->min), number(pair.rtt->median),
                     number(pair.rtt->max));
}

std::string packets_text(const Pair& pair, const Page& page) {
  const std::string range = page.cite.range(pair.first, pair.last);
  return range.size() > 2 ? range.substr(1, range.size() - 2) : std::string();
}

std::string result_text(const Pair& pair) {
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
  return "no answer";
}

std::string nomination_text(const Transport& transport, Side side) {
  const Checks checks = checks_of(transport, side);
  const auto& nominates = transport.agents[index_of(side)].nominates;
  if (checks.requests > 0 && checks.use_candidate == checks.requests)
    return "; USE-CANDIDATE in every check (aggressive nomination)";
  if (nominates == trace::Nomination::Aggressive)
    return "; aggressive nomination";
  if (nominates == trace::Nomination::Regular)
    return "; regular nomination";
  return {};
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
    text += (text.empty() ? "" : "   ") +
            fmt::format("{} {}{}{}", to_string(side), role_word(*role),
                        is_inferred(call.peers[index_of(side)].inferred, "ice_role") ? "?" : "",
                        *role == trace::IceRole::Controlling ? nomination_text(transport, side)
                                                             : std::string());
  }
  std::string name = "PAIRS";
  if (call.transports.size() > 1)
    name += fmt::format(" OF TRANSPORT {}", transport.id);
  return "\n" + painted(name, Paint::Bold, page.options.color) +
         (text.empty() ? "" : "   " + text) + "\n";
}

Table rows_of(const std::vector<const Pair*>& pairs, const Page& page, bool in_full) {
  Table table({{"", false, 0},
               {"local", false, 0},
               {"remote", false, 0},
               {"sent", true, 0},
               {"replies", true, 0},
               {"RTT ms", true, 2},
               {"packets", false, 1},
               {"result", false, 0}});
  for (const Pair* pair : pairs)
    table.add_row({std::string(to_string(pair->agent)), candidate_text(pair->local),
                   candidate_text(pair->remote), std::to_string(pair->requests),
                   answered_text(*pair), rtt_text(*pair, in_full), packets_text(*pair, page),
                   result_text(*pair)});
  return table;
}

std::string table_of(const Transport& transport, const Page& page) {
  std::vector<const Pair*> order;
  for (const Pair& pair : transport.pairs)
    order.push_back(&pair);
  std::stable_sort(order.begin(), order.end(), [](const Pair* a, const Pair* b) {
    return weight(*a) != weight(*b) ? weight(*a) > weight(*b) : a->requests > b->requests;
  });
  const std::size_t all = order.size();
  order.resize(std::min(kShown, all));
  constexpr std::size_t kIndent = 3;
  Table table = rows_of(order, page, true);
  if (table.natural_width(kIndent) > page.options.width)
    table = rows_of(order, page, false);
  std::string out = table.render(kIndent, page.options.width);
  if (all > order.size())
    out += fmt::format("   and {} more\n", all - order.size());
  return out;
}

}  // namespace

std::string pairs_section(const Call& call, const Page& page) {
  constexpr std::size_t kTransports = 4;
  std::string out;
  std::size_t shown = 0;
  for (const Transport& transport : call.transports) {
    if (transport.pairs.empty())
      continue;
    if (shown == kTransports) {
      out += fmt::format("\nand {} more\n", counted(call.transports.size() - shown, "transport"));
      break;
    }
    out += title(call, transport, page) + table_of(transport, page);
    ++shown;
  }
  return out;
}

}  // namespace parley::analyzer
