#pragma once

// From capture files to an Analysis: the analyzer's front door. Reads the files record by record
// (merged by time, several capture points of the same call too), rebuilds every call from its
// packets, then lets diagnose() judge it. It knows files, packets and trackers; what a finding
// means is diagnose's, how a story looks is report's.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "analyzer/model/model.h"

namespace parley::analyzer {

struct AnalyzeOptions {
  // With less a single call could not be rebuilt.
  static constexpr std::size_t kLeastMemory = std::size_t{8} << 20U;
  // Upper bound for what the trackers keep. When it is reached, idle flows that belong to no call
  // are forgotten first.
  std::size_t memory_budget = std::size_t{1} << 30U;
  // Called now and then while reading; empty: nobody wants to know. A total of 0 is not known (a
  // pipe, a packed file).
  std::function<void(std::uint64_t bytes_done, std::uint64_t bytes_total)> progress;
};

// Throws CaptureError (capture_file.h) when a file cannot be opened or is no capture at all: the
// contract wants exit code 3 or 2 and one line then. Damage inside a capture is no exception: it is
// listed in Capture::damage, and what can be read is analyzed.
Analysis analyze_captures(const std::vector<std::string>& files, const AnalyzeOptions& options);

}  // namespace parley::analyzer
