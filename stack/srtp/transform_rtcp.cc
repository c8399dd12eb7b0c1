#include <algorithm>
#include <cstring>

#include "stack/srtp/transform.h"

namespace parley::srtp {
namespace {

constexpr std::size_t kClear = 8;       // the first packet's header and its SSRC
constexpr std::size_t kIndexField = 4;  // E bit and index
constexpr std::size_t kSsrcAt = 4;
constexpr std::uint32_t kEncrypted = std::uint32_t{1} << 31U;

using IndexField = std::array<std::byte, kIndexField>;

tl::unexpected<Error> refuse(Refusal refusal) {
  return tl::unexpected<Error>(Error{refusal, {}});
}

// What AEAD authenticates besides the text: the clear part and the index field, which lie apart
// (RFC 7714 section 9.2, 9.3).
ByteBuffer joined(Bytes clear, Bytes index_field) {
  ByteBuffer out = to_buffer(clear);
  out.insert(out.end(), index_field.begin(), index_field.end());
  return out;
}

IndexField index_field_of(std::uint32_t index, bool encrypt) {
  const std::uint32_t value = index | (encrypt ? kEncrypted : 0U);
  IndexField field{};
  for (unsigned i = 0; i < field.size(); ++i)
    field[i] = static_cast<std::byte>(value >> (24U - 8U * i));
  return field;
}

}  // namespace

std::size_t Transform::rtcp_overhead() const {
  return kIndexField + parameters_->rtcp_tag + options_.mki.size();
}

// Counter mode and null:  | clear | text | E, index | MKI | tag over clear, text, E, index |
// AEAD:                   | clear | text and tag | E, index | MKI |
// RFC 3711 section 3.4, RFC 7714 section 9.2.
Result<OpenedRtcp, Error> Transform::open_rtcp(Bytes packet, MutableBytes plain) {
  const std::size_t tag = parameters_->rtcp_tag;
  const std::size_t mki = options_.mki.size();
  if (packet.size() < kClear + rtcp_overhead())
    return tl::unexpected<Error>(
        Error{Refusal::Malformed,
              {WireFault::Truncated, static_cast<std::uint32_t>(packet.size()), "SRTCP index"}});
  if (plain.size() < packet.size())
    return refuse(Refusal::NoRoom);
  const Bytes with_index = packet.first(packet.size() - mki - (aead() ? 0 : tag));
  const Bytes field = with_index.last(kIndexField);
  const Bytes body = with_index.first(with_index.size() - kIndexField);
  OpenedRtcp opened;
  opened.ssrc = load_u32(packet.data() + kSsrcAt);
  opened.encrypted = (load_u32(field.data()) & kEncrypted) != 0;
  opened.index = load_u32(field.data()) & ~kEncrypted;
  opened.size = body.size() - (aead() ? tag : 0);
  if (!aead() &&
      !crypto::equal_constant_time(Bytes(rtcp_.hmac.of({with_index})).first(tag), packet.last(tag)))
    return refuse(Refusal::AuthenticationFailed);
  const std::size_t clear = opened.encrypted || !aead() ? kClear : opened.size;
  std::memcpy(plain.data(), packet.data(), clear);
  const Bytes text = body.subspan(clear);
  if (!opened.encrypted && !aead()) {
    std::copy(text.begin(), text.end(), plain.begin() + kClear);
    return opened;
  }
  std::array<std::byte, kClear + kIndexField> short_additional{};
  ByteBuffer long_additional;
  Bytes additional;
  if (clear == kClear) {
    std::copy_n(packet.begin(), kClear, short_additional.begin());
    std::copy(field.begin(), field.end(), short_additional.begin() + kClear);
    additional = short_additional;
  } else {
    long_additional = joined(packet.first(clear), field);
    additional = long_additional;
  }
  if (!open_text(rtcp_, {opened.ssrc, opened.index}, additional, text, plain.subspan(clear)))
    return refuse(Refusal::AuthenticationFailed);
  return opened;
}

Result<std::size_t, Error> Transform::seal_rtcp(Bytes packet, std::uint32_t index, bool encrypt,
                                                MutableBytes sealed) {
  if (packet.size() < kClear)
    return tl::unexpected<Error>(
        Error{Refusal::Malformed,
              {WireFault::Truncated, static_cast<std::uint32_t>(packet.size()), "SSRC"}});
  if (sealed.size() < packet.size() + rtcp_overhead())
    return refuse(Refusal::NoRoom);
  if (index >= kEncrypted)
    return refuse(Refusal::KeyExhausted);
  const std::uint32_t ssrc = load_u32(packet.data() + kSsrcAt);
  const IndexField field = index_field_of(index, encrypt);
  const std::size_t clear = encrypt ? kClear : packet.size();
  std::copy(packet.begin(), packet.end(), sealed.begin());
  if ((encrypt || aead()) && !seal_text(rtcp_, {ssrc, index}, joined(packet.first(clear), field),
                                        packet.subspan(clear), sealed.subspan(clear)))
    return refuse(Refusal::NoRoom);
  std::size_t size = packet.size() + (aead() ? parameters_->rtcp_tag : 0);
  const auto append = [&sealed, &size](Bytes bytes) {
    std::copy(bytes.begin(), bytes.end(), sealed.begin() + static_cast<std::ptrdiff_t>(size));
    size += bytes.size();
  };
  append(field);
  const std::size_t authenticated = size;
  append(options_.mki);
  if (!aead())
    append(Bytes(rtcp_.hmac.of({Bytes(sealed).first(authenticated)})).first(parameters_->rtcp_tag));
  return size;
}

}  // namespace parley::srtp
