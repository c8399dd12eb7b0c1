#include "stack/ice/messages.h"

#include <gtest/gtest.h>

#include "tests/stack/ice/support.h"

namespace parley::ice {
namespace {

using stun::Attribute;
using test::endpoint;
using test::kOurs;
using test::kTheirs;

stun::MessageView view(const ByteBuffer& bytes) {
  return *stun::MessageView::decode(bytes);
}

CheckRequest request(bool use_candidate) {
  CheckRequest check;
  check.id[0] = std::byte{7};
  check.priority = 0x6e0000ff;
  check.role = trace::IceRole::Controlling;
  check.tie_breaker = 0x1122334455667788;
  check.use_candidate = use_candidate;
  return check;
}

// RFC 8445 sections 7.1 and 7.2.2.
TEST(IceMessages, ACheckIsReadByItsReceiverAsItWasMeant) {
  const ByteBuffer bytes = encode_check(request(true), kTheirs, kOurs);
  EXPECT_EQ(view(bytes).username(), "ourU:peer");
  EXPECT_EQ(view(bytes).verify_fingerprint(), stun::Verification::Good);
  const IncomingCheck check = examine(view(bytes), kOurs);
  EXPECT_EQ(check.error, 0);
  EXPECT_EQ(check.priority, 0x6e0000ffU);
  EXPECT_EQ(check.role, trace::IceRole::Controlling);
  EXPECT_EQ(check.tie_breaker, 0x1122334455667788U);
  EXPECT_TRUE(check.use_candidate);
  EXPECT_FALSE(examine(view(encode_check(request(false), kTheirs, kOurs)), kOurs).use_candidate);
}

// RFC 8489 section 9.1.3.
TEST(IceMessages, AWrongPasswordOrFragmentIs401AndNoneIs400) {
  Credentials other = kOurs;
  other.password = "anotherPasswordOfTheSameSize";
  EXPECT_EQ(examine(view(encode_check(request(false), kTheirs, other)), kOurs).error, 401);
  other = kOurs;
  other.ufrag = "ourUx";
  EXPECT_EQ(examine(view(encode_check(request(false), kTheirs, other)), kOurs).error, 401);
  ByteBuffer bare;
  stun::MessageBuilder builder(bare, stun::Class::Request, stun::Method::Binding, {});
  (void)builder.fingerprint().finish();
  EXPECT_EQ(examine(view(bare), kOurs).error, 400);
}

TEST(IceMessages, AnUnknownRequiredAttributeIs420AndNamed) {
  ByteBuffer bytes;
  stun::MessageBuilder builder(bytes, stun::Class::Request, stun::Method::Binding, {});
  builder.text(Attribute::Username, "ourU:peer").attribute(std::uint16_t{0x7f01}, {});
  builder.message_integrity(as_bytes(kOurs.password)).fingerprint();
  (void)builder.finish();
  const IncomingCheck check = examine(view(bytes), kOurs);
  EXPECT_EQ(check.error, 420);
  EXPECT_EQ(check.unknown, std::vector<std::uint16_t>{0x7f01});
}

TEST(IceMessages, AnswersCarryIntegrityAndTheErrorsBeforeAuthenticationDoNot) {
  const ByteBuffer good = encode_success({}, endpoint("198.51.100.1:7"), kOurs);
  EXPECT_EQ(view(good).xor_mapped_address(), endpoint("198.51.100.1:7"));
  EXPECT_EQ(view(good).verify_integrity(as_bytes(kOurs.password)), stun::Verification::Good);
  for (const std::uint16_t code : {std::uint16_t{400}, std::uint16_t{401}})
    EXPECT_EQ(view(encode_error({}, code, {}, kOurs)).verify_integrity(as_bytes(kOurs.password)),
              stun::Verification::Absent);
  const ByteBuffer conflict = encode_error({}, 487, {}, kOurs);
  EXPECT_EQ(view(conflict).error_code()->code, 487);
  EXPECT_EQ(view(conflict).verify_integrity(as_bytes(kOurs.password)), stun::Verification::Good);
}

// RFC 8445 section 11.
TEST(IceMessages, AKeepaliveIsAnIndicationWithoutCredentials) {
  const ByteBuffer bytes = encode_keepalive({});
  EXPECT_EQ(view(bytes).message_class(), stun::Class::Indication);
  EXPECT_FALSE(view(bytes).username().has_value());
  EXPECT_EQ(view(bytes).verify_fingerprint(), stun::Verification::Good);
}

}  // namespace
}  // namespace parley::ice
