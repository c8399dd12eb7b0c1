#pragma once

// Fields of a dissected tree by name, for tests.

#include <string>
#include <string_view>

#include "analyzer/dissect/field.h"

namespace parley::analyzer {

// The first of that name, in the order of the bytes; nullptr where there is none.
inline const Field* find(const Field& field, std::string_view name) {
  if (field.name == name)
    return &field;
  for (const Field& part : field.children)
    if (const Field* found = find(part, name))
      return found;
  return nullptr;
}

inline std::string value(const Field& root, std::string_view name) {
  const Field* field = find(root, name);
  return field == nullptr ? "(absent)" : field->value;
}

}  // namespace parley::analyzer
