#include "stack/ice/messages.h"

#include <string>
#include <string_view>

namespace parley::ice {

using stun::Attribute;
using stun::MessageBuilder;
using trace::IceRole;

ByteBuffer encode_check(const CheckRequest& request, const Credentials& local,
                        const Credentials& remote) {
  ByteBuffer bytes;
  MessageBuilder builder(bytes, stun::Class::Request, stun::Method::Binding, request.id);
  // RFC 8445 section 7.2.2: the receiver's fragment first.
  builder.text(Attribute::Username, remote.ufrag + ":" + local.ufrag);
  builder.u32(Attribute::Priority, request.priority);
  builder.u64(
      request.role == IceRole::Controlling ? Attribute::IceControlling : Attribute::IceControlled,
      request.tie_breaker);
  if (request.use_candidate)
    builder.flag(Attribute::UseCandidate);
  builder.message_integrity(as_bytes(remote.password)).fingerprint();
  (void)builder.finish();
  return bytes;
}

ByteBuffer encode_keepalive(const stun::TransactionId& id) {
  ByteBuffer bytes;
  MessageBuilder builder(bytes, stun::Class::Indication, stun::Method::Binding, id);
  builder.fingerprint();
  (void)builder.finish();
  return bytes;
}

namespace {

// RFC 8445 section 7.3: the part in front of the colon has to be our fragment.
bool names_us(std::string_view username, const Credentials& local) {
  return username.size() > local.ufrag.size() && username.starts_with(local.ufrag) &&
         username[local.ufrag.size()] == ':';
}

// RFC 8489 section 9.1.3.
std::uint16_t authenticate(const stun::MessageView& request, const Credentials& local) {
  const std::optional<std::string_view> username = request.username();
  const stun::Verification integrity = request.verify_integrity(as_bytes(local.password));
  if (!username || integrity == stun::Verification::Absent)
    return 400;
  if (!names_us(*username, local) || integrity != stun::Verification::Good)
    return 401;
  return 0;
}

}  // namespace

IncomingCheck examine(const stun::MessageView& request, const Credentials& local) {
  IncomingCheck check;
  check.error = authenticate(request, local);
  if (check.error != 0)
    return check;
  check.unknown = request.unknown_required();
  if (!check.unknown.empty()) {
    check.error = 420;
    return check;
  }
  const std::optional<std::uint32_t> priority = request.priority();
  if (!priority) {
    check.error = 400;  // RFC 8445 section 7.1.1: MUST be there
    return check;
  }
  check.priority = *priority;
  check.use_candidate = request.has(Attribute::UseCandidate);
  if (const auto controlling = request.u64(Attribute::IceControlling)) {
    check.role = IceRole::Controlling;
    check.tie_breaker = *controlling;
  } else if (const auto controlled = request.u64(Attribute::IceControlled)) {
    check.role = IceRole::Controlled;
    check.tie_breaker = *controlled;
  }
  return check;
}

ByteBuffer encode_success(const stun::TransactionId& id, const Endpoint& mapped,
                          const Credentials& local) {
  ByteBuffer bytes;
  MessageBuilder builder(bytes, stun::Class::Success, stun::Method::Binding, id);
  builder.address(Attribute::XorMappedAddress, mapped);
  builder.message_integrity(as_bytes(local.password)).fingerprint();
  (void)builder.finish();
  return bytes;
}

ByteBuffer encode_error(const stun::TransactionId& id, std::uint16_t code,
                        const std::vector<std::uint16_t>& unknown, const Credentials& local) {
  ByteBuffer bytes;
  MessageBuilder builder(bytes, stun::Class::Error, stun::Method::Binding, id);
  const bool authenticated = code != 400 && code != 401;
  builder.error_code(code, code == 487 ? "Role Conflict" : "");
  if (!unknown.empty())
    builder.unknown_attributes(unknown);
  if (authenticated)
    builder.message_integrity(as_bytes(local.password));
  builder.fingerprint();
  (void)builder.finish();
  return bytes;
}

}  // namespace parley::ice
