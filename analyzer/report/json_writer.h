#pragma once

// Writes JSON into a string as it goes: no tree, one pass, keys in the order of the calls. Any text
// may be given: what is not printable is escaped by parley::printable first, so that the document
// is valid UTF-8 and valid JSON. The caller keeps begin and end balanced.

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::analyzer {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  // Inside an object, before its value.
  void key(std::string_view name);

  void null();
  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(bool flag);
  void value(double number);  // null when it is not finite
  template <std::integral T>
  void value(T number) {
    if constexpr (std::signed_integral<T>)
      integer(static_cast<std::int64_t>(number));
    else
      natural(static_cast<std::uint64_t>(number));
  }
  template <class T>
  void value(const std::optional<T>& maybe) {
    if (maybe)
      value(*maybe);
    else
      null();
  }
  void value(const std::vector<std::string>& texts);

  template <class T>
  void member(std::string_view name, const T& item) {
    key(name);
    value(item);
  }
  void null_member(std::string_view name) {
    key(name);
    null();
  }
  void empty_array(std::string_view name) {
    key(name);
    begin_array();
    end_array();
  }

 private:
  void separate();
  void open(char bracket);
  void close(char bracket);
  void integer(std::int64_t number);
  void natural(std::uint64_t number);

  std::string& out_;
  bool fresh_ = true;  // nothing stands before the next item in its container
};

}  // namespace parley::analyzer
