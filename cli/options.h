#pragma once

// Options of a command: what all commands share, parsing by Boost.Program_options behind one
// function, and the text of --help made from the same declarations.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::cli {

// What standard error is told besides errors that end the command.
enum class LogLevel : std::uint8_t { Error, Warning, Info, Debug };
std::string_view to_string(LogLevel level);

struct OptionSpec {
  std::string names;       // "out" or "verbose,v", as Boost.Program_options writes them
  std::string value_name;  // empty: a switch
  std::string help;
};

struct CommandSpec {
  std::string name;
  std::string arguments;    // "CAPTURE..."
  std::string summary;      // one line, for `parley --help`
  std::string description;  // for `parley COMMAND --help`
  std::vector<OptionSpec> options;
  std::vector<std::string> examples;
  std::size_t min_arguments = 0, max_arguments = 0;
};

// The values found on the command line.
class Options {
 public:
  bool has(std::string_view name) const;
  // The last value given; nullopt when the option is not there.
  std::optional<std::string> value(std::string_view name) const;
  std::vector<std::string> values(std::string_view name) const;      // all of them, in their order
  std::optional<std::uint64_t> number(std::string_view name) const;  // throws CommandError
  const std::vector<std::string>& arguments() const { return arguments_; }

  // The common ones.
  bool json() const { return has("json"); }
  bool quiet() const { return has("quiet"); }
  // Whether text for `descriptor` (1 or 2) is coloured: --color, NO_COLOR, a terminal.
  bool color(int descriptor) const;
  LogLevel log_level() const;
  // One line on standard error when --log-level lets it through.
  void log(LogLevel level, std::string_view message) const;
  // Throws CommandError (exit code 2) on anything that `spec` does not allow.
  static Options parse(const CommandSpec& spec, const std::vector<std::string>& words);

 private:
  struct Given {
    std::string name, value;
  };
  std::vector<Given> given_;
  std::vector<std::string> arguments_;
};

std::string help_text(const CommandSpec& spec);
// The name of `known` nearest to `word` by edit distance, if it is near enough to be meant.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace parley::cli
