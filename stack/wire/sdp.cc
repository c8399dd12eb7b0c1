#include "stack/wire/sdp.h"

#include <algorithm>
#include <array>

namespace parley::sdp {
namespace {

// RFC 8866 section 9: the order of lines before the first "m=", and of those that follow each.
constexpr std::string_view kSessionOrder = "vosiuepcbtrzka";
constexpr std::string_view kMediaOrder = "micbka";

bool is_letter(char c) {
  return c >= 'a' && c <= 'z';
}

std::uint32_t offset_in(const Line& line, std::string_view part) {
  return line.value_offset() + static_cast<std::uint32_t>(part.data() - line.value.data());
}

struct FaultList {
  std::vector<WireError> list;
  void add(WireFault fault, std::uint32_t offset, std::string_view expected) {
    if (list.size() < Description::kMaxFaults)
      list.push_back({fault, offset, expected});
  }
};

void check_order(const Section& lines, std::string_view order, FaultList& faults) {
  std::size_t reached = 0;
  for (const Line& line : lines) {
    const std::size_t place = order.find(line.type);
    if (place == std::string_view::npos) {
      faults.add(WireFault::BadValue, line.offset, "a line type of RFC 8866 section 5");
      continue;
    }
    // Time descriptions repeat as a whole: t=, r=, z=, t=, r= (RFC 8866 section 9).
    const std::string_view times = "trz";
    const bool repeats = times.find(line.type) != std::string_view::npos &&
                         times.find(order[reached]) != std::string_view::npos;
    if (place < reached && !repeats)
      faults.add(WireFault::BadValue, line.offset, "lines in the order of RFC 8866 section 9");
    reached = std::max(reached, place);
  }
}

void check_session(const Description& description, FaultList& faults) {
  const Section session = description.session();
  for (const char required : {'v', 'o', 's', 't'})
    if (session.find(required) == nullptr) {
      constexpr std::array<std::pair<char, std::string_view>, 4> kNames{
          {{'v', "a v= line"}, {'o', "an o= line"}, {'s', "an s= line"}, {'t', "a t= line"}}};
      for (const auto& [type, name] : kNames)
        if (type == required)
          faults.add(WireFault::Truncated, session.empty() ? 0 : (session.end() - 1)->end(), name);
    }
  if (const Line* version = session.find('v'); version != nullptr && version->value != "0")
    faults.add(WireFault::BadValue, version->value_offset(), "version 0");
  check_order(session, kSessionOrder, faults);
}

}  // namespace

std::optional<Attribute> attribute_of(const Line& line) {
  if (line.type != 'a' || line.value.empty() || line.value.front() == ':')
    return std::nullopt;
  Attribute attribute;
  const std::size_t colon = line.value.find(':');
  attribute.name = line.value.substr(0, colon);
  attribute.offset = line.value_offset();
  attribute.value_offset = line.end();
  if (colon != std::string_view::npos) {
    attribute.value = line.value.substr(colon + 1);
    attribute.value_offset = line.value_offset() + static_cast<std::uint32_t>(colon) + 1;
  }
  return attribute;
}

std::vector<std::string_view> words_of(std::string_view value) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t space = value.find(' ');
    words.push_back(value.substr(0, space));
    if (space == std::string_view::npos)
      return words;
    value.remove_prefix(space + 1);
  }
}

std::optional<std::uint64_t> number_of(std::string_view digits, std::uint64_t max) {
  if (digits.empty())
    return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9')
      return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (number > (max - std::min(digit, max)) / 10)
      return std::nullopt;
    number = number * 10 + digit;
  }
  return number <= max ? std::optional(number) : std::nullopt;
}

Result<MediaLine> MediaLine::decode(const Line& line) {
  const std::vector<std::string_view> words = words_of(line.value);
  MediaLine result;
  if (words.size() < 4)
    return wire_error(WireFault::Truncated, line.end(), "media, port, protocol and formats");
  if (std::any_of(words.begin(), words.end(), [](std::string_view w) { return w.empty(); }))
    return wire_error(WireFault::BadValue, line.value_offset(), "single spaces between fields");
  result.media = words[0];
  const std::size_t slash = words[1].find('/');
  const auto port = number_of(words[1].substr(0, slash), 65535);
  if (!port)
    return wire_error(WireFault::BadValue, offset_in(line, words[1]), "a port of 0 to 65535");
  result.port = static_cast<std::uint16_t>(*port);
  if (slash != std::string_view::npos) {
    const auto count = number_of(words[1].substr(slash + 1), 65535);
    if (!count || *count == 0)
      return wire_error(WireFault::BadValue, offset_in(line, words[1]), "a number of ports");
    result.port_count = static_cast<std::uint32_t>(*count);
  }
  result.protocol = words[2];
  result.formats.assign(words.begin() + 3, words.end());
  return result;
}

Result<ConnectionLine> ConnectionLine::decode(const Line& line) {
  const std::vector<std::string_view> words = words_of(line.value);
  if (words.size() != 3 || words[2].empty())
    return wire_error(WireFault::BadValue, line.value_offset(),
                      "network type, address type and address");
  return ConnectionLine{words[0], words[1], words[2]};
}

Result<OriginLine> OriginLine::decode(const Line& line) {
  const std::vector<std::string_view> words = words_of(line.value);
  if (words.size() != 6)
    return wire_error(WireFault::BadValue, line.value_offset(),
                      "user name, session id, version, network type, address type, address");
  OriginLine result;
  result.username = words[0];
  result.session_id = words[1];
  result.session_version = words[2];
  result.connection = {words[3], words[4], words[5]};
  const auto is_number = [](std::string_view word) {
    return !word.empty() &&
           std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (!is_number(result.session_id))
    return wire_error(WireFault::BadValue, offset_in(line, words[1]), "a numeric session id");
  if (!is_number(result.session_version))
    return wire_error(WireFault::BadValue, offset_in(line, words[2]), "a numeric version");
  return result;
}

const Line* Section::find(char type) const {
  const Line* line = std::find_if(begin(), end(), [&](const Line& l) { return l.type == type; });
  return line == end() ? nullptr : line;
}

std::optional<Attribute> Section::attribute(std::string_view name) const {
  for (const Line& line : *this)
    if (const auto found = attribute_of(line); found && found->name == name)
      return found;
  return std::nullopt;
}

std::optional<std::string_view> Section::value(std::string_view name) const {
  const std::optional<Attribute> found = attribute(name);
  return found ? found->value : std::nullopt;
}

std::vector<Attribute> Section::attributes(std::string_view name) const {
  std::vector<Attribute> found;
  for (const Line& line : *this)
    if (const auto one = attribute_of(line); one && one->name == name)
      found.push_back(*one);
  return found;
}

Result<Description> Description::decode(std::string_view text) {
  if (text.size() > kMaxText)
    return wire_error(WireFault::BadLength, kMaxText, "a description of at most 4 MiB");
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
    return wire_error(WireFault::BadValue, nul, "text without NUL");
  Description result;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    const std::size_t next = std::min(end + 1, text.size());
    if (end > at && text[end - 1] == '\r')
      --end;
    if (end == at) {
      if (text.find_first_not_of("\r\n", at) != std::string_view::npos)
        return wire_error(WireFault::BadValue, at, "no empty line before the end");
      break;
    }
    if (end - at < 2 || !is_letter(text[at]) || text[at + 1] != '=')
      return wire_error(WireFault::BadMagic, at, "a line such as a=mid:0");
    if (result.lines_.size() == kMaxLines)
      return wire_error(WireFault::BadLength, at, "at most 50,000 lines");
    if (text[at] == 'm')
      result.media_.push_back(result.lines_.size());
    result.lines_.push_back(
        {text[at], text.substr(at + 2, end - at - 2), static_cast<std::uint32_t>(at)});
    at = next;
  }
  if (result.lines_.empty())
    return wire_error(WireFault::Truncated, 0, "a line such as v=0");
  return result;
}

Section Description::media(std::size_t index) const {
  if (index >= media_.size())
    return {};
  return section(media_[index], index + 1 < media_.size() ? media_[index + 1] : lines_.size());
}

std::optional<std::string_view> Description::inherited(std::size_t index,
                                                       std::string_view name) const {
  if (const auto own = media(index).value(name))
    return own;
  return session().value(name);
}

std::vector<Attribute> Description::inherited_all(std::size_t index, std::string_view name) const {
  std::vector<Attribute> own = media(index).attributes(name);
  return own.empty() ? session().attributes(name) : own;
}

std::vector<WireError> Description::faults() const {
  FaultList faults;
  if (is_description())
    check_session(*this, faults);
  for (std::size_t i = 0; i < media_count(); ++i)
    check_order(media(i), kMediaOrder, faults);
  std::stable_sort(faults.list.begin(), faults.list.end(),
                   [](const WireError& x, const WireError& y) { return x.offset < y.offset; });
  return std::move(faults.list);
}

Writer& Writer::line(char type, std::string_view value) {
  text_ += type;
  text_ += '=';
  text_ += value;
  text_ += "\r\n";
  return *this;
}

Writer& Writer::attribute(std::string_view name) {
  return line('a', name);
}

Writer& Writer::attribute(std::string_view name, std::string_view value) {
  text_ += "a=";
  text_ += name;
  text_ += ':';
  text_ += value;
  text_ += "\r\n";
  return *this;
}

}  // namespace parley::sdp
