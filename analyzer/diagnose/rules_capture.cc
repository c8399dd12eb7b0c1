#include <algorithm>

#include <fmt/format.h>

#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/rules.h"
#include "analyzer/model/coverage.h"

namespace parley::analyzer {

namespace {

// More than the ends of media packets is missing.
bool story_was_cut(const Call& call) {
  if (answers_were_cut(call))
    return true;
  for (const Transport& transport : call.transports)
    for (const Pair& pair : transport.pairs)
      if (pair.cut_short > 0)
        return true;
  return false;
}

}  // namespace

void find_capture_limits(const Story& story, Findings& out) {
  for (const Capture& capture : story.captures) {
    if (!capture.damage.empty()) {
      Finding finding = make_finding("capture-damage");
      const Damage& first = capture.damage.front();
      finding.summary = fmt::format("{} is damaged in {}.", printable(capture.file),
                                    counted(capture.damage.size(), "place"));
      finding.facts.push_back(fmt::format("At byte {}, behind packet {}: {}.", first.offset,
                                          first.packet, printable(first.what)));
      finding.try_this = "Take the capture again, or read this report as true up to the damage.";
      out.push_back(std::move(finding));
    }
    if (capture.cut_short > 0) {
      Finding finding = make_finding("capture-cut-short");
      finding.summary = fmt::format("A snap length cut {} of {}.",
                                    counted(capture.cut_short, "packet"), printable(capture.file));
      finding.facts.emplace_back("What stands behind the cut was not read.");
      if (story_was_cut(story.call)) {
        finding.level = Level::Warning;
        finding.facts.emplace_back(
            "Checks, or what TURN relayed, are among them: roles, nomination and answers behind a "
            "cut are not known.");
      }
      if (std::any_of(story.call.transports.begin(), story.call.transports.end(),
                      handshake_was_cut)) {
        finding.level = Level::Warning;
        finding.facts.emplace_back(
            "Packets of the DTLS handshake are among them: how far it came is not known.");
      }
      finding.try_this = "Capture whole packets (tcpdump -s 0).";
      out.push_back(std::move(finding));
    }
  }
}

}  // namespace parley::analyzer
