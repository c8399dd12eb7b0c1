#pragma once

// The clock and the generator that OpenSSL sees. libssl reads the time by gettimeofday() and takes
// random bytes where it needs them; inside an OpensslScope both come from the caller, so that DTLS
// runs in virtual time and repeats byte for byte. Outside of any scope the real clock answers and
// our library context refuses to give random bytes. This is the only file of stack/ with global
// and thread-local state; docs/adr/0004-openssl-clock-and-generator.md says why.

#include <chrono>
#include <optional>
#include <string_view>

#include "stack/base/random.h"

struct ossl_lib_ctx_st;  // OpenSSL's OSSL_LIB_CTX

namespace parley::crypto {

// The library context of this process: the default provider and our generator "PARLEY-RAND", and
// nothing of the host's openssl.cnf. Every OpenSSL object that can draw random bytes is made in it.
ossl_lib_ctx_st* openssl_context();

// While it lives, OpenSSL on this thread draws from `random` and is shown `shown` as the time since
// the Unix epoch. Scopes nest. `shown` must not be zero: to libssl that means "no timer".
class OpensslScope {
 public:
  OpensslScope(Random& random, std::chrono::microseconds shown);
  ~OpensslScope();
  OpensslScope(const OpensslScope&) = delete;
  OpensslScope& operator=(const OpensslScope&) = delete;

  void show(std::chrono::microseconds shown) { shown_ = shown; }
  std::chrono::microseconds shown() const { return shown_; }
  Random& random() const { return *random_; }

 private:
  Random* random_;
  std::chrono::microseconds shown_;
  OpensslScope* outer_;
};

// What the innermost scope of this thread shows; nullopt outside of any.
std::optional<std::chrono::microseconds> openssl_shown_time();

// Ends the process with what OpenSSL has to say. For what cannot happen unless memory is short or
// the program is linked wrongly; never for anything that a peer sends.
[[noreturn]] void openssl_fatal(std::string_view what);
inline void openssl_require(bool ok, std::string_view what) {
  if (!ok)
    openssl_fatal(what);
}

}  // namespace parley::crypto
