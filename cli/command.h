#pragma once

// One entry for each subcommand: what its help says and what runs it.

#include <span>
#include <string_view>

#include "cli/options.h"

namespace parley::cli {

struct Command {
  const CommandSpec& (*spec)();
  int (*run)(const Options& options);  // the exit code; throws CommandError
};

// In the order of `parley --help`.
std::span<const Command> all_commands();
const Command* find_command(std::string_view name);

}  // namespace parley::cli
