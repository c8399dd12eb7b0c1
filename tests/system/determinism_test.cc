// The same scenario and seed leave the same bytes in every file, whatever else is different: the
// process, its environment, time zone, directory, what it captures besides, and the load of the
// machine. PARLEY_PROGRAM is the program itself.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;

class Determinism : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "parley-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root = name;
  }
  void TearDown() override { fs::remove_all(root); }

  // Runs the scenario into a directory of its own; every file by name.
  std::map<std::string, std::string> files(const std::string& out, const std::string& environment,
                                           const std::string& options) const {
    const fs::path directory = root / out;
    const std::string command = environment +
                                " '" PARLEY_PROGRAM "' run two-home-routers --quiet --out '" +
                                directory.string() + "' " + options + " > /dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    std::map<std::string, std::string> contents;
    for (const auto& entry : fs::directory_iterator(directory)) {
      std::ifstream stream(entry.path(), std::ios::binary);
      contents[entry.path().filename().string()] = {std::istreambuf_iterator<char>(stream), {}};
    }
    return contents;
  }

  static std::vector<std::string> names(const std::map<std::string, std::string>& contents) {
    std::vector<std::string> result;
    result.reserve(contents.size());
    for (const auto& [name, content] : contents)
      result.push_back(name);
    return result;
  }

  fs::path root;
};

TEST_F(Determinism, TheFilesOfARunAreTheSameInEveryEnvironment) {
  const auto first = files("a", "", "");
  ASSERT_EQ(names(first), (std::vector<std::string>{"alice.pcapng", "bob.pcapng", "events.jsonl",
                                                    "home-a.inside.pcapng", "home-a.outside.pcapng",
                                                    "home-b.inside.pcapng", "home-b.outside.pcapng",
                                                    "keys.log", "run.json", "stun.pcapng"}));
  const auto second = files("b", "cd / && env -i TZ=Asia/Tokyo LC_ALL=C MALLOC_PERTURB_=85", "");
  ASSERT_EQ(names(first), names(second));
  for (const auto& [name, content] : first) {
    EXPECT_FALSE(content.empty()) << name;
    EXPECT_TRUE(content == second.at(name)) << name;
  }
}

TEST_F(Determinism, RunsAtTheSameTimeDoNotDisturbEachOther) {
  const auto alone = files("alone", "", "");
  std::vector<std::map<std::string, std::string>> together(4);
  {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < together.size(); ++i)
      threads.emplace_back([&, i] { together[i] = files("together" + std::to_string(i), "", ""); });
    for (std::thread& thread : threads)
      thread.join();
  }
  for (const auto& contents : together)
    EXPECT_TRUE(contents == alone);
}

TEST_F(Determinism, AnotherSeedChangesEveryFile) {
  const auto one = files("one", "", "--seed 1");
  const auto two = files("two", "", "--seed 2");
  ASSERT_EQ(names(one), names(two));
  for (const auto& [name, content] : one)
    EXPECT_FALSE(content == two.at(name)) << name;
}

TEST_F(Determinism, FewerCapturePointsChangeNothingElse) {
  const auto all = files("all", "", "");
  const auto few = files("few", "", "--capture alice,home-b.outside");
  EXPECT_EQ(names(few),
            (std::vector<std::string>{"alice.pcapng", "events.jsonl", "home-b.outside.pcapng",
                                      "keys.log", "run.json"}));
  for (const char* name : {"events.jsonl", "keys.log"})
    EXPECT_TRUE(few.at(name) == all.at(name)) << name;
  const auto told = [](const std::string& json) { return json.substr(0, json.find("\"files\"")); };
  EXPECT_EQ(told(few.at("run.json")), told(all.at("run.json"))) << "but for the list of files";
}

}  // namespace
