#pragma once

// libsrtp2 behind the types of stack/srtp, as the oracle. Debian's build runs on NSS, so that not
// even the ciphers below are the same code.

#include <memory>
#include <optional>
#include <vector>

#include "stack/srtp/keys.h"

struct srtp_ctx_t_;

namespace parley::srtp::test {

enum class Direction { Sending, Receiving };

class Libsrtp {
 public:
  Libsrtp(Profile profile, const MasterKey& master, Direction direction,
          std::vector<int> encrypted_extensions = {});

  // nullopt: refused.
  std::optional<ByteBuffer> protect_rtp(const ByteBuffer& packet);
  std::optional<ByteBuffer> unprotect_rtp(const ByteBuffer& packet);
  std::optional<ByteBuffer> protect_rtcp(const ByteBuffer& packet);
  std::optional<ByteBuffer> unprotect_rtcp(const ByteBuffer& packet);

 private:
  struct Free {
    void operator()(srtp_ctx_t_* session) const;
  };
  std::unique_ptr<srtp_ctx_t_, Free> session_;
};

}  // namespace parley::srtp::test
