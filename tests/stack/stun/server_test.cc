#include "stack/stun/server.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "stack/wire/stun.h"
#include "tests/stack/machine_contract.h"

namespace parley {
namespace {

using stun::Attribute;
using stun::MessageBuilder;
using stun::MessageView;

// noexcept: constants are made of it; a wrong text ends the test program.
Endpoint endpoint(std::string_view text) noexcept {
  return *Endpoint::parse(text);
}

const Endpoint kServer = endpoint("203.0.113.10:3478");
const Endpoint kClient = endpoint("198.51.100.1:50000");
const stun::TransactionId kId = {std::byte{1}, std::byte{2}, std::byte{3}};

ByteBuffer message(stun::Class c, const std::function<void(MessageBuilder&)>& fill = {},
                   stun::Method method = stun::Method::Binding) {
  ByteBuffer bytes;
  MessageBuilder builder(bytes, c, method, kId);
  if (fill)
    fill(builder);
  (void)builder.finish();
  return bytes;
}

std::optional<ByteBuffer> ask(stun::Server& server, Bytes request, const Endpoint& from = kClient) {
  Outbox out;
  server.on_datagram(Instant{}, {kServer, from, request}, out);
  std::optional<ByteBuffer> reply;
  out.take_datagrams([&](const Datagram& d) {
    EXPECT_EQ(d.local, kServer);
    EXPECT_EQ(d.remote, from);
    EXPECT_FALSE(reply.has_value());
    reply = to_buffer(d.payload);
  });
  return reply;
}

TEST(StunServer, TellsTheClientItsAddress) {
  for (const char* from : {"198.51.100.1:50000", "[2001:db8::7]:1024"}) {
    stun::Server server;
    const auto reply = ask(server, message(stun::Class::Request), *Endpoint::parse(from));
    ASSERT_TRUE(reply.has_value());
    const MessageView view = *MessageView::decode(*reply);
    EXPECT_EQ(view.message_class(), stun::Class::Success);
    EXPECT_EQ(view.transaction_id(), kId);
    EXPECT_EQ(view.xor_mapped_address(), Endpoint::parse(from));
    EXPECT_EQ(view.verify_fingerprint(), stun::Verification::Good);
  }
}

TEST(StunServer, LeavesOutTheFingerprintIfToldSo) {
  stun::Server server({false});
  const auto reply = ask(server, message(stun::Class::Request));
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(MessageView::decode(*reply)->verify_fingerprint(), stun::Verification::Absent);
}

TEST(StunServer, AnswersARetransmissionWithTheSameBytes) {
  stun::Server server;
  EXPECT_EQ(ask(server, message(stun::Class::Request)), ask(server, message(stun::Class::Request)));
}

TEST(StunServer, RefusesAttributesThatItHadToUnderstandAndListsThem) {
  stun::Server server;
  const ByteBuffer request = message(stun::Class::Request, [](MessageBuilder& b) {
    b.attribute(0x7f01, {}).attribute(0xff02, {}).attribute(0x7f03, {});
  });
  const auto reply = ask(server, request);
  ASSERT_TRUE(reply.has_value());
  const MessageView view = *MessageView::decode(*reply);
  ASSERT_TRUE(view.error_code().has_value());
  EXPECT_EQ(view.error_code()->code, 420);
  const auto unknown = view.find(Attribute::UnknownAttributes);
  ASSERT_TRUE(unknown.has_value());
  EXPECT_EQ(to_hex(unknown->value), "7f017f03");
  EXPECT_FALSE(view.xor_mapped_address().has_value());
}

TEST(StunServer, IsSilentOnWhatIsNoBindingRequest) {
  stun::Server server;
  EXPECT_FALSE(ask(server, message(stun::Class::Indication)));
  EXPECT_FALSE(ask(server, message(stun::Class::Success)));
  EXPECT_FALSE(ask(server, message(stun::Class::Error)));
  EXPECT_FALSE(ask(server, message(stun::Class::Indication,
                                   [](MessageBuilder& b) { b.attribute(0x7f01, {}); })));
  EXPECT_FALSE(ask(server, message(stun::Class::Request, {}, stun::Method::Allocate)));
  EXPECT_FALSE(ask(server, as_bytes("GET / HTTP/1.1\r\n\r\n")));
  EXPECT_FALSE(ask(server, {}));
  EXPECT_EQ(server.answered(), 0U);
}

TEST(StunServer, IsSilentOnEveryTruncationAndOnABadFingerprint) {
  stun::Server server;
  ByteBuffer request = message(stun::Class::Request, [](MessageBuilder& b) {
    b.text(Attribute::Software, "x").fingerprint();
  });
  for (std::size_t n = 0; n < request.size(); ++n)
    EXPECT_FALSE(ask(server, Bytes(request).first(n))) << n;
  EXPECT_TRUE(ask(server, request));
  request[25] ^= std::byte{1};
  EXPECT_FALSE(ask(server, request));
}

TEST(StunServer, NeverAnswersMuchMoreThanItWasAsked) {
  stun::Server server;
  const ByteBuffer plain = message(stun::Class::Request);
  EXPECT_LE(ask(server, plain)->size(), plain.size() + 20);
  const ByteBuffer odd = message(stun::Class::Request, [](MessageBuilder& b) {
    for (std::uint16_t type = 0x7000; type < 0x7100; ++type)
      b.attribute(type, {});
  });
  EXPECT_LE(ask(server, odd)->size(), odd.size());
}

}  // namespace

namespace test {
namespace {

struct ServerAtWork {
  stun::Server server;
  stun::Server& machine() { return server; }
  void start(Instant now, Outbox& out) {
    server.on_datagram(now, {kServer, kClient, message(stun::Class::Request)}, out);
  }
  static Datagram datagram(Random& /*random*/) { return {kServer, kClient, {}}; }
};
INSTANTIATE_TYPED_TEST_SUITE_P(StunServer, MachineContract, ServerAtWork);

}  // namespace
}  // namespace test
}  // namespace parley
