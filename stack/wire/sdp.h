#pragma once

// Session descriptions (RFC 8866) and the fragments of trickle ICE (RFC 8840 section 4): a text of
// lines, taken apart without losing one. Every line keeps its place, unknown ones included, so that
// a description that is written again is the same text. What the values of attributes mean is in
// sdp_attributes.h.
//
// Views borrow the text. Offsets count its octets. Line ends are CRLF; a bare LF is read too
// (RFC 8866 section 5).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stack/base/result.h"

namespace parley::sdp {

// Descriptions of browsers have some hundred lines; with simulcast and many participants thousands.
inline constexpr std::size_t kMaxText = std::size_t{4} << 20U;
inline constexpr std::size_t kMaxLines = 50'000;

// "a=mid:0" has type 'a' and value "mid:0".
struct Line {
  char type = 0;
  std::string_view value;
  std::uint32_t offset = 0;  // of the type; the value begins two octets later

  std::uint32_t value_offset() const { return offset + 2; }
  std::uint32_t end() const { return value_offset() + static_cast<std::uint32_t>(value.size()); }
};

// "a=name" or "a=name:value" (RFC 8866 section 5.13).
struct Attribute {
  std::string_view name;
  std::optional<std::string_view> value;  // absent for a property attribute
  std::uint32_t offset = 0;               // of the name
  std::uint32_t value_offset = 0;         // of the value; of the end where there is none
};

// nullopt where `line` is no "a=" line or has no name.
std::optional<Attribute> attribute_of(const Line& line);

// "m=audio 9 UDP/TLS/RTP/SAVPF 111 63" (RFC 8866 section 5.14).
struct MediaLine {
  std::string_view media;
  std::uint16_t port = 0;        // 0: the section is rejected or bundle-only
  std::uint32_t port_count = 1;  // "9/2"
  std::string_view protocol;
  std::vector<std::string_view> formats;

  static Result<MediaLine> decode(const Line& line);
};

// "c=IN IP4 203.0.113.1/127" (RFC 8866 section 5.7).
struct ConnectionLine {
  std::string_view network_type, address_type, address;

  static Result<ConnectionLine> decode(const Line& line);
};

// "o=- 2686843187881128106 2 IN IP4 127.0.0.1" (RFC 8866 section 5.2).
struct OriginLine {
  std::string_view username;
  std::string_view session_id;  // digits; may exceed 64 bits in the field
  std::string_view session_version;
  ConnectionLine connection;

  static Result<OriginLine> decode(const Line& line);
};

// The lines of the session, or of one media description with its "m=" line first.
class Section {
 public:
  Section() = default;
  Section(const Line* first, const Line* last) : first_(first), last_(last) {}

  const Line* begin() const { return first_; }
  const Line* end() const { return last_; }
  bool empty() const { return first_ == last_; }
  std::size_t size() const { return static_cast<std::size_t>(last_ - first_); }

  // The first line of that type.
  const Line* find(char type) const;
  // The first attribute of that name (names are case-sensitive, RFC 8866 section 9.1 through 5.13).
  std::optional<Attribute> attribute(std::string_view name) const;
  // Its value; nullopt also for an attribute that has none.
  std::optional<std::string_view> value(std::string_view name) const;
  bool has(std::string_view name) const { return attribute(name).has_value(); }
  // All of that name, in order.
  std::vector<Attribute> attributes(std::string_view name) const;

 private:
  const Line* first_ = nullptr;
  const Line* last_ = nullptr;
};

class Description {
 public:
  // Fails on what is no text of lines at all: a line that is not a letter, "=" and a value, a NUL
  // octet, more than kMaxText octets or kMaxLines lines. Blank lines at the end are allowed for.
  static Result<Description> decode(std::string_view text);

  const std::vector<Line>& lines() const { return lines_; }
  // What stands before the first "m=".
  Section session() const { return section(0, media_count() == 0 ? lines_.size() : media_[0]); }
  std::size_t media_count() const { return media_.size(); }
  Section media(std::size_t index) const;
  // True when a "v=" line comes first: else the text is a fragment (RFC 8840).
  bool is_description() const { return !lines_.empty() && lines_.front().type == 'v'; }

  // The value of an attribute for one media description: its own, else the session's (as RFC 8839
  // section 5.4, RFC 8122 section 5 and RFC 8842 section 5.1 define for ICE, fingerprint and
  // setup).
  std::optional<std::string_view> inherited(std::size_t media, std::string_view name) const;
  std::vector<Attribute> inherited_all(std::size_t media, std::string_view name) const;

  // What RFC 8866 section 9 does not allow of the lines as a whole: a required one that is missing,
  // an order that is another, an unknown type. Whether a value is right its decode() says. Empty
  // for a description as a browser writes it; at most kMaxFaults are listed, by offset.
  static constexpr std::size_t kMaxFaults = 100;
  std::vector<WireError> faults() const;

 private:
  Section section(std::size_t first, std::size_t last) const {
    return {lines_.data() + first, lines_.data() + last};
  }

  std::vector<Line> lines_;
  std::vector<std::size_t> media_;  // indices of "m=" lines
};

// Writes lines, each ended by CRLF.
class Writer {
 public:
  Writer& line(char type, std::string_view value);
  // "a=name" and "a=name:value".
  Writer& attribute(std::string_view name);
  Writer& attribute(std::string_view name, std::string_view value);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// The words of a value between single spaces; empty words (two spaces in a row) are kept.
std::vector<std::string_view> words_of(std::string_view value);
// Decimal digits only, no sign, at most `max`.
std::optional<std::uint64_t> number_of(std::string_view digits, std::uint64_t max = ~0ULL);

}  // namespace parley::sdp
