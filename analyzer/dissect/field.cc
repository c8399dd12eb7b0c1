#include "analyzer/dissect/field.h"

#include <algorithm>

namespace parley::analyzer {
namespace {

std::string range_of(const Field& field) {
  std::string text = "[";
  text += std::to_string(field.offset);
  text += "..";
  text += std::to_string(field.offset + field.length);
  text += ")";
  return text;
}

std::size_t widest_range(const Field& field) {
  std::size_t widest = range_of(field).size();
  for (const Field& child : field.children)
    widest = std::max(widest, widest_range(child));
  return widest;
}

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kRed = "\x1b[1;31m";
constexpr std::string_view kPlain = "\x1b[0m";

struct Layout {
  std::size_t width = 0;  // of the column of ranges
  bool color = false;
};

void append_text(std::string& out, const Field& field, std::size_t depth, const Layout& layout) {
  std::string range = range_of(field);
  range.resize(layout.width, ' ');
  out.append(2 * depth, ' ').append(range).append(field.fault ? " ! " : "  ");
  if (layout.color)
    out.append(field.fault ? kRed : kBold).append(field.name).append(kPlain);
  else
    out.append(field.name);
  if (!field.value.empty())
    out.append(": ").append(field.value);
  out += '\n';
  for (const Field& child : field.children)
    append_text(out, child, depth + 1, layout);
}

// The text is valid UTF-8 already (parley::printable); JSON wants these escaped besides.
void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (code < 0x20U) {
      out += "\\u00";
      out += kDigits[code >> 4U];
      out += kDigits[code & 15U];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_json(std::string& out, const Field& field) {
  out += "{\"name\": ";
  append_json_string(out, field.name);
  out += ", \"value\": ";
  append_json_string(out, field.value);
  out.append(", \"offset\": ").append(std::to_string(field.offset));
  out.append(", \"length\": ").append(std::to_string(field.length));
  if (field.within != Within::Packet)
    out += field.within == Within::Message ? ", \"within\": \"message\""
                                           : ", \"within\": \"datagram\"";
  out += ", \"children\": [";
  for (std::size_t i = 0; i < field.children.size(); ++i) {
    out += i == 0 ? "" : ", ";
    append_json(out, field.children[i]);
  }
  out += field.fault ? "], \"fault\": true}" : "]}";
}

}  // namespace

std::string cut_text(std::size_t captured, std::size_t size) {
  return "cut here: " + std::to_string(captured) + " of " + std::to_string(size) +
         " bytes captured";
}

void propagate_faults(Field& root) {
  for (Field& child : root.children) {
    propagate_faults(child);
    root.fault = root.fault || child.fault;
  }
}

std::string to_text(const Field& field, std::size_t depth, bool color) {
  std::string out;
  append_text(out, field, depth, {widest_range(field), color});
  return out;
}

std::string to_json(const Field& field) {
  std::string out;
  append_json(out, field);
  return out;
}

}  // namespace parley::analyzer
