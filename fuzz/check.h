#pragma once

// What fuzz targets check beside not crashing.

#include <cstdlib>

#include "analyzer/dissect/field.h"
#include "stack/base/bytes.h"

namespace parley::fuzz {

inline void require(bool condition) {
  if (!condition)
    std::abort();
}

// Every field lies inside the bytes that were dissected.
inline void require_inside(const analyzer::Field& field, std::size_t begin, std::size_t end) {
  require(field.offset >= begin && field.offset + std::size_t{field.length} <= end);
  for (const analyzer::Field& child : field.children)
    require_inside(child, begin, end);
}

inline Bytes input(const unsigned char* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}

}  // namespace parley::fuzz
