#pragma once

// Reads a message field by field and notes each in a tree with its byte range. After the first
// field that the bytes do not hold, a fault stands in the tree and nothing more is read.

#include <algorithm>
#include <string>
#include <string_view>

#include "analyzer/dissect/field.h"
#include "analyzer/dissect/stun_attributes.h"

namespace parley::analyzer {

inline Field make_field(std::string_view name, std::string value, std::size_t offset,
                        std::size_t length) {
  return {std::string(name),
          std::move(value),
          static_cast<std::uint32_t>(offset),
          static_cast<std::uint32_t>(length),
          {},
          false};
}

inline Field make_fault(std::string_view name, std::string value, std::size_t offset,
                        std::size_t length) {
  Field field = make_field(name, std::move(value), offset, length);
  field.fault = true;
  return field;
}

class FieldReader {
 public:
  FieldReader(Bytes bytes, std::size_t base) : bytes_(bytes), base_(base) {}

  std::size_t remaining() const { return ok_ ? bytes_.size() - position_ : 0; }
  std::size_t offset() const { return base_ + position_; }
  bool ok() const { return ok_; }

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
  // The same for a list: what is behind the length goes into one field, which `fill` opens.
  template <class Fill>
  void list(Field& to, std::string_view name, std::size_t length_size, Fill fill) {
    const auto size =
        static_cast<std::size_t>(number(to, std::string(name) + " Length", length_size));
    const std::size_t at = offset();
    const Bytes part = take(to, name, size);
    if (part.empty())
      return;
    Field field = make_field(name, "", at, size);
    FieldReader inner(part, at);
    while (inner.remaining() > 0)
      fill(field, inner);
    field.value = std::to_string(field.children.size());
    to.children.push_back(std::move(field));
  }
  // Octets without a field of their own; a fault when there are not so many.
  Bytes take(Field& to, std::string_view name, std::size_t size) {
    if (!ok_)
      return {};
    const std::size_t left = bytes_.size() - position_;
    if (size > left) {
      to.children.push_back(make_fault(
          name,
          "expected " + std::to_string(size) + " bytes, " + std::to_string(left) + " are left",
          offset(), left));
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
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace parley::analyzer
