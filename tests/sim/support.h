#pragma once

// A scenario text whose lines a test replaces: every error case is the good file with one change.

#include <stdexcept>
#include <string>
#include <string_view>

#include "sim/scenario.h"

namespace parley::sim {

// Two hosts behind one NAT each, a STUN server between them. Line numbers matter to tests.
inline std::string good_scenario() {
  return "name: Test\n"                                                            // 1
         "seed: 1\n"                                                               // 2
         "duration: 20s\n"                                                         // 3
         "nodes:\n"                                                                // 4
         "  internet: {kind: router}\n"                                            // 5
         "  stun: {kind: server, address: 203.0.113.10, stun: {}}\n"               // 6
         "  home-a: {kind: nat, outside: 198.51.100.1, inside: 192.168.0.1/24}\n"  // 7
         "  home-b: {kind: nat, outside: 198.51.100.2, inside: 10.0.0.1/24}\n"     // 8
         "  alice: {kind: host, address: 192.168.0.204}\n"                         // 9
         "  bob: {kind: host, address: 10.0.0.7}\n"                                // 10
         "links:\n"                                                                // 11
         "  - {between: [alice, home-a], delay: 1ms}\n"                            // 12
         "  - {between: [home-a, internet], delay: 15ms}\n"                        // 13
         "  - {between: [bob, home-b], delay: 2ms}\n"                              // 14
         "  - {between: [home-b, internet], delay: 25ms}\n"                        // 15
         "  - {between: [stun, internet], delay: 5ms}\n"                           // 16
         "call:\n"                                                                 // 17
         "  offerer: alice\n"                                                      // 18
         "  signaling: {delay: 40ms}\n"                                            // 19
         "  peers:\n"                                                              // 20
         "    alice: {ice-servers: [\"stun:203.0.113.10:3478\"]}\n"                // 21
         "    bob: {ice-servers: [\"stun:203.0.113.10:3478\"]}\n"                  // 22
         "expect:\n"                                                               // 23
         "  - alice.ice is connected within 2s\n";                                 // 24
}

inline std::string with(std::string text, std::string_view from, std::string_view to) {
  const std::size_t place = text.find(from);
  if (place == std::string::npos)
    throw std::logic_error("the good scenario has no " + std::string(from));
  return text.replace(place, from.size(), to);
}

inline std::string scenario_error(const std::string& text) {
  try {
    (void)parse_scenario(text, "x.yaml");
  } catch (const ScenarioError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace parley::sim
