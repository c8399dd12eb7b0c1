#pragma once

// Reads a message field by field and notes each in a tree with its byte range. After the first
// field that the bytes do not hold, a fault stands in the tree and nothing more is read; where a
// snap length cut the message, the note "cut here" stands in its place.

#include <algorithm>
#include <string>
#include <string_view>

#include "analyzer/dissect/field.h"
#include "analyzer/dissect/stun_attributes.h"

namespace parley::analyzer {

class FieldReader {
 public:
  // `missing` octets follow on the wire and were not captured.
  FieldReader(Bytes bytes, std::size_t base, std::size_t missing = 0)
      : bytes_(bytes), base_(base), missing_(missing) {}

  std::size_t remaining() const { return ok_ ? bytes_.size() - position_ : 0; }
  std::size_t offset() const { return base_ + position_; }
  bool ok() const { return ok_; }
  // The next `size` octets as a number, without going past them; 0 if they are not there.
  std::uint64_t peek(std::size_t size) const {
    std::uint64_t value = 0;
    if (size <= remaining())
      for (const std::byte b : bytes_.subspan(position_, size))
        value = (value << 8U) | std::to_integer<std::uint64_t>(b);
    return value;
  }

  // An unsigned number of `size` octets; `format` makes its text.
  template <class Format>
  std::uint64_t number(Field& to, std::string_view name, std::size_t size, Format format) {
    const std::size_t at = offset();
    const Bytes octets = take(to, name, size);
    if (octets.empty())
      return 0;
    std::uint64_t value = 0;
    for (const std::byte b : octets)
      value = (value << 8U) | std::to_integer<std::uint64_t>(b);
    to.children.push_back(make_field(name, format(value), at, size));
    return value;
  }
  std::uint64_t number(Field& to, std::string_view name, std::size_t size) {
    return number(to, name, size, [](std::uint64_t v) { return std::to_string(v); });
  }
  // Octets shown in hexadecimal.
  Bytes octets(Field& to, std::string_view name, std::size_t size) {
    const std::size_t at = offset();
    const Bytes octets = take(to, name, size);
    if (!octets.empty())
      to.children.push_back(make_field(name, short_hex(octets), at, size));
    return octets;
  }
  // A length of `length_size` octets and so many octets behind it.
  Bytes counted(Field& to, std::string_view name, std::size_t length_size) {
    const std::uint64_t size = number(to, std::string(name) + " Length", length_size);
    return octets(to, name, static_cast<std::size_t>(size));
  }
  // `size` octets that `fill` opens with a reader of their own; fewer where the capture ends in
  // them. False: they are not there.
  template <class Fill>
  bool part(Field& to, std::string_view name, std::size_t size, Fill fill) {
    const std::size_t at = offset();
    const std::size_t left = remaining();
    const bool cut = ok_ && size > left && size <= left + missing_ && left > 0;
    const Bytes octets = cut ? bytes_.subspan(position_) : take(to, name, size);
    if (octets.empty())
      return false;
    FieldReader inner(octets, at, size - octets.size());
    fill(inner);
    if (cut) {
      position_ = bytes_.size();
      ok_ = false;
    }
    return true;
  }
  // The same for a list: what is behind the length goes into one field, which `fill` opens.
  template <class Fill>
  void list(Field& to, std::string_view name, std::size_t length_size, Fill fill) {
    const auto size =
        static_cast<std::size_t>(number(to, std::string(name) + " Length", length_size));
    Field field = make_field(name, "", offset(), std::min(size, remaining()));
    const bool there = part(to, name, size, [&](FieldReader& inner) {
      while (inner.remaining() > 0)
        fill(field, inner);
    });
    if (!there)
      return;
    field.value = std::to_string(field.children.size());
    if (field.length < size)
      field.value += ", " + cut_text(field.length, size);
    to.children.push_back(std::move(field));
  }
  // Octets without a field of their own; a fault when there are not so many.
  Bytes take(Field& to, std::string_view name, std::size_t size) {
    if (!ok_)
      return {};
    const std::size_t left = bytes_.size() - position_;
    if (size > left) {
      const bool cut = size - left <= missing_;
      const std::string expected =
          "expected " + std::to_string(size) + " bytes, " + std::to_string(left) + " are left";
      to.children.push_back(cut ? make_field(name, cut_text(left, size), offset(), left)
                                : make_fault(name, expected, offset(), left));
      ok_ = false;
      return {};
    }
    const Bytes octets = bytes_.subspan(position_, size);
    position_ += size;
    return octets;
  }
  // What nobody read is a fault.
  void finish(Field& to) {
    if (remaining() > 0)
      to.children.push_back(make_fault("Unexpected Bytes", short_hex(bytes_.subspan(position_)),
                                       offset(), remaining()));
  }

 private:
  Bytes bytes_;
  std::size_t base_;
  std::size_t missing_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace parley::analyzer
