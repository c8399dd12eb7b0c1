#include "analyzer/model/model.h"

namespace parley::analyzer {

std::string_view to_string(Side side) {
  return side == Side::A ? "A" : "B";
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::Connected:
      return "connected";
    case Outcome::Closed:
      return "closed";
    case Outcome::Lost:
      return "lost";
    case Outcome::Failed:
      return "failed";
    case Outcome::InProgress:
      return "in-progress";
  }
  return "in-progress";
}

std::string_view to_string(Confidence confidence) {
  switch (confidence) {
    case Confidence::Certain:
      return "certain";
    case Confidence::Likely:
      return "likely";
    case Confidence::Possible:
      return "possible";
  }
  return "possible";
}

std::string_view to_string(Level level) {
  switch (level) {
    case Level::Error:
      return "error";
    case Level::Warning:
      return "warning";
    case Level::Note:
      return "note";
  }
  return "note";
}

}  // namespace parley::analyzer
