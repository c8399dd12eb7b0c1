#include <algorithm>

#include <fmt/format.h>

#include "analyzer/diagnose/call_end.h"
#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/rules.h"

namespace parley::analyzer {
namespace {

using Refused = std::vector<const RefusedAddress*>;

std::size_t packets_of(const Refused& refused) {
  std::size_t sum = 0;
  for (const RefusedAddress* address : refused)
    sum += address->packets.size();
  return sum;
}

// The ports of a side that is no more there, or a relay that its server no longer knows.
std::string gone_text(const Story& story, Side owner, const Refused& refused) {
  const RefusedAddress& first = *refused.front();
  const std::string what = !first.relay.empty()  ? fmt::format("{} was gone", first.relay)
                           : refused.size() == 1 ? "port was closed"
                                                 : "ports were closed";
  return fmt::format("{}'s {} at {}, after {} last packet: {}.", to_string(owner), what,
                     story.cite.time(first.first_at),
                     first.relay.empty() ? "its" : fmt::format("{}'s", to_string(owner)),
                     counted(packets_of(refused), "ICMP message"));
}

void add_refused(const Story& story, Side owner, const Refused& refused, Findings& out) {
  if (refused.empty())
    return;
  Finding finding = make_finding("ice-icmp-unreachable");
  finding.peer = owner;
  std::vector<std::string> targets;
  for (const RefusedAddress* address : refused) {
    targets.push_back(to_string(address->address));
    finding.evidence.insert(finding.evidence.end(), address->packets.begin(),
                            address->packets.end());
  }
  std::sort(finding.evidence.begin(), finding.evidence.end());
  const RefusedAddress& first = *refused.front();
  const std::string_view kind = first.relay.empty()
                                    ? (refused.size() == 1 ? "an address" : "addresses")
                                : refused.size() == 1 ? "a relay"
                                                      : "relays";
  finding.summary =
      first.after_last && first.port_closed
          ? gone_text(story, owner, refused)
          : fmt::format("{} for {} of {}.", counted(finding.evidence.size(), "ICMP message"), kind,
                        to_string(owner));
  finding.facts.push_back(
      fmt::format("Refused: {} {}.", listed(targets, 3), story.cite.list(finding.evidence)));
  out.push_back(std::move(finding));
}

}  // namespace

// A relay that its owner gave up is gone in order: the timeline tells it.
void find_unreachable(const Story& story, Findings& out) {
  for (const Side owner : {Side::A, Side::B}) {
    const std::vector<RefusedAddress> list = refused_addresses(story.call, owner);
    for (const bool relay : {false, true}) {
      Refused gone;
      Refused refused;
      for (const RefusedAddress& address : list)
        if (address.given_up == nullptr && !address.relay.empty() == relay)
          (address.after_last && address.port_closed ? gone : refused).push_back(&address);
      add_refused(story, owner, gone, out);
      add_refused(story, owner, refused, out);
    }
  }
}

}  // namespace parley::analyzer
