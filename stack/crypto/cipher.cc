#include "stack/crypto/cipher.h"

#include <algorithm>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "stack/crypto/openssl_env.h"

namespace parley::crypto {
namespace {

constexpr int kEncrypt = 1;
constexpr int kDecrypt = 0;
constexpr int kKeepDirection = -1;

const unsigned char* in_octets(Bytes bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* out_octets(MutableBytes bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

tl::unexpected<CipherError> fail(CipherError error) {
  return tl::unexpected<CipherError>(error);
}

// Fetched once for the process: a fetch walks the providers under a lock. The objects are constant
// afterwards and may be used by every thread.
const EVP_CIPHER* fetched(const char* name) {
  const EVP_CIPHER* cipher = EVP_CIPHER_fetch(openssl_context(), name, nullptr);
  openssl_require(cipher != nullptr, name);
  return cipher;
}

struct Fetched {
  const EVP_CIPHER* gcm128 = fetched("AES-128-GCM");
  const EVP_CIPHER* gcm256 = fetched("AES-256-GCM");
  const EVP_CIPHER* ccm128 = fetched("AES-128-CCM");
  const EVP_CIPHER* ccm256 = fetched("AES-256-CCM");
  const EVP_CIPHER* chacha20_poly1305 = fetched("ChaCha20-Poly1305");
  const EVP_CIPHER* ctr128 = fetched("AES-128-CTR");
  const EVP_CIPHER* ctr192 = fetched("AES-192-CTR");
  const EVP_CIPHER* ctr256 = fetched("AES-256-CTR");
  const EVP_CIPHER* cbc128 = fetched("AES-128-CBC");
  const EVP_CIPHER* cbc256 = fetched("AES-256-CBC");
  const EVP_CIPHER* ecb128 = fetched("AES-128-ECB");
  const EVP_CIPHER* ecb192 = fetched("AES-192-ECB");
  const EVP_CIPHER* ecb256 = fetched("AES-256-ECB");
  const EVP_CIPHER* chacha20 = fetched("ChaCha20");
};
const Fetched& ciphers() {
  static const Fetched kFetched;
  return kFetched;
}

const EVP_CIPHER* cipher_of(AeadAlgorithm algorithm) {
  switch (algorithm) {
    case AeadAlgorithm::Aes128Gcm:
      return ciphers().gcm128;
    case AeadAlgorithm::Aes256Gcm:
      return ciphers().gcm256;
    case AeadAlgorithm::Aes128Ccm:
    case AeadAlgorithm::Aes128Ccm8:
      return ciphers().ccm128;
    case AeadAlgorithm::Aes256Ccm:
    case AeadAlgorithm::Aes256Ccm8:
      return ciphers().ccm256;
    case AeadAlgorithm::ChaCha20Poly1305:
      break;
  }
  return ciphers().chacha20_poly1305;
}

bool is_ccm(AeadAlgorithm algorithm) {
  return algorithm >= AeadAlgorithm::Aes128Ccm && algorithm <= AeadAlgorithm::Aes256Ccm8;
}

constexpr std::size_t kKey128 = 16;
constexpr std::size_t kKey192 = 24;
constexpr std::size_t kKey256 = 32;

const EVP_CIPHER* by_key_size(Bytes key, const EVP_CIPHER* bits128, const EVP_CIPHER* bits192,
                              const EVP_CIPHER* bits256) {
  switch (key.size()) {
    case kKey128:
      return bits128;
    case kKey192:
      return bits192;
    case kKey256:
      return bits256;
    default:
      return nullptr;
  }
}

CipherContext new_context() {
  CipherContext context(EVP_CIPHER_CTX_new());
  openssl_require(context != nullptr, "EVP_CIPHER_CTX_new");
  return context;
}

// A context with its key set and padding off; null when `cipher` is.
CipherContext keyed(const EVP_CIPHER* cipher, Bytes key, int direction) {
  if (cipher == nullptr)
    return nullptr;
  CipherContext context = new_context();
  openssl_require(
      EVP_CipherInit_ex2(context.get(), cipher, in_octets(key), nullptr, direction, nullptr) == 1,
      "EVP_CipherInit_ex2");
  openssl_require(EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1, "EVP_CIPHER_CTX_set_padding");
  return context;
}

// What can still fail here is memory or a wrongly linked library, so that no error value is due.
void restart(EVP_CIPHER_CTX* context, const std::byte* vector) {
  openssl_require(
      EVP_CipherInit_ex2(context, nullptr, nullptr, reinterpret_cast<const unsigned char*>(vector),
                         kKeepDirection, nullptr) == 1,
      "EVP_CipherInit_ex2");
}

Result<std::size_t, CipherError> whole_update(EVP_CIPHER_CTX* context, Bytes in, MutableBytes out) {
  if (in.size() > kMaxCipherInput)
    return fail(CipherError::BadLength);
  if (out.size() < in.size())
    return fail(CipherError::NoRoom);
  if (in.empty())
    return std::size_t{0};
  int written = 0;
  openssl_require(EVP_CipherUpdate(context, out_octets(out), &written, in_octets(in),
                                   static_cast<int>(in.size())) == 1,
                  "EVP_CipherUpdate");
  return static_cast<std::size_t>(written);
}

// After the nonce: what an algorithm wants to know before the text.
struct Start {
  AeadAlgorithm algorithm;
  Bytes nonce, additional, tag;  // no tag when sealing
  std::size_t text_size;
};
bool start_message(EVP_CIPHER_CTX* context, const Start& message) {
  if (EVP_CipherInit_ex2(context, nullptr, nullptr, in_octets(message.nonce),
                         message.tag.empty() ? kEncrypt : kDecrypt, nullptr) != 1)
    return false;
  if (!message.tag.empty()) {
    // OpenSSL reads the tag through a pointer that could also be written through.
    std::array<unsigned char, EVP_MAX_BLOCK_LENGTH> expected{};
    std::copy_n(in_octets(message.tag), message.tag.size(), expected.begin());
    if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(message.tag.size()),
                            expected.data()) != 1)
      return false;
  }
  int written = 0;
  // CCM needs the length of the text before the additional data (EVP_EncryptInit(3), CCM Mode).
  if (is_ccm(message.algorithm) && EVP_CipherUpdate(context, nullptr, &written, nullptr,
                                                    static_cast<int>(message.text_size)) != 1)
    return false;
  return message.additional.empty() ||
         EVP_CipherUpdate(context, nullptr, &written, in_octets(message.additional),
                          static_cast<int>(message.additional.size())) == 1;
}

// CCM has no final step: the update with the text checks or makes the tag. The others need no
// update when there is no text.
bool finish_message(EVP_CIPHER_CTX* context, AeadAlgorithm algorithm, Bytes in, MutableBytes out) {
  // To EVP a null pointer means "no text is meant", which is not the same as empty text.
  unsigned char nothing = 0;
  const unsigned char* const from = in.empty() ? &nothing : in_octets(in);
  unsigned char* const to = out.empty() ? &nothing : out_octets(out);
  int written = 0;
  if ((is_ccm(algorithm) || !in.empty()) &&
      EVP_CipherUpdate(context, to, &written, from, static_cast<int>(in.size())) != 1)
    return false;
  return is_ccm(algorithm) || EVP_CipherFinal_ex(context, to, &written) == 1;
}

CipherContext keyed_aead(AeadAlgorithm algorithm, Bytes key, int direction) {
  CipherContext context = new_context();
  EVP_CIPHER_CTX* const raw = context.get();
  openssl_require(
      EVP_CipherInit_ex2(raw, cipher_of(algorithm), nullptr, nullptr, direction, nullptr) == 1 &&
          EVP_CIPHER_CTX_ctrl(raw, EVP_CTRL_AEAD_SET_IVLEN, static_cast<int>(Aead::kNonceSize),
                              nullptr) == 1,
      "an AEAD context");
  // CCM mixes the tag's length into what it authenticates, so it has to be known before the key.
  openssl_require(!is_ccm(algorithm) ||
                      EVP_CIPHER_CTX_ctrl(raw, EVP_CTRL_AEAD_SET_TAG,
                                          static_cast<int>(tag_size(algorithm)), nullptr) == 1,
                  "a CCM tag length");
  openssl_require(
      EVP_CipherInit_ex2(raw, nullptr, in_octets(key), nullptr, direction, nullptr) == 1,
      "an AEAD key");
  return context;
}

}  // namespace

std::string_view to_string(CipherError error) {
  switch (error) {
    case CipherError::BadKey:
      return "bad key length";
    case CipherError::BadNonce:
      return "bad nonce length";
    case CipherError::BadLength:
      return "bad length";
    case CipherError::NoRoom:
      return "no room for the output";
    case CipherError::AuthenticationFailed:
      break;
  }
  return "authentication failed";
}

void FreeCipherContext::operator()(evp_cipher_ctx_st* context) const {
  EVP_CIPHER_CTX_free(context);
}

std::size_t key_size(AeadAlgorithm algorithm) {
  switch (algorithm) {
    case AeadAlgorithm::Aes128Gcm:
    case AeadAlgorithm::Aes128Ccm:
    case AeadAlgorithm::Aes128Ccm8:
      return kKey128;
    case AeadAlgorithm::Aes256Gcm:
    case AeadAlgorithm::Aes256Ccm:
    case AeadAlgorithm::Aes256Ccm8:
    case AeadAlgorithm::ChaCha20Poly1305:
      break;
  }
  return kKey256;
}

std::size_t tag_size(AeadAlgorithm algorithm) {
  constexpr std::size_t kShortTag = 8;
  constexpr std::size_t kTag = 16;
  return algorithm == AeadAlgorithm::Aes128Ccm8 || algorithm == AeadAlgorithm::Aes256Ccm8
             ? kShortTag
             : kTag;
}

Result<Aead, CipherError> Aead::make(AeadAlgorithm algorithm, Bytes key) {
  if (key.size() != crypto::key_size(algorithm))
    return fail(CipherError::BadKey);
  // With CCM OpenSSL chooses its code for a direction when it takes the key.
  return Aead(algorithm, keyed_aead(algorithm, key, kDecrypt),
              is_ccm(algorithm) ? keyed_aead(algorithm, key, kEncrypt) : nullptr);
}

Result<std::size_t, CipherError> Aead::open(Bytes nonce, Bytes additional, Bytes sealed,
                                            MutableBytes plain) {
  const std::size_t tag = tag_size();
  if (nonce.size() != kNonceSize)
    return fail(CipherError::BadNonce);
  if (sealed.size() < tag || std::max(sealed.size(), additional.size()) > kMaxCipherInput)
    return fail(CipherError::BadLength);
  const Bytes text = sealed.first(sealed.size() - tag);
  if (plain.size() < text.size())
    return fail(CipherError::NoRoom);
  openssl_require(
      start_message(context_.get(), {algorithm_, nonce, additional, sealed.last(tag), text.size()}),
      "the start of an AEAD message");
  if (!finish_message(context_.get(), algorithm_, text, plain)) {
    std::fill_n(plain.begin(), text.size(), std::byte{0});
    return fail(CipherError::AuthenticationFailed);
  }
  return text.size();
}

Result<std::size_t, CipherError> Aead::seal(Bytes nonce, Bytes additional, Bytes plain,
                                            MutableBytes sealed) {
  const std::size_t tag = tag_size();
  if (nonce.size() != kNonceSize)
    return fail(CipherError::BadNonce);
  if (std::max(plain.size(), additional.size()) > kMaxCipherInput)
    return fail(CipherError::BadLength);
  if (sealed.size() < plain.size() + tag)
    return fail(CipherError::NoRoom);
  openssl_require(start_message(sealing(), {algorithm_, nonce, additional, {}, plain.size()}) &&
                      finish_message(sealing(), algorithm_, plain, sealed.first(plain.size())) &&
                      EVP_CIPHER_CTX_ctrl(sealing(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag),
                                          out_octets(sealed.subspan(plain.size()))) == 1,
                  "an AEAD message");
  return plain.size() + tag;
}

Result<AesCtr, CipherError> AesCtr::make(Bytes key) {
  CipherContext context =
      keyed(by_key_size(key, ciphers().ctr128, ciphers().ctr192, ciphers().ctr256), key, kEncrypt);
  if (context == nullptr)
    return fail(CipherError::BadKey);
  return AesCtr(std::move(context));
}

Result<std::size_t, CipherError> AesCtr::apply(const std::array<std::byte, kAesBlockSize>& counter,
                                               Bytes in, MutableBytes out) {
  restart(context_.get(), counter.data());
  return whole_update(context_.get(), in, out);
}

Result<AesCbcDecryptor, CipherError> AesCbcDecryptor::make(Bytes key) {
  CipherContext context =
      keyed(by_key_size(key, ciphers().cbc128, nullptr, ciphers().cbc256), key, kDecrypt);
  if (context == nullptr)
    return fail(CipherError::BadKey);
  return AesCbcDecryptor(std::move(context));
}

Result<std::size_t, CipherError> AesCbcDecryptor::decrypt(Bytes vector, Bytes in,
                                                          MutableBytes out) {
  if (vector.size() != kAesBlockSize)
    return fail(CipherError::BadNonce);
  if (in.size() % kAesBlockSize != 0)
    return fail(CipherError::BadLength);
  restart(context_.get(), vector.data());
  return whole_update(context_.get(), in, out);
}

Result<AesBlock, CipherError> AesBlock::make(Bytes key) {
  CipherContext context =
      keyed(by_key_size(key, ciphers().ecb128, ciphers().ecb192, ciphers().ecb256), key, kEncrypt);
  if (context == nullptr)
    return fail(CipherError::BadKey);
  return AesBlock(std::move(context));
}

Result<AesBlock::Block, CipherError> AesBlock::encrypt(Bytes in) {
  if (in.size() != kAesBlockSize)
    return fail(CipherError::BadLength);
  Block block{};
  const auto written = whole_update(context_.get(), in, block);
  if (!written)
    return fail(written.error());
  return block;
}

Result<ChaCha20Stream, CipherError> ChaCha20Stream::make(Bytes key) {
  CipherContext context =
      keyed(by_key_size(key, nullptr, nullptr, ciphers().chacha20), key, kEncrypt);
  if (context == nullptr)
    return fail(CipherError::BadKey);
  return ChaCha20Stream(std::move(context));
}

Result<std::size_t, CipherError> ChaCha20Stream::keystream(Bytes start, MutableBytes out) {
  if (start.size() != kStartSize)
    return fail(CipherError::BadNonce);
  restart(context_.get(), start.data());
  std::fill(out.begin(), out.end(), std::byte{0});
  return whole_update(context_.get(), out, out);
}

}  // namespace parley::crypto
