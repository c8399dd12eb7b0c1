#pragma once

// One run of a scenario from start to end: builds the world, runs it in virtual time, writes what
// a run leaves (captures, events, key log) and judges the expectations. The same scenario, seed and
// version of OpenSSL give the same bytes. Deliberately does not know how a result is shown.

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/domains.h"
#include "sim/expectation.h"
#include "sim/scenario.h"
#include "stack/base/bytes.h"
#include "stack/trace/record.h"

namespace parley::sim {

// A file that cannot be written.
class OutputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// As a path in RunOptions: standard output.
inline constexpr const char* kStandardOutput = "-";

struct RunOptions {
  std::optional<std::uint64_t> seed;  // instead of the scenario's
  // Capture points by name; empty: those of the scenario. Throws std::invalid_argument for a name
  // that no point has; the message lists the points.
  std::vector<std::string> capture;

  // Where to write; an empty path: not at all. The directory is made; it gets POINT.pcapng for each
  // point, events.jsonl and keys.log. The other three name single files, `pcap` with one interface
  // for each point; one of them may be kStandardOutput.
  std::filesystem::path directory, pcap, keys, events;
  // Keep the bytes of each point's pcapng in RunResult::captures.
  bool keep_captures = false;
};

struct RunCapture {
  std::string point;           // "alice", "home-a.inside"
  std::filesystem::path file;  // empty: not written to a directory
  std::uint64_t packets = 0;
  ByteBuffer bytes;  // with keep_captures
};

struct RunCall {
  std::string name;
  std::array<trace::ActorId, 2> peers;  // the offerer first
};

struct RunResult {
  std::uint64_t seed = 0;
  std::vector<std::string> nodes;  // names, by ActorId
  Domains domains;
  std::vector<trace::Record> records;
  std::vector<RunCall> calls;
  std::vector<std::string> keylog;  // NSS key log lines
  std::vector<RunCapture> captures;
  std::vector<std::string> files;  // what was written to RunOptions::directory, by name
  std::vector<ExpectationResult> expectations;
  std::uint64_t events = 0;   // of the simulator: arrivals and wake-ups
  std::uint64_t packets = 0;  // that a node sent; a packet that is forwarded counts once
  Duration simulated{};

  bool all_held() const {
    for (const ExpectationResult& e : expectations)
      if (!e.held)
        return false;
    return true;
  }
};

// Throws ScenarioError for a topology that cannot work or a limit that was exceeded, OutputError,
// std::invalid_argument.
RunResult run(const Scenario& scenario, const RunOptions& options = {});

// Names of all capture points, in the order of the file: each host and server, both sides of each
// NAT.
std::vector<std::string> capture_points(const Scenario& scenario);

// The bytes of events.jsonl.
std::string events_jsonl(const RunResult& result);

}  // namespace parley::sim
