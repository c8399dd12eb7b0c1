#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "analyzer/report/calendar.h"
#include "analyzer/report/layout.h"
#include "analyzer/report/sections.h"
#include "stack/base/bytes.h"

namespace parley::analyzer {
namespace {

constexpr std::size_t kLooseShown = 4;
constexpr std::size_t kStrangersShown = 8;

// Protocols are written as acronyms, except for words.
std::string protocol_word(std::string_view name, std::uint64_t packets) {
  if (name == "fragment")
    return packets == 1 ? "fragment" : "fragments";
  if (name == "other" || name == "unknown")
    return std::string(name);
  std::string out = printable(name);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

std::string protocols_text(const Capture& capture) {
  constexpr std::array<std::string_view, 9> kFirst = {"stun",  "turn", "dtls", "srtp", "rtp",
                                                      "srtcp", "rtcp", "icmp", "arp"};
  constexpr std::array<std::string_view, 3> kLast = {"tcp", "turn-tcp", "other"};
  const auto count_of = [&](std::string_view name) {
    const auto found = capture.by_protocol.find(std::string(name));
    return found == capture.by_protocol.end() ? 0 : found->second;
  };
  std::vector<std::string> parts;
  const auto add = [&](std::string_view name, std::uint64_t packets) {
    if (packets > 0)
      parts.push_back(fmt::format("{} {}", packets, protocol_word(name, packets)));
  };
  for (const std::string_view name : kFirst)
    add(name, count_of(name));
  for (const auto& [name, packets] : capture.by_protocol)
    if (std::find(kFirst.begin(), kFirst.end(), name) == kFirst.end() &&
        std::find(kLast.begin(), kLast.end(), name) == kLast.end())
      add(name, packets);
  const std::uint64_t turn = count_of("turn-tcp");
  add("tcp", count_of("tcp") + turn);
  if (turn > 0)
    parts.back() += fmt::format(" ({} of them TURN)", turn);
  add("other", count_of("other"));
  return listed(parts, parts.size());
}

std::string damage_text(const Capture& capture) {
  if (capture.damage.empty())
    return "no damage";
  const Damage& first = capture.damage.front();
  std::string text = fmt::format("DAMAGED at byte {} behind packet {}: {}", first.offset,
                                 first.packet, printable(first.what));
  if (capture.damage.size() > 1)
    text += fmt::format(", and {} more", capture.damage.size() - 1);
  return text;
}

// The file's name; with its folders when another file has the same one.
std::string name_of(const Capture& capture, const std::vector<Capture>& all) {
  const auto base = [](std::string_view file) { return file.substr(file.find_last_of('/') + 1); };
  const auto same = std::count_if(
      all.begin(), all.end(), [&](const Capture& c) { return base(c.file) == base(capture.file); });
  return printable(same > 1 ? std::string_view(capture.file) : base(capture.file));
}

// "; its clock is 2.000 s ahead of peerA's: corrected".
std::string clock_text(const Capture& capture, const std::vector<Capture>& all) {
  if (!capture.clock_offset || !capture.clock_of || *capture.clock_of >= all.size() ||
      *capture.clock_offset == Duration{})
    return {};
  const double ahead = to_seconds(*capture.clock_offset);
  return fmt::format("; its clock is {:.3f} s {} {}'s: corrected here", std::abs(ahead),
                     ahead < 0 ? "behind" : "ahead of", capture_labels(all)[*capture.clock_of]);
}

std::string capture_line(const Capture& capture, const std::vector<Capture>& all,
                         const TextOptions& options) {
  std::string text = counted(capture.packets, "packet");
  if (capture.first_time && capture.last_time)
    text += fmt::format(", {:.1f} s from {}", to_seconds(*capture.last_time - *capture.first_time),
                        readable_date(own_time(capture, *capture.first_time)));
  if (const std::string protocols = protocols_text(capture); !protocols.empty())
    text += ": " + protocols;
  else if (!capture.timed && capture.packets > 0)
    text += ", without times";
  if (capture.cut_short > 0)
    text += fmt::format("; {} cut by a snap length", capture.cut_short);
  text += clock_text(capture, all) + "; " + damage_text(capture);
  const std::string name = name_of(capture, all);
  return paragraph(name + "   ", text, std::min<std::size_t>(display_width(name) + 3, 15),
                   options.width);
}

// Captures of one call that no packet ties together.
std::string clocks_apart(const Analysis& analysis, const TextOptions& options) {
  const std::vector<std::string> labels = capture_labels(analysis.captures);
  std::string out;
  for (const Call& call : analysis.calls) {
    if (call.points.size() < 2 || !out.empty())
      continue;
    std::vector<std::string> apart;
    std::set<std::uint32_t> clocks;
    for (const std::uint32_t index : call.captures)
      if (clocks.insert(analysis.captures[index].clock_of.value_or(index)).second)
        apart.push_back(labels[index]);
    if (apart.size() > 1)
      out = paragraph("",
                      fmt::format("No packet went both ways between {}: whether their clocks agree "
                                  "is not known.",
                                  listed(apart)),
                      0, options.width);
  }
  return out;
}

}  // namespace

std::string captures_section(const Analysis& analysis, const TextOptions& options) {
  std::string out;
  for (const Capture& capture : analysis.captures)
    out += capture_line(capture, analysis.captures, options);
  if (analysis.captures.size() > 1) {
    std::uint64_t packets = 0;
    for (const Capture& capture : analysis.captures)
      packets += capture.packets;
    out += fmt::format("{} captures, {}, {}\n", analysis.captures.size(),
                       counted(packets, "packet"), counted(analysis.calls.size(), "call"));
    out += clocks_apart(analysis, options);
  }
  return out;
}

namespace {

// Clients of several hosts, whose addresses the one server sees as they are here.
bool taken_at_stun_server(const Analysis& analysis) {
  std::set<IpAddress> clients, servers;
  for (const StunServerUse& use : analysis.strangers) {
    clients.insert(use.client.address);
    servers.insert(use.server.address);
    for (const Endpoint& seen : use.mapped)
      if (seen != use.client)
        return false;
  }
  return clients.size() > 1 && servers.size() == 1;
}

// The questions to these servers were not captured: one direction is missing.
bool answers_only(const Analysis& analysis) {
  return !analysis.strangers.empty() &&
         std::all_of(analysis.strangers.begin(), analysis.strangers.end(),
                     [](const StunServerUse& use) { return use.requests == 0; });
}

std::string stranger_text(const StunServerUse& use, const Page& page) {
  std::vector<std::string> seen;
  for (const Endpoint& address : use.mapped)
    seen.push_back(to_string(address));
  if (use.requests == 0)
    return fmt::format("{} answers {}: {} to questions that are not here{} {}",
                       to_string(use.server), to_string(use.client),
                       counted(use.responses, "answer"),
                       seen.empty() ? std::string() : ", seen as " + listed(seen),
                       page.cite.range(use.first, use.last));
  return fmt::format("{} -> {}: {}, {}{} {}", to_string(use.client), to_string(use.server),
                     counted(use.requests, "request"), counted(use.responses, "answer"),
                     seen.empty() ? std::string() : ", seen as " + listed(seen),
                     page.cite.range(use.first, use.last));
}

std::string strangers_text(const Analysis& analysis, const Page& page) {
  if (analysis.strangers.empty())
    return {};
  std::string out = "The STUN messages here are between clients and servers only:\n";
  const std::size_t shown = std::min(kStrangersShown, analysis.strangers.size());
  for (std::size_t i = 0; i < shown; ++i)
    out += paragraph("   ", stranger_text(analysis.strangers[i], page), 5, page.options.width);
  if (analysis.strangers.size() > shown)
    out += fmt::format("   and {} more\n", analysis.strangers.size() - shown);
  return out;
}

std::vector<std::string> reasons_for_no_call(const Analysis& analysis) {
  std::vector<std::string> reasons;
  std::uint64_t cut = 0;
  for (const Capture& capture : analysis.captures)
    cut += capture.cut_short;
  if (cut > 0)
    reasons.push_back(fmt::format(
        "a snap length cut {}: a check whose USERNAME stands behind the cut is not recognized",
        counted(cut, "packet")));
  if (answers_only(analysis))
    reasons.emplace_back(
        "the capture holds one direction: answers of servers come in, and no question goes out");
  // Where DTLS or RTP runs, checks have succeeded, or none are used.
  if (!analysis.loose.empty()) {
    reasons.emplace_back("a capture filter left STUN out of a call whose DTLS and RTP stand below");
    reasons.emplace_back("what stands below belongs to something that does without ICE");
    return reasons;
  }
  if (taken_at_stun_server(analysis))
    reasons.emplace_back(
        "the capture was taken at the STUN server: a direct call does not pass it");
  else
    reasons.emplace_back("the capture was taken at another machine or interface than the call's");
  reasons.emplace_back("a capture filter left UDP or STUN out");
  reasons.emplace_back("no candidate ever reached this peer, so it had nothing to check");
  reasons.emplace_back(
      "everything goes through TURN over TLS, or through a VPN, and cannot be read");
  return reasons;
}

}  // namespace

std::string no_call_section(const Analysis& analysis, const TextOptions& options) {
  constexpr std::string_view kTitle = "NO CALL.";
  std::string out =
      paragraph(std::string(kTitle) + " ",
                "No ICE connectivity check (a STUN Binding request with a USERNAME) is here.", 0,
                options.width);
  out.replace(0, kTitle.size(), painted(kTitle, Paint::Bold, options.color));
  out.insert(0, "\n");
  const bool empty = std::all_of(analysis.captures.begin(), analysis.captures.end(),
                                 [](const Capture& capture) { return capture.packets == 0; });
  if (empty)
    return out + "There is no packet in it at all.\n";
  const Citation cite(analysis.captures, analysis.origin);
  out += strangers_text(analysis, Page{cite, options});
  out += "This may mean, and these packets cannot tell which:\n";
  for (const std::string& reason : reasons_for_no_call(analysis))
    out += paragraph("   - ", reason, 5, options.width);
  return out + paragraph("",
                         "A call that runs would show: consent checks go out every few seconds as "
                         "long as it lives.",
                         0, options.width);
}

namespace {

// Without a family: the far end of a TURN channel that was bound before the capture began.
std::string end_text(const Endpoint& end) {
  return end.address.family() == AddressFamily::None ? fmt::format("channel {:#06x}", end.port)
                                                     : to_string(end);
}

}  // namespace

std::string loose_section(const Analysis& analysis, const Page& page) {
  if (analysis.loose.empty())
    return {};
  std::string out = fmt::format("\nNOT PART OF A CALL   {} (inferred from their continuity)\n",
                                counted(analysis.loose.size(), "flow"));
  const std::size_t shown = page.shown(analysis.loose.size(), kLooseShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const LooseFlow& flow = analysis.loose[i];
    const std::string what = fmt::format(
        "{} -> {}: {}{} {}", end_text(flow.a), end_text(flow.b), counted(flow.packets, "packet"),
        flow.ssrc ? fmt::format(", SSRC {}", *flow.ssrc) : std::string(),
        page.cite.ref(flow.first));
    out += paragraph(fmt::format("   {:<4}  ", protocol_word(flow.protocol, 1)), what, 9,
                     page.options.width);
  }
  return out + page.rest(3, analysis.loose.size() - shown);
}

}  // namespace parley::analyzer
