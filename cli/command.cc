#include "cli/command.h"

#include <array>

#include "cli/analyze.h"
#include "cli/decode.h"
#include "cli/packets.h"
#include "cli/run.h"
#include "cli/scenarios.h"

namespace parley::cli {
namespace {

constexpr std::array<Command, 5> kCommands{{
    {run_spec, run_run},
    {scenarios_spec, run_scenarios},
    {analyze_spec, run_analyze},
    {packets_spec, run_packets},
    {decode_spec, run_decode},
}};

}  // namespace

std::span<const Command> all_commands() {
  return kCommands;
}

const Command* find_command(std::string_view name) {
  for (const Command& command : kCommands)
    if (command.spec().name == name)
      return &command;
  return nullptr;
}

}  // namespace parley::cli
