#include "stack/trace/states.h"

namespace parley::trace {

std::string_view to_string(IceRole role) {
  switch (role) {
    case IceRole::Controlling:
      return "controlling";
    case IceRole::Controlled:
      return "controlled";
  }
  return "?";
}

std::string_view to_string(CandidateType type) {
  switch (type) {
    case CandidateType::Host:
      return "host";
    case CandidateType::ServerReflexive:
      return "srflx";
    case CandidateType::PeerReflexive:
      return "prflx";
    case CandidateType::Relayed:
      return "relay";
  }
  return "?";
}

std::string_view to_string(Nomination nomination) {
  switch (nomination) {
    case Nomination::Regular:
      return "regular";
    case Nomination::Aggressive:
      return "aggressive";
  }
  return "?";
}

std::string_view to_string(PairState state) {
  switch (state) {
    case PairState::Frozen:
      return "frozen";
    case PairState::Waiting:
      return "waiting";
    case PairState::InProgress:
      return "in-progress";
    case PairState::Succeeded:
      return "succeeded";
    case PairState::Failed:
      return "failed";
  }
  return "?";
}

std::string_view to_string(PairInput input) {
  switch (input) {
    case PairInput::Unfreeze:
      return "unfreeze";
    case PairInput::SendCheck:
      return "send-check";
    case PairInput::TriggeredCheck:
      return "triggered-check";
    case PairInput::ValidResponse:
      return "valid-response";
    case PairInput::CheckFailed:
      return "check-failed";
  }
  return "?";
}

std::string_view to_string(IceState state) {
  switch (state) {
    case IceState::New:
      return "new";
    case IceState::Checking:
      return "checking";
    case IceState::Connected:
      return "connected";
    case IceState::Completed:
      return "completed";
    case IceState::Disconnected:
      return "disconnected";
    case IceState::Failed:
      return "failed";
    case IceState::Closed:
      return "closed";
  }
  return "?";
}

std::string_view to_string(DtlsState state) {
  switch (state) {
    case DtlsState::None:
      return "none";
    case DtlsState::Handshaking:
      return "handshaking";
    case DtlsState::Connected:
      return "connected";
    case DtlsState::Failed:
      return "failed";
    case DtlsState::Closed:
      return "closed";
  }
  return "?";
}

std::string_view to_string(DtlsInput input) {
  switch (input) {
    case DtlsInput::Start:
      return "start";
    case DtlsInput::Finished:
      return "finished";
    case DtlsInput::Fatal:
      return "fatal";
    case DtlsInput::CloseNotify:
      return "close-notify";
  }
  return "?";
}

}  // namespace parley::trace
