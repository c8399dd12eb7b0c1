// The grammar of expectations.

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "sim/expectation.h"
#include "sim/quantity.h"
#include "sim/scenario_reader.h"
#include "stack/base/bytes.h"

namespace parley::sim {
namespace {

using Words = std::string_view;

// In the order of Subject.
constexpr std::array<Words, 10> kSubjects{"ice",          "dtls",           "role",     "selected",
                                          "connect-time", "conflicts",      "requests", "pairs",
                                          "nominations",  "retransmissions"};
constexpr std::array<Words, 11> kLaterSubjects{"sctp",    "restarts", "errors", "first-media",
                                               "relay",   "audio",    "video",  "channel",
                                               "mapping", "mappings", "dropped"};
constexpr std::array<Words, 7> kIceStates{"new",          "checking", "connected", "completed",
                                          "disconnected", "failed",   "closed"};
constexpr std::array<Words, 5> kDtlsStates{"none", "handshaking", "connected", "failed", "closed"};
constexpr std::array<Words, 2> kRoles{"controlling", "controlled"};
constexpr std::array<Words, 4> kTypes{"host", "srflx", "prflx", "relay"};

struct Token {
  std::string_view text;
  std::size_t offset = 0;
};

std::vector<Token> split(std::string_view text) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  while ((at = text.find_first_not_of(' ', at)) != std::string_view::npos) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    tokens.push_back({text.substr(at, end - at), at});
    at = end;
  }
  return tokens;
}

template <std::size_t N>
bool among(Words word, const std::array<Words, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// "; did you mean 'failed'?", or nothing.
template <std::size_t N>
std::string meant_text(Words word, const std::array<Words, N>& words) {
  const Words meant = nearest(word, words);
  return meant.empty() ? std::string() : "; did you mean '" + std::string(meant) + "'?";
}

template <std::size_t N>
std::string listed(const std::array<Words, N>& words) {
  std::string text;
  for (const Words word : words)
    text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

bool counts(Subject subject) {
  return subject == Subject::Conflicts || subject == Subject::Requests ||
         subject == Subject::Pairs || subject == Subject::Nominations ||
         subject == Subject::Retransmissions;
}

// Recursive descent over the tokens; the first fault is kept and ends everything.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), tokens_(split(text)) {}

  Result<Expectation, ExpectationError> parse() {
    Expectation e;
    e.text = std::string(text_);
    subject(e);
    if (!error_ && !accept("is"))
      fail("expected 'is'");
    if (!error_)
      value(e);
    if (!error_)
      time(e);
    if (!error_ && next_ < tokens_.size())
      fail("nothing more was expected");
    if (!error_)
      check_time(e);
    if (error_)
      return tl::unexpected(*error_);
    return e;
  }

 private:
  Words peek() const { return next_ < tokens_.size() ? tokens_[next_].text : Words{}; }
  bool accept(Words word) {
    if (peek() != word)
      return false;
    ++next_;
    return true;
  }
  void fail(const std::string& expected, const std::string& hint = {}) {
    if (error_)
      return;
    const std::size_t offset = next_ < tokens_.size() ? tokens_[next_].offset : text_.size();
    const std::string what = next_ < tokens_.size()
                                 ? "found '" + printable(tokens_[next_].text) + "'"
                                 : std::string("the expectation ends here");
    error_ = ExpectationError{offset, expected + ", " + what + hint};
  }

  void subject(Expectation& e) {
    const Words word = peek();
    const std::size_t dot = word.find('.');
    if (word == "finding" || word == "no") {
      fail("expectations on findings are not built yet; expected PEER.SUBJECT");
      return;
    }
    if (dot == Words::npos || dot == 0) {
      fail("expected PEER.SUBJECT (alice.ice)");
      return;
    }
    e.peer = std::string(word.substr(0, dot));
    const Words name = word.substr(dot + 1);
    const auto at = std::find(kSubjects.begin(), kSubjects.end(), name);
    if (at == kSubjects.end()) {
      const bool later = among(name.substr(0, name.find('.')), kLaterSubjects);
      fail(later ? "'" + printable(name) +
                       "' is part of the scenario format, but this version of Parley cannot judge "
                       "it yet; known subjects are " +
                       listed(kSubjects)
                 : "unknown subject '" + printable(name) + "'; known are " + listed(kSubjects),
           later ? std::string() : meant_text(name, kSubjects));
      return;
    }
    e.subject = static_cast<Subject>(at - kSubjects.begin());
    ++next_;
  }

  void value(Expectation& e) {
    switch (e.subject) {
      case Subject::Ice:
        return word_of(e, kIceStates, "a state of ICE");
      case Subject::Dtls:
        return word_of(e, kDtlsStates, "a state of DTLS");
      case Subject::Role:
        return word_of(e, kRoles, "a role");
      case Subject::Selected:
        return types(e);
      case Subject::ConnectTime:
      case Subject::Conflicts:
      case Subject::Requests:
      case Subject::Pairs:
      case Subject::Nominations:
      case Subject::Retransmissions:
        return amount(e);
    }
  }

  template <std::size_t N>
  void word_of(Expectation& e, const std::array<Words, N>& words, const std::string& what) {
    if (!among(peek(), words))
      return fail("expected " + what + " (" + listed(words) + ")", meant_text(peek(), words));
    e.value = std::string(tokens_[next_++].text);
  }

  void types(Expectation& e) {
    const Words word = peek();
    const std::size_t slash = word.find('/');
    if (slash == Words::npos || !among(word.substr(0, slash), kTypes) ||
        !among(word.substr(slash + 1), kTypes))
      return fail("expected TYPE/TYPE of " + listed(kTypes) + " (srflx/prflx)");
    e.value = std::string(word);
    ++next_;
  }

  void amount(Expectation& e) {
    if (accept("between")) {
      e.compare = Compare::Between;
      e.low = number(e.subject);
      if (!error_ && !accept("and"))
        fail("expected 'and'");
      e.high = error_ ? 0 : number(e.subject);
      return;
    }
    if (peek() == "at" && next_ + 1 < tokens_.size()) {
      const Words bound = tokens_[next_ + 1].text;
      if (bound == "least" || bound == "most") {
        e.compare = bound == "least" ? Compare::AtLeast : Compare::AtMost;
        next_ += 2;
      }
    }
    e.low = e.high = number(e.subject);
  }

  // A count, or seconds.
  double number(Subject subject) {
    if (counts(subject)) {
      const std::optional<std::uint64_t> count = parse_count(peek());
      if (!count)
        fail("expected a whole number");
      else
        ++next_;
      return static_cast<double>(count.value_or(0));
    }
    return to_seconds(duration());
  }

  Duration duration() {
    const std::optional<Duration> value = parse_duration(peek());
    if (!value)
      fail("expected " + std::string(kDurationForm));
    else
      ++next_;
    return value.value_or(Duration{});
  }

  void time(Expectation& e) {
    time_at_ = next_;
    if (next_ == tokens_.size() || accept("ever"))
      e.when = next_ == time_at_ ? When::AtEnd : When::Ever;
    else if (accept("never"))
      e.when = When::Never;
    else if (accept("within"))
      one_time(e, When::Within);
    else if (accept("for"))
      one_time(e, When::For);
    else if (accept("at")) {
      if (!accept("end"))
        one_time(e, When::At);
    } else if (accept("between")) {
      e.when = When::Between;
      e.from = duration();
      if (!error_ && !accept("and"))
        fail("expected 'and'");
      e.to = error_ ? Duration{} : duration();
      if (!error_ && e.from > e.to)
        fail("the first time comes after the second");
    } else {
      fail("expected a time (at end, at T, within T, between T and T, for T, ever, never)");
    }
  }

  void one_time(Expectation& e, When when) {
    e.when = when;
    e.to = duration();
  }

  // Counts grow; of them only the value at one time can be judged.
  void check_time(const Expectation& e) {
    const bool once = e.subject == Subject::ConnectTime;
    const bool fits = once                ? e.when == When::AtEnd
                      : counts(e.subject) ? e.when == When::AtEnd || e.when == When::At
                                          : true;
    if (fits)
      return;
    next_ = time_at_;
    fail(once ? "a connect-time has no time of its own" : "a count is judged at end or at T");
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t next_ = 0, time_at_ = 0;
  std::optional<ExpectationError> error_;
};

}  // namespace

Result<Expectation, ExpectationError> parse_expectation(std::string_view text) {
  return Parser(text).parse();
}

}  // namespace parley::sim
