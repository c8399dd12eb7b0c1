#include "cli/options.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <sstream>
#include <utility>

#include <boost/program_options.hpp>
#include <unistd.h>

#include "cli/error.h"
#include "stack/base/bytes.h"

namespace parley::cli {
namespace {

namespace po = boost::program_options;

constexpr unsigned kHelpWidth = 100;

std::vector<OptionSpec> common_options() {
  return {{"json", "", "one JSON document on standard output, and nothing else there"},
          {"quiet,q", "", "no text on standard output unless something is wrong"},
          {"color", "WHEN", "auto, always or never (NO_COLOR and TERM=dumb are honoured)"},
          {"log-level", "LEVEL",
           "messages on standard error: error, warning (default; error with --quiet), info, debug"},
          {"help,h", "", "this text"}};
}

po::options_description describe(const std::string& title, const std::vector<OptionSpec>& specs) {
  po::options_description description(title, kHelpWidth, kHelpWidth / 2);
  for (const OptionSpec& spec : specs) {
    if (spec.value_name.empty())
      description.add_options()(spec.names.c_str(), spec.help.c_str());
    else
      description.add_options()(spec.names.c_str(),
                                po::value<std::vector<std::string>>()->value_name(spec.value_name),
                                spec.help.c_str());
  }
  return description;
}

std::string long_name(const OptionSpec& spec) {
  return spec.names.substr(0, spec.names.find(','));
}

std::vector<std::string> long_names(const CommandSpec& spec) {
  std::vector<std::string> names;
  for (const std::vector<OptionSpec>& list : {spec.options, common_options()})
    for (const OptionSpec& option : list)
      names.push_back("--" + long_name(option));
  return names;
}

// Two letters that changed places count once.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::vector<std::size_t> row(b.size() + 1, i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({change, above[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = std::exchange(above, std::move(row));
  }
  return above[b.size()];
}

std::string see_help(const CommandSpec& spec) {
  return "; see parley " + spec.name + " --help";
}

[[noreturn]] void unknown_option(const CommandSpec& spec, const std::string& word) {
  std::string text = spec.name + ": unknown option '" + word + "'";
  if (const auto near = nearest(word, long_names(spec)))
    text += ", did you mean " + *near + "?";
  throw bad_input(text + see_help(spec));
}

void check_arguments(const CommandSpec& spec, const std::vector<std::string>& arguments) {
  const std::size_t count = arguments.size();
  if (std::find(arguments.begin(), arguments.end(), "") != arguments.end())
    throw bad_input(spec.name + ": an argument is empty, expected " + spec.arguments +
                    see_help(spec));
  if (count < spec.min_arguments)
    throw bad_input(spec.name + ": expected " + spec.arguments + see_help(spec));
  if (count > spec.max_arguments)
    throw bad_input(spec.name + ": too many arguments, expected " + spec.arguments +
                    see_help(spec));
}

}  // namespace

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::Error:
      return "error";
    case LogLevel::Warning:
      return "warning";
    case LogLevel::Info:
      return "info";
    case LogLevel::Debug:
      return "debug";
  }
  return "error";
}

bool Options::has(std::string_view name) const {
  return value(name).has_value();
}

std::optional<std::string> Options::value(std::string_view name) const {
  for (auto it = given_.rbegin(); it != given_.rend(); ++it)
    if (it->name == name)
      return it->value;
  return std::nullopt;
}

std::vector<std::string> Options::values(std::string_view name) const {
  std::vector<std::string> found;
  for (const Given& given : given_)
    if (given.name == name)
      found.push_back(given.value);
  return found;
}

std::optional<std::uint64_t> Options::number(std::string_view name) const {
  const std::optional<std::string> text = value(name);
  if (!text)
    return std::nullopt;
  std::uint64_t number = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc{} || stop != end || text->empty())
    throw bad_input("--" + std::string{name} + ": expected a whole number from 0, not '" + *text +
                    "'");
  return number;
}

bool Options::color(int descriptor) const {
  const std::string when = value("color").value_or("auto");
  if (when != "auto")
    return when == "always";
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  if (terminal != nullptr && std::string_view(terminal) == "dumb")
    return false;
  return (no_color == nullptr || *no_color == '\0') && isatty(descriptor) == 1;
}

LogLevel Options::log_level() const {
  const std::optional<std::string> name = value("log-level");
  if (!name)
    return quiet() ? LogLevel::Error : LogLevel::Warning;
  for (const LogLevel level : {LogLevel::Error, LogLevel::Warning, LogLevel::Info, LogLevel::Debug})
    if (*name == to_string(level))
      return level;
  throw bad_input("--log-level: expected error, warning, info or debug, not '" + *name + "'");
}

void Options::log(LogLevel level, std::string_view message) const {
  if (level > log_level())
    return;
  const std::string line =
      "parley: " + std::string(to_string(level)) + ": " + printable(message) + "\n";
  std::fputs(line.c_str(), stderr);
}

Options Options::parse(const CommandSpec& spec, const std::vector<std::string>& words) {
  po::options_description all;
  all.add(describe("", spec.options)).add(describe("", common_options()));
  Options options;
  try {
    const po::parsed_options parsed =
        po::command_line_parser(words)
            .options(all)
            .style(po::command_line_style::unix_style & ~po::command_line_style::allow_guessing)
            .run();
    for (const auto& option : parsed.options) {
      if (option.string_key.empty())
        options.arguments_.insert(options.arguments_.end(), option.value.begin(),
                                  option.value.end());
      else
        options.given_.push_back(
            {option.string_key, option.value.empty() ? std::string{} : option.value.front()});
    }
  } catch (const po::unknown_option& error) {
    unknown_option(spec, error.get_option_name());
  } catch (const po::error& error) {
    throw bad_input(spec.name + ": " + error.what() + see_help(spec));
  }
  if (options.has("help"))
    return options;
  const std::string when = options.value("color").value_or("auto");
  if (when != "auto" && when != "always" && when != "never")
    throw bad_input("--color: expected auto, always or never, not '" + when + "'");
  check_arguments(spec, options.arguments_);
  options.log_level();
  return options;
}

std::string help_text(const CommandSpec& spec) {
  std::ostringstream text;
  text << "parley " << spec.name << " [options]";
  if (!spec.arguments.empty())
    text << ' ' << spec.arguments;
  text << "\n\n" << spec.description << '\n';
  if (!spec.options.empty())
    text << '\n' << describe("Options", spec.options);
  text << '\n' << describe("Common options", common_options());
  if (!spec.examples.empty()) {
    text << "\nExamples\n";
    for (const std::string& example : spec.examples)
      text << "  " << example << '\n';
  }
  return text.str();
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& name : known) {
    const std::size_t distance = edit_distance(word, name);
    // Half of a short word and more is another word, no typing error.
    if (distance < best_distance && distance * 2 < word.size()) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

}  // namespace parley::cli
