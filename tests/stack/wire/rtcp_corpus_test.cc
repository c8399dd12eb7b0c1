// RTCP packets that another project keeps, good ones and malformed ones.

#include <map>

#include <gtest/gtest.h>

#include "stack/wire/rtcp.h"
#include "tests/support/files.h"

namespace parley::rtcp {
namespace {

std::string judged(const ByteBuffer& bytes) {
  const Compound compound = decode_compound(bytes);
  if (compound.error)
    return to_string(*compound.error);
  for (const PacketView& packet : compound.packets)
    if (const auto fault = check_body(packet))
      return to_string(*fault);
  return "";
}

TEST(RtcpCorpus, LibwebrtcPacketsAreRejectedWhereTheyAreMalformed) {
  const std::map<std::string, std::string> malformed{
      {"3", "truncated at byte 12: padding bits"},  // RPSI without its information
      {"9", "truncated at byte 16: SDES item"},     // no octet of zero ends the items
      {"13", "truncated at byte 12: feedback control information"},  // FIR without entries
      {"16", "truncated at byte 16: number of SSRCs"},               // REMB that ends in its name
      {"17", "truncated at byte 12: feedback control information"},  // TMMBR without entries
      {"25", "truncated at byte 20: SDES item"},
      {"27", "truncated at byte 8: SSRC of the media source"},
      {"32", "truncated at byte 4: SSRC"},   // BYE of two sources with one
      {"34", "truncated at byte 20: SSRC"},  // REMB of four sources with three
      {"35", "truncated at byte 16: SDES item length"},
      {"37", "bad length at byte 11: padding count"},                // 9, and no multiple of four
      {"39", "truncated at byte 12: feedback control information"},  // SLI without entries
      {"42", "truncated at byte 4: packet"},
      {"47", "bad value at byte 0: version"},
      {"56", "truncated at byte 8: SSRC of the media source"},
      {"62", "bad value at byte 0: version"},
      {"66", "bad length at byte 0: padding count"}};
  std::size_t good = 0;
  std::size_t rejected = 0;
  for (const auto& file : test::files_in(test::source_path("fuzz/corpora/libwebrtc-rtcp"))) {
    const ByteBuffer bytes = test::read_bytes(file);
    const auto row = malformed.find(file.stem());
    const std::string expected = row == malformed.end() ? "" : row->second;
    EXPECT_EQ(judged(bytes), expected) << file << " " << to_hex(bytes);
    ++(expected.empty() ? good : rejected);
  }
  EXPECT_EQ(good, 49U);
  EXPECT_EQ(rejected, malformed.size());
}

}  // namespace
}  // namespace parley::rtcp
