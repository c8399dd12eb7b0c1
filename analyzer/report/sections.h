#pragma once

// The parts of a call's text, each a pure function of the call: its title line and its lines, or
// nothing when there is nothing to say.

#include <algorithm>
#include <string>

#include "analyzer/diagnose/words.h"
#include "analyzer/model/model.h"
#include "analyzer/report/layout.h"
#include "analyzer/report/text.h"

namespace parley::analyzer {

struct Page {
  const Citation& cite;
  const TextOptions& options;

  // How many of `count` items are shown where `usual` is the most for a screen.
  std::size_t shown(std::size_t count, std::size_t usual) const {
    return options.all ? count : std::min(count, usual);
  }
  // The line that stands for the items left out, or nothing.
  std::string rest(std::size_t indent, std::size_t count) const;
  // How wide a table may be: where everything is asked for, no column gives way.
  std::size_t table_width() const;
  // A table, and a line that names the columns which found no room.
  std::string table(const Table& table, std::size_t indent) const;
};

// section_peers.cc
std::string peers_line(const Call& call, const Analysis& analysis, const Page& page);
std::string nat_section(const Call& call, const Page& page);

// section_captures.cc
std::string captures_section(const Analysis& analysis, const TextOptions& options);
std::string no_call_section(const Analysis& analysis, const TextOptions& options);
std::string loose_section(const Analysis& analysis, const Page& page);
// section_findings.cc
std::string findings_section(const Call& call, const Page& page);
std::string try_section(const Call& call, const Page& page);
// section_pairs.cc
std::string pairs_section(const Call& call, const Page& page);
// section_media.cc
std::string turn_section(const Call& call, const Page& page);
std::string streams_section(const Call& call, const Page& page);
// section_timeline.cc
std::string timeline_section(const Call& call, const Page& page);

}  // namespace parley::analyzer
