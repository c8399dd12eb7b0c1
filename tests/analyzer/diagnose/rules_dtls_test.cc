#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/diagnose/diagnose.h"
#include "tests/support/sample_calls.h"

namespace parley::analyzer {
namespace {

const Finding* find(const Call& call, std::string_view code) {
  const auto found = std::find_if(call.findings.begin(), call.findings.end(),
                                  [&](const Finding& f) { return f.code == code; });
  return found == call.findings.end() ? nullptr : &*found;
}

Call slow_handshake(double milliseconds, std::uint64_t again) {
  Call call = test::connected_call();
  Transport& transport = call.transports[0];
  transport.dtls.state = trace::DtlsState::Connected;
  transport.dtls.version = "DTLS 1.2";
  transport.dtls.handshake_ms = milliseconds;
  transport.dtls.retransmissions = again;
  transport.dtls_steps = {{Side::A, "ClientHello", test::packet(20), test::at(3), again + 1}};
  return call;
}

TEST(SlowHandshake, NamesWhatWasSentAgain) {
  Analysis analysis = test::analysis_with(slow_handshake(3120, 2));
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "dtls-slow");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->level, Level::Note);
  EXPECT_EQ(finding->summary, "The DTLS handshake took 3.1 s: parts of it were sent again.");
  EXPECT_THAT(finding->because, testing::HasSubstr("ClientHello of A was sent 3 times"));
  EXPECT_EQ(finding->open.size(), 1U);
}

TEST(SlowHandshake, IsNoneWithoutARepetitionOrWithoutADelay) {
  for (const auto& [milliseconds, again] : {std::pair(3120.0, 0), std::pair(80.0, 2)}) {
    Analysis analysis =
        test::analysis_with(slow_handshake(milliseconds, static_cast<std::uint64_t>(again)));
    diagnose(analysis);
    EXPECT_EQ(find(analysis.calls[0], "dtls-slow"), nullptr) << milliseconds;
  }
}

}  // namespace
}  // namespace parley::analyzer
