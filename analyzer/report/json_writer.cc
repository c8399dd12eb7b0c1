#include "analyzer/report/json_writer.h"

#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "stack/base/bytes.h"
#include "stack/trace/json.h"

namespace parley::analyzer {

void JsonWriter::separate() {
  if (!fresh_)
    out_ += ", ";
  fresh_ = false;
}

void JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  fresh_ = true;
}

void JsonWriter::close(char bracket) {
  out_ += bracket;
  fresh_ = false;
}

void JsonWriter::key(std::string_view name) {
  separate();
  out_ += trace::json_string(name);
  out_ += ": ";
  fresh_ = true;
}

void JsonWriter::null() {
  separate();
  out_ += "null";
}

void JsonWriter::value(std::string_view text) {
  separate();
  out_ += trace::json_string(printable(text));
}

void JsonWriter::value(bool flag) {
  separate();
  out_ += flag ? "true" : "false";
}

void JsonWriter::value(double number) {
  if (!std::isfinite(number)) {
    null();
    return;
  }
  separate();
  // Nanoseconds of a time, thousandths of a microsecond of a round trip.
  std::string text = fmt::format("{:.9f}", number);
  while (text.ends_with('0'))
    text.pop_back();
  if (text.ends_with('.'))
    text.pop_back();
  out_ += text == "-0" ? "0" : text;
}

void JsonWriter::value(const std::vector<std::string>& texts) {
  begin_array();
  for (const std::string& text : texts)
    value(text);
  end_array();
}

void JsonWriter::integer(std::int64_t number) {
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", number);
}

void JsonWriter::natural(std::uint64_t number) {
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", number);
}

}  // namespace parley::analyzer
