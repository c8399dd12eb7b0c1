#pragma once

// Small phrases that the findings, the timeline and the reports share: counts with their noun,
// times since the origin, packet references, candidates with the '?' of an inferred type. Knows
// nothing of what a sentence is about.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/model/model.h"

namespace parley::analyzer {

// "1 check", "242 checks", "2 replies" (for "reply").
std::string counted(std::uint64_t n, std::string_view noun);
// "a", "a and b", "a, b and c"; with more than `limit`: "a, b and 12 more".
std::string listed(const std::vector<std::string>& items, std::size_t limit = 4);
// "0.5 ms" style numbers: one decimal below 100, none above.
std::string number(double value);
// "UDP" for "udp".
std::string capitals(std::string_view word);
// Seconds between two instants in words: "15.1 s", "22.6 ms".
std::string span_text(Duration d);
// True when `member` is among the inferred ones.
// Without the spaces that a citation of no packet leaves behind.
std::string without_gaps(std::string_view text);
bool is_inferred(const Inferred& inferred, std::string_view member);
// "host", "srflx?" when inferred, "?" when unknown.
std::string type_word(const Candidate& candidate);
// The address, else the TURN channel that leads there, else its mDNS name, else "?".
std::string address_word(const Candidate& candidate);
// "host 10.1.0.2:36615".
std::string candidate_text(const Candidate& candidate);
// "regular nomination" and so on, for sentences.
std::string_view role_word(trace::IceRole role);

// What each capture is called in references: the file's name without ending, with as many folders
// before it as it takes to tell it from the others.
std::vector<std::string> capture_labels(const std::vector<Capture>& captures);

// How packets and times are written: [5] when there is one capture, [peerA 5] when several.
class Citation {
 public:
  Citation(const std::vector<Capture>& captures, Instant origin);

  // Seconds since the origin with three decimals.
  std::string time(Instant at) const;
  // "[5]"; empty for no packet.
  std::string ref(const std::optional<PacketRef>& packet) const;
  // "[5..250]"; the same packet twice is "[5]"; two captures: "[peerA 5 .. natA 9]".
  std::string range(const std::optional<PacketRef>& first,
                    const std::optional<PacketRef>& last) const;
  // "[3, 4, 8 and 12 more]".
  std::string list(const std::vector<PacketRef>& packets, std::size_t limit = 4) const;
  // How a capture is named in references; empty when there is only one.
  std::string file(std::uint32_t capture) const { return name(capture); }
  // The same of a capture point: the file's name, and that of its interface where it has several.
  std::string place(PointId point) const;

 private:
  std::string name(std::uint32_t capture) const;
  std::string plain(const PacketRef& packet) const;

  std::vector<std::string> names_;  // by capture
  std::map<PointId, std::string> places_;
  Instant origin_;
};

}  // namespace parley::analyzer
