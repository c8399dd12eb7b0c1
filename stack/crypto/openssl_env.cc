#include "stack/crypto/openssl_env.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <sys/time.h>

namespace parley::crypto {
namespace {

OpensslScope*& innermost_scope() {
  // What this file is for: libssl calls gettimeofday() and the generator without any context of
  // ours. NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
  thread_local OpensslScope* scope = nullptr;
  return scope;
}

// A generator of OpenSSL's provider interface (provider-rand(7)) that hands out the bytes of the
// innermost scope. It keeps no state but whether it was instantiated.
struct Generator {
  int state = EVP_RAND_STATE_UNINITIALISED;
};

void* generator_new(void* /*provider*/, void* /*parent*/, const OSSL_DISPATCH* /*parent_calls*/) {
  return new Generator;
}
void generator_free(void* generator) {
  delete static_cast<Generator*>(generator);
}
int generator_instantiate(void* generator, unsigned /*strength*/, int /*prediction_resistance*/,
                          const unsigned char* /*personal*/, std::size_t /*personal_size*/,
                          const OSSL_PARAM /*params*/[]) {
  static_cast<Generator*>(generator)->state = EVP_RAND_STATE_READY;
  return 1;
}
int generator_uninstantiate(void* generator) {
  static_cast<Generator*>(generator)->state = EVP_RAND_STATE_UNINITIALISED;
  return 1;
}
// Fails without a scope: bytes that nobody seeded would make a run that cannot be repeated.
// NOLINTNEXTLINE(readability-function-size): the provider interface fixes the parameters
int generator_generate(void* /*generator*/, unsigned char* out, std::size_t size,
                       unsigned /*strength*/, int /*prediction_resistance*/,
                       const unsigned char* /*additional*/, std::size_t /*additional_size*/) {
  const OpensslScope* scope = innermost_scope();
  if (scope == nullptr)
    return 0;
  scope->random().fill(std::as_writable_bytes(std::span(out, size)));
  return 1;
}
int generator_reseed(void* /*generator*/, int /*prediction_resistance*/,
                     const unsigned char* /*entropy*/, std::size_t /*entropy_size*/,
                     const unsigned char* /*additional*/, std::size_t /*additional_size*/) {
  return 1;
}
// Nothing to lock: all state that is drawn from belongs to the thread.
int generator_enable_locking(void* /*generator*/) {
  return 1;
}
int generator_lock(void* /*generator*/) {
  return 1;
}
void generator_unlock(void* /*generator*/) {}

const OSSL_PARAM* generator_gettable_params(void* /*generator*/, void* /*provider*/) {
  static const std::array<OSSL_PARAM, 4> kParams = {
      {OSSL_PARAM_int(OSSL_RAND_PARAM_STATE, nullptr),
       OSSL_PARAM_uint(OSSL_RAND_PARAM_STRENGTH, nullptr),
       OSSL_PARAM_size_t(OSSL_RAND_PARAM_MAX_REQUEST, nullptr), OSSL_PARAM_END}};
  return kParams.data();
}
int generator_get_params(void* generator, OSSL_PARAM params[]) {
  constexpr unsigned kStrengthBits = 256;
  constexpr std::size_t kMaxRequest = std::size_t{1} << 16U;
  OSSL_PARAM* p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STATE);
  if (p != nullptr && OSSL_PARAM_set_int(p, static_cast<Generator*>(generator)->state) == 0)
    return 0;
  p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STRENGTH);
  if (p != nullptr && OSSL_PARAM_set_uint(p, kStrengthBits) == 0)
    return 0;
  p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_MAX_REQUEST);
  return static_cast<int>(p == nullptr || OSSL_PARAM_set_size_t(p, kMaxRequest) != 0);
}

using Function = void (*)();
template <class F>
Function as_function(F* f) {
  return reinterpret_cast<Function>(f);
}

const OSSL_ALGORITHM* query_operation(void* /*provider*/, int operation, int* no_cache) {
  static const std::array<OSSL_DISPATCH, 12> kGenerator = {
      {{OSSL_FUNC_RAND_NEWCTX, as_function(generator_new)},
       {OSSL_FUNC_RAND_FREECTX, as_function(generator_free)},
       {OSSL_FUNC_RAND_INSTANTIATE, as_function(generator_instantiate)},
       {OSSL_FUNC_RAND_UNINSTANTIATE, as_function(generator_uninstantiate)},
       {OSSL_FUNC_RAND_GENERATE, as_function(generator_generate)},
       {OSSL_FUNC_RAND_RESEED, as_function(generator_reseed)},
       {OSSL_FUNC_RAND_ENABLE_LOCKING, as_function(generator_enable_locking)},
       {OSSL_FUNC_RAND_LOCK, as_function(generator_lock)},
       {OSSL_FUNC_RAND_UNLOCK, as_function(generator_unlock)},
       {OSSL_FUNC_RAND_GETTABLE_CTX_PARAMS, as_function(generator_gettable_params)},
       {OSSL_FUNC_RAND_GET_CTX_PARAMS, as_function(generator_get_params)},
       {0, nullptr}}};
  static const std::array<OSSL_ALGORITHM, 2> kAlgorithms = {
      {{"PARLEY-RAND", "provider=parley", kGenerator.data(), "the generator of the scope"},
       {nullptr, nullptr, nullptr, nullptr}}};
  *no_cache = 0;
  return operation == OSSL_OP_RAND ? kAlgorithms.data() : nullptr;
}

int provider_init(const OSSL_CORE_HANDLE* /*handle*/, const OSSL_DISPATCH* /*core*/,
                  const OSSL_DISPATCH** out, void** provider) {
  static const std::array<OSSL_DISPATCH, 2> kProvider = {
      {{OSSL_FUNC_PROVIDER_QUERY_OPERATION, as_function(query_operation)}, {0, nullptr}}};
  static char present = 0;  // OpenSSL takes a null context for a failed start
  *out = kProvider.data();
  *provider = &present;
  return 1;
}

// OpenSSL reads openssl.cnf at its first use, whoever that is, and what it says about ciphers and
// versions then holds for every SSL_CTX of the process. Deciding against it has to come first:
// before main().
bool refuse_host_configuration() {
  return OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) == 1;
}
[[gnu::constructor]] void refuse_host_configuration_first() {
  (void)refuse_host_configuration();
}

ossl_lib_ctx_st* make_context() {
  openssl_require(refuse_host_configuration(), "OPENSSL_init_ssl");
  OSSL_LIB_CTX* context = OSSL_LIB_CTX_new();
  openssl_require(context != nullptr, "OSSL_LIB_CTX_new");
  openssl_require(OSSL_PROVIDER_add_builtin(context, "parley", provider_init) == 1,
                  "OSSL_PROVIDER_add_builtin");
  openssl_require(OSSL_PROVIDER_load(context, "default") != nullptr, "the default provider");
  openssl_require(OSSL_PROVIDER_load(context, "parley") != nullptr, "our provider");
  // Before anything draws: the type of a generator that exists cannot be changed.
  openssl_require(RAND_set_DRBG_type(context, "PARLEY-RAND", nullptr, nullptr, nullptr) == 1,
                  "RAND_set_DRBG_type");
  openssl_require(RAND_set_seed_source_type(context, "PARLEY-RAND", nullptr) == 1,
                  "RAND_set_seed_source_type");
  return context;
}

}  // namespace

ossl_lib_ctx_st* openssl_context() {
  // Lives as long as the process: objects made in it may be destroyed after any static of ours.
  struct Context {
    ossl_lib_ctx_st* handle;
  };
  static const Context kContext{make_context()};
  return kContext.handle;
}

OpensslScope::OpensslScope(Random& random, std::chrono::microseconds shown)
    : random_(&random), shown_(shown), outer_(innermost_scope()) {
  innermost_scope() = this;
  // Errors that an earlier call left behind would be taken for those of the next
  // (ERR_get_error(3)).
  ERR_clear_error();
}

OpensslScope::~OpensslScope() {
  innermost_scope() = outer_;
}

std::optional<std::chrono::microseconds> openssl_shown_time() {
  const OpensslScope* scope = innermost_scope();
  return scope == nullptr ? std::nullopt : std::optional(scope->shown());
}

void openssl_fatal(std::string_view what) {
  std::array<char, 256> reason{};
  ERR_error_string_n(ERR_peek_error(), reason.data(), reason.size());
  const std::string text = "fatal: OpenSSL: " + std::string(what) + ": " + reason.data() + "\n";
  (void)std::fputs(text.c_str(), stderr);
  std::abort();
}

}  // namespace parley::crypto

// Takes the place of the C library's function for the whole program: libssl's call is bound to the
// executable's definition, statically or by the dynamic linker. stack/dtls checks at every timer
// that this is so.
extern "C" __attribute__((visibility("default"))) int gettimeofday(struct timeval* tv,
                                                                   void* /*timezone*/) noexcept {
  const auto shown = parley::crypto::openssl_shown_time();
  if (shown) {
    tv->tv_sec = static_cast<time_t>(shown->count() / 1'000'000);
    tv->tv_usec = static_cast<suseconds_t>(shown->count() % 1'000'000);
    return 0;
  }
  timespec now{};
  const int result = clock_gettime(CLOCK_REALTIME, &now);
  tv->tv_sec = now.tv_sec;
  tv->tv_usec = static_cast<suseconds_t>(now.tv_nsec / 1000);
  return result;
}
