#include "stack/stun/server.h"

#include <vector>

#include "stack/wire/stun.h"

namespace parley::stun {

void Server::on_datagram(Instant /*now*/, const Datagram& datagram, Outbox& out) {
  if (!MessageView::looks_like(datagram.payload))
    return;
  const Result<MessageView> request = MessageView::decode(datagram.payload);
  if (!request || !request->has_cookie() || request->message_class() != Class::Request ||
      request->method() != Method::Binding || request->verify_fingerprint() == Verification::Bad)
    return;

  ByteBuffer reply;
  const std::vector<std::uint16_t> unknown = request->unknown_required();
  if (unknown.empty()) {
    MessageBuilder builder(reply, Class::Success, Method::Binding, request->transaction_id());
    builder.address(Attribute::XorMappedAddress, datagram.remote);
    if (config_.fingerprint)
      builder.fingerprint();
    out.send(datagram.local, datagram.remote, builder.finish());
  } else {
    // RFC 8489 section 6.3.1. Without a reason phrase, and with two octets for an attribute that
    // took four, the answer stays near the request's size: nobody gains by aiming it at a victim.
    MessageBuilder builder(reply, Class::Error, Method::Binding, request->transaction_id());
    builder.error_code(420, "").unknown_attributes(unknown);
    if (config_.fingerprint)
      builder.fingerprint();
    out.send(datagram.local, datagram.remote, builder.finish());
  }
  ++answered_;
}

}  // namespace parley::stun
