#include <array>

#include "stack/wire/name_table.h"
#include "stack/wire/sctp.h"
#include "stack/wire/sctp_parameters.h"

namespace parley::sctp {
namespace {

// IANA "Stream Control Transmission Protocol (SCTP) Parameters", as this codec reads them.
constexpr std::array<CodeName, 23> kChunks{{{0, "DATA"},
                                            {1, "INIT"},
                                            {2, "INIT ACK"},
                                            {3, "SACK"},
                                            {4, "HEARTBEAT"},
                                            {5, "HEARTBEAT ACK"},
                                            {6, "ABORT"},
                                            {7, "SHUTDOWN"},
                                            {8, "SHUTDOWN ACK"},
                                            {9, "ERROR"},
                                            {10, "COOKIE ECHO"},
                                            {11, "COOKIE ACK"},
                                            {12, "ECNE"},
                                            {13, "CWR"},
                                            {14, "SHUTDOWN COMPLETE"},
                                            {15, "AUTH"},
                                            {0x40, "I-DATA"},
                                            {0x80, "ASCONF-ACK"},
                                            {0x82, "RE-CONFIG"},
                                            {0x84, "PAD"},
                                            {0xc0, "FORWARD TSN"},
                                            {0xc1, "ASCONF"},
                                            {0xc2, "I-FORWARD-TSN"}}};

constexpr std::array<CodeName, 28> kParameters{{{1, "Heartbeat Info"},
                                                {5, "IPv4 Address"},
                                                {6, "IPv6 Address"},
                                                {7, "State Cookie"},
                                                {8, "Unrecognized Parameter"},
                                                {9, "Cookie Preservative"},
                                                {11, "Host Name Address"},
                                                {12, "Supported Address Types"},
                                                {13, "Outgoing SSN Reset Request"},
                                                {14, "Incoming SSN Reset Request"},
                                                {15, "SSN/TSN Reset Request"},
                                                {16, "Re-configuration Response"},
                                                {17, "Add Outgoing Streams Request"},
                                                {18, "Add Incoming Streams Request"},
                                                {0x8000, "ECN Capable"},
                                                {0x8001, "Zero Checksum Acceptable"},
                                                {0x8002, "Random"},
                                                {0x8003, "Chunk List"},
                                                {0x8004, "Requested HMAC Algorithm"},
                                                {0x8005, "Padding"},
                                                {0x8008, "Supported Extensions"},
                                                {0xc000, "Forward TSN Supported"},
                                                {0xc001, "Add IP Address"},
                                                {0xc002, "Delete IP Address"},
                                                {0xc003, "Error Cause Indication"},
                                                {0xc004, "Set Primary Address"},
                                                {0xc005, "Success Indication"},
                                                {0xc006, "Adaptation Layer Indication"}}};

constexpr std::array<CodeName, 19> kCauses{
    {{1, "Invalid Stream Identifier"},
     {2, "Missing Mandatory Parameter"},
     {3, "Stale Cookie"},
     {4, "Out of Resource"},
     {5, "Unresolvable Address"},
     {6, "Unrecognized Chunk Type"},
     {7, "Invalid Mandatory Parameter"},
     {8, "Unrecognized Parameters"},
     {9, "No User Data"},
     {10, "Cookie Received While Shutting Down"},
     {11, "Restart of an Association with New Addresses"},
     {12, "User-Initiated Abort"},
     {13, "Protocol Violation"},
     {0x00a0, "Request to Delete Last Remaining IP Address"},
     {0x00a1, "Operation Refused Due to Resource Shortage"},
     {0x00a2, "Request to Delete Source IP Address"},
     {0x00a3, "Association Aborted Due to Illegal ASCONF-ACK"},
     {0x00a4, "Request Refused - No Authorization"},
     {0x0105, "Unsupported HMAC Identifier"}}};

static_assert(sorted_by_code(kChunks) && sorted_by_code(kParameters) && sorted_by_code(kCauses));

}  // namespace

std::string chunk_name(ChunkType type) {
  const auto code = static_cast<std::uint16_t>(type);
  const auto name = find_name(kChunks, code);
  return name ? std::string(*name) : "chunk type " + hex_code(code, 2);
}

bool is_known(ChunkType type) {
  return find_name(kChunks, static_cast<std::uint16_t>(type)).has_value();
}

std::string_view to_string(Unrecognized action) {
  switch (action) {
    case Unrecognized::Stop:
      return "stop";
    case Unrecognized::StopAndReport:
      return "stop and report";
    case Unrecognized::Skip:
      return "skip";
    case Unrecognized::SkipAndReport:
      return "skip and report";
  }
  return "?";
}

std::string parameter_name(std::uint16_t type) {
  const auto name = find_name(kParameters, type);
  return name ? std::string(*name) : "parameter " + hex_code(type);
}

bool is_known_parameter(std::uint16_t type) {
  return find_name(kParameters, type).has_value();
}

std::string cause_name(std::uint16_t code) {
  const auto name = find_name(kCauses, code);
  return name ? std::string(*name) : "cause " + hex_code(code);
}

std::string to_string(ReconfigResult result) {
  constexpr std::array<std::string_view, 7> kNames{"Success - Nothing to do",
                                                   "Success - Performed",
                                                   "Denied",
                                                   "Error - Wrong SSN",
                                                   "Error - Request already in progress",
                                                   "Error - Bad Sequence Number",
                                                   "In progress"};
  const auto code = static_cast<std::uint32_t>(result);
  return code < kNames.size() ? std::string(kNames[code]) : "result " + std::to_string(code);
}

}  // namespace parley::sctp
