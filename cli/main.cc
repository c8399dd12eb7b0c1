// parley COMMAND [options] [arguments]: finds the command, and turns every error into one line on
// standard error with the exit code of the contract.

#include <exception>
#include <iterator>
#include <new>
#include <string>
#include <vector>

#include "analyzer/capture_file.h"
#include "cli/command.h"
#include "cli/error.h"
#include "cli/output.h"
#include "cli/version.h"
#include "sim/scenario.h"
#include "stack/base/bytes.h"

namespace parley::cli {
namespace {

std::string overview() {
  std::string text =
      "parley COMMAND [options] [arguments]\n\n"
      "Explains WebRTC calls: from captures, and from simulations of whole networks.\n\nCommands\n";
  for (const Command& command : all_commands()) {
    const CommandSpec& spec = command.spec();
    std::string left = "  " + spec.name + " " + spec.arguments;
    left.resize(std::max<std::size_t>(left.size() + 2, 28), ' ');
    text += left + spec.summary + "\n";
  }
  return text +
         "\nparley COMMAND --help tells more; parley --version names the libraries it runs with.\n"
         "Exit codes: 0 done; 1 an expectation failed or --fail-on found something; 2 bad usage or "
         "input;\n3 the system refused; 4 a fault of Parley.\n";
}

int run_command(const std::string& name, const std::vector<std::string>& words) {
  const Command* command = find_command(name);
  if (command == nullptr) {
    std::vector<std::string> known;
    for (const Command& c : all_commands())
      known.push_back(c.spec().name);
    const auto near = nearest(name, known);
    throw bad_input("unknown command '" + name + "'" +
                    (near ? ", did you mean " + *near + "?" : "") + "; see parley --help");
  }
  const Options options = Options::parse(command->spec(), words);
  if (options.has("help")) {
    write_stdout(help_text(command->spec()));
    return kSuccess;
  }
  return command->run(options);
}

int dispatch(const std::vector<std::string>& words) {
  if (words.empty())
    throw bad_input("expected a command; see parley --help");
  if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    if (words.size() == 2 && words[0] == "help")
      return run_command(words[1], {"--help"});
    write_stdout(overview());
    return kSuccess;
  }
  if (words[0] == "--version") {
    write_stdout(version_text());
    return kSuccess;
  }
  return run_command(words[0], {words.begin() + 1, words.end()});
}

int report(int exit_code, const std::string& what) {
  // What the user or a file wrote stands in it: nothing of that may steer the terminal.
  const std::string line = "parley: " + printable(what) + "\n";
  std::fputs(line.c_str(), stderr);
  return exit_code;
}

int guarded(const std::vector<std::string>& words) {
  try {
    return dispatch(words);
  } catch (const CommandError& error) {
    return report(error.exit_code(), error.what());
  } catch (const sim::ScenarioError& error) {
    return report(kBadInput, error.what());
  } catch (const analyzer::CaptureError& error) {
    return report(error.kind() == analyzer::CaptureError::Kind::System ? kSystemRefused : kBadInput,
                  error.what());
  } catch (const std::bad_alloc&) {
    return report(kSystemRefused, "out of memory");
  } catch (const std::exception& error) {
    return report(kInternalFault, std::string("internal fault: ") + error.what());
  }
}

}  // namespace
}  // namespace parley::cli

int main(int argc, char** argv) {
  return parley::cli::guarded({argv + 1, std::next(argv, argc)});
}
