#pragma once

// The states that the standards name and the edges between them, once for everybody: engines step
// along these tables, the analyzer checks its inferences against them, docs/trace.md prints them.

#include <array>
#include <cstdint>
#include <string_view>

#include "stack/base/fsm.h"

namespace parley::trace {

enum class IceRole : std::uint8_t { Controlling, Controlled };
enum class CandidateType : std::uint8_t { Host, ServerReflexive, PeerReflexive, Relayed };
enum class Nomination : std::uint8_t { Regular, Aggressive };

// RFC 8445 section 6.1.2.6.
enum class PairState : std::uint8_t { Frozen, Waiting, InProgress, Succeeded, Failed };
enum class PairInput : std::uint8_t {
  Unfreeze,        // its foundation's turn has come (6.1.2.6, 7.2.5.3.3)
  SendCheck,       // Ta fired for it, or a triggered check goes out (6.1.4.2)
  TriggeredCheck,  // the peer's check came over it: check again (7.3.1.4)
  ValidResponse,   // 7.2.5.3
  CheckFailed      // timeout, error response, ICMP or non-symmetric transport address (7.2.5.2)
};

inline constexpr TransitionTable kPairStates{std::to_array<Transition<PairState, PairInput>>({
    {PairState::Frozen, PairInput::Unfreeze, PairState::Waiting},
    {PairState::Frozen, PairInput::TriggeredCheck, PairState::Waiting},
    {PairState::Waiting, PairInput::SendCheck, PairState::InProgress},
    {PairState::Waiting, PairInput::ValidResponse, PairState::Succeeded},
    {PairState::InProgress, PairInput::ValidResponse, PairState::Succeeded},
    {PairState::InProgress, PairInput::CheckFailed, PairState::Failed},
    {PairState::InProgress, PairInput::TriggeredCheck, PairState::Waiting},
    {PairState::Failed, PairInput::TriggeredCheck, PairState::Waiting},
    {PairState::Succeeded, PairInput::CheckFailed, PairState::Failed},
})};
static_assert(kPairStates.deterministic());

// The states that an application sees (W3C RTCIceTransportState), in the contract's words.
enum class IceState : std::uint8_t {
  New,
  Checking,
  Connected,
  Completed,
  Disconnected,
  Failed,
  Closed
};

enum class DtlsState : std::uint8_t { None, Handshaking, Connected, Failed, Closed };
enum class DtlsInput : std::uint8_t { Start, Finished, Fatal, CloseNotify };

inline constexpr TransitionTable kDtlsStates{std::to_array<Transition<DtlsState, DtlsInput>>({
    {DtlsState::None, DtlsInput::Start, DtlsState::Handshaking},
    {DtlsState::Handshaking, DtlsInput::Finished, DtlsState::Connected},
    {DtlsState::Handshaking, DtlsInput::Fatal, DtlsState::Failed},
    {DtlsState::Handshaking, DtlsInput::CloseNotify, DtlsState::Closed},
    {DtlsState::Connected, DtlsInput::CloseNotify, DtlsState::Closed},
    {DtlsState::Connected, DtlsInput::Fatal, DtlsState::Failed},
})};
static_assert(kDtlsStates.deterministic());

// Every value, in the order of definition: for tables, documentation and tests.
inline constexpr std::array kAllIceRoles{IceRole::Controlling, IceRole::Controlled};
inline constexpr std::array kAllCandidateTypes{CandidateType::Host, CandidateType::ServerReflexive,
                                               CandidateType::PeerReflexive,
                                               CandidateType::Relayed};
inline constexpr std::array kAllNominations{Nomination::Regular, Nomination::Aggressive};
inline constexpr std::array kAllPairStates{PairState::Frozen, PairState::Waiting,
                                           PairState::InProgress, PairState::Succeeded,
                                           PairState::Failed};
inline constexpr std::array kAllPairInputs{PairInput::Unfreeze, PairInput::SendCheck,
                                           PairInput::TriggeredCheck, PairInput::ValidResponse,
                                           PairInput::CheckFailed};
inline constexpr std::array kAllIceStates{
    IceState::New,          IceState::Checking, IceState::Connected, IceState::Completed,
    IceState::Disconnected, IceState::Failed,   IceState::Closed};
inline constexpr std::array kAllDtlsStates{DtlsState::None, DtlsState::Handshaking,
                                           DtlsState::Connected, DtlsState::Failed,
                                           DtlsState::Closed};
inline constexpr std::array kAllDtlsInputs{DtlsInput::Start, DtlsInput::Finished, DtlsInput::Fatal,
                                           DtlsInput::CloseNotify};

// The contract's spelling: kebab-case.
std::string_view to_string(IceRole role);
std::string_view to_string(CandidateType type);  // "host" "srflx" "prflx" "relay", RFC 8839
std::string_view to_string(Nomination nomination);
std::string_view to_string(PairState state);
std::string_view to_string(PairInput input);
std::string_view to_string(IceState state);
std::string_view to_string(DtlsState state);
std::string_view to_string(DtlsInput input);

}  // namespace parley::trace
