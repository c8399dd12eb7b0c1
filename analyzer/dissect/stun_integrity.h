#pragma once

// What a password says about the integrity of a STUN message, in words.

#include <string>

#include "analyzer/dissect/field.h"
#include "stack/wire/stun.h"

namespace parley::analyzer {

// Adds to the field of MESSAGE-INTEGRITY, MESSAGE-INTEGRITY-SHA256 or GOOG-MESSAGE-INTEGRITY-32
// whether a password fits. `view` is the whole message.
void judge_integrity(Field& field, const stun::MessageView& view,
                     const stun::AttributeView& attribute, const DissectOptions& options);

// Notes the long-term credential of a request for the response.
void remember_credential(const stun::MessageView& view, const DissectOptions& options);

}  // namespace parley::analyzer
