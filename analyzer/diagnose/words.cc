#include "analyzer/diagnose/words.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "stack/base/bytes.h"

namespace parley::analyzer {
namespace {

// The last `parts` parts of a path.
std::string_view tail_of(std::string_view file, std::size_t parts) {
  std::size_t at = file.size();
  while (parts > 0 && at != 0) {
    const auto slash = file.substr(0, at).find_last_of('/');
    if (slash == std::string_view::npos)
      return file;
    at = slash;
    --parts;
  }
  return file.substr(std::min(at + 1, file.size()));
}

std::string_view without_ending(std::string_view file) {
  for (const std::string_view ending : {".gz", ".zst", ".pcapng", ".pcap", ".cap"})
    if (file.size() > ending.size() && file.ends_with(ending))
      file.remove_suffix(ending.size());
  return file;
}

// Whether `text_of` tells `capture` apart from all others.
template <class TextOf>
bool tells_apart(const std::vector<Capture>& captures, const Capture& capture, TextOf text_of) {
  return std::none_of(captures.begin(), captures.end(), [&](const Capture& c) {
    return &c != &capture && text_of(c) == text_of(capture);
  });
}

std::string label_of(const std::vector<Capture>& captures, const Capture& capture) {
  const auto name = [](const Capture& c) { return tail_of(c.file, 1); };
  const auto stem = [&](const Capture& c) { return without_ending(name(c)); };
  if (tells_apart(captures, capture, stem))
    return printable(stem(capture));
  if (tells_apart(captures, capture, name))
    return printable(name(capture));
  constexpr std::size_t kMostParts = 16;
  for (std::size_t parts = 2; parts <= kMostParts; ++parts) {
    const auto tail = [&](const Capture& c) { return without_ending(tail_of(c.file, parts)); };
    if (tells_apart(captures, capture, tail))
      return printable(tail(capture));
  }
  return printable(capture.file);
}

}  // namespace

std::string counted(std::uint64_t n, std::string_view noun) {
  if (n == 1)
    return fmt::format("1 {}", noun);
  if (noun.size() > 2 && noun.ends_with('y') &&
      std::string_view("aeiou").find(noun[noun.size() - 2]) == std::string_view::npos)
    return fmt::format("{} {}ies", n, noun.substr(0, noun.size() - 1));
  return fmt::format("{} {}s", n, noun);
}

std::string listed(const std::vector<std::string>& items, std::size_t limit) {
  std::string out;
  const bool cut = items.size() > limit;
  const std::size_t shown = cut ? limit : items.size();
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0)
      out += !cut && i + 1 == shown ? " and " : ", ";
    out += items[i];
  }
  if (cut)
    out += fmt::format(" and {} more", items.size() - limit);
  return out;
}

std::string number(double value) {
  return value < 99.95 ? fmt::format("{:.1f}", value) : fmt::format("{:.0f}", value);
}

std::string capitals(std::string_view word) {
  std::string out(word);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

std::string span_text(Duration d) {
  const double seconds = to_seconds(d);
  return seconds < 1 ? number(seconds * 1000) + " ms" : number(seconds) + " s";
}

std::string without_gaps(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool closes = c == '.' || c == ',' || c == ';' || c == ' ';
    if (closes && out.ends_with(' '))
      out.pop_back();
    out += c;
  }
  return out;
}

bool is_inferred(const Inferred& inferred, std::string_view member) {
  return std::find(inferred.begin(), inferred.end(), member) != inferred.end();
}

std::string type_word(const Candidate& candidate) {
  if (!candidate.type)
    return "?";
  std::string word(trace::to_string(*candidate.type));
  if (is_inferred(candidate.inferred, "type"))
    word += '?';
  return word;
}

std::string address_word(const Candidate& candidate) {
  if (!candidate.address && candidate.channel)
    return fmt::format("channel {:#06x}", *candidate.channel);
  if (candidate.address)
    return to_string(*candidate.address);
  return candidate.mdns_name ? printable(*candidate.mdns_name) : "?";
}

std::string candidate_text(const Candidate& candidate) {
  return type_word(candidate) + " " + address_word(candidate);
}

std::string_view role_word(trace::IceRole role) {
  return role == trace::IceRole::Controlling ? "controlling" : "controlled";
}

std::vector<std::string> capture_labels(const std::vector<Capture>& captures) {
  std::vector<std::string> labels;
  labels.reserve(captures.size());
  for (const Capture& capture : captures)
    labels.push_back(label_of(captures, capture));
  return labels;
}

Citation::Citation(const std::vector<Capture>& captures, Instant origin) : origin_(origin) {
  if (captures.size() > 1)
    names_ = capture_labels(captures);
  for (const Capture& capture : captures) {
    for (const CapturePoint& point : capture.points) {
      std::string place = name(capture.index);
      if (!point.name.empty())
        place += (place.empty() ? "" : " ") + printable(point.name);
      places_.try_emplace(point.id, std::move(place));
    }
  }
}

std::string Citation::place(PointId point) const {
  const auto known = places_.find(point);
  return known == places_.end() ? name(point) : known->second;
}

std::string Citation::time(Instant at) const {
  return fmt::format("{:.3f}", to_seconds(at - origin_));
}

std::string Citation::name(std::uint32_t capture) const {
  return capture < names_.size() ? names_[capture] : std::string();
}

std::string Citation::plain(const PacketRef& packet) const {
  const std::string capture = name(packet.capture);
  return capture.empty() ? std::to_string(packet.packet)
                         : fmt::format("{} {}", capture, packet.packet);
}

std::string Citation::ref(const std::optional<PacketRef>& packet) const {
  return packet && packet->packet > 0 ? "[" + plain(*packet) + "]" : std::string();
}

std::string Citation::range(const std::optional<PacketRef>& first,
                            const std::optional<PacketRef>& last) const {
  if (!first || !last || *first == *last)
    return ref(first ? first : last);
  if (first->capture == last->capture)
    return fmt::format("[{}..{}]", plain(*first), last->packet);
  return fmt::format("[{} .. {}]", plain(*first), plain(*last));
}

std::string Citation::list(const std::vector<PacketRef>& packets, std::size_t limit) const {
  if (packets.empty() || packets.front().packet == 0)
    return {};
  std::string out = "[";
  const std::size_t shown = std::min(limit, packets.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const bool same = i > 0 && packets[i].capture == packets[i - 1].capture;
    out += (i > 0 ? ", " : "") + (same ? std::to_string(packets[i].packet) : plain(packets[i]));
  }
  if (packets.size() > shown)
    out += fmt::format(" and {} more", packets.size() - shown);
  return out + "]";
}

}  // namespace parley::analyzer
