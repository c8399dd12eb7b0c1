#include <algorithm>
#include <cstring>

#include "stack/srtp/packet_index.h"
#include "stack/srtp/transform.h"

namespace parley::srtp {
namespace {

constexpr std::size_t kFixedHeader = 12;
constexpr std::size_t kExtensionHeader = 4;
constexpr std::size_t kProfileSize = 2;
constexpr std::byte kExtensionBit{0x10};

tl::unexpected<Error> refuse(Refusal refusal) {
  return tl::unexpected<Error>(Error{refusal, {}});
}
tl::unexpected<Error> malformed(WireFault fault, std::size_t offset, std::string_view field) {
  return tl::unexpected<Error>(
      Error{Refusal::Malformed, {fault, static_cast<std::uint32_t>(offset), field}});
}

bool is_cryptex(const rtp::PacketView& view) {
  return view.extension && (view.extension_profile == rtp::kCryptexOneByte ||
                            view.extension_profile == rtp::kCryptexTwoByte);
}

void write_profile(MutableBytes at, std::uint16_t profile) {
  at[0] = static_cast<std::byte>(profile >> 8U);
  at[1] = static_cast<std::byte>(profile & 0xffU);
}

// RFC 9335 section 6.2: CSRCs, extension and payload are one text. What stays clear is brought
// together in front of it for the while.
//   | fixed header | CSRCs | extension header | ... |  <->  | fixed header | extension header |
//   CSRCs
void extension_header_before_csrcs(MutableBytes packet, std::size_t csrcs) {
  const auto begin = packet.begin() + kFixedHeader;
  const auto middle = begin + static_cast<std::ptrdiff_t>(csrcs);
  std::rotate(begin, middle, middle + kExtensionHeader);
}
void csrcs_before_extension_header(MutableBytes packet, std::size_t csrcs) {
  const auto begin = packet.begin() + kFixedHeader;
  const auto middle = begin + kExtensionHeader;
  std::rotate(begin, middle, middle + static_cast<std::ptrdiff_t>(csrcs));
}

}  // namespace

std::size_t Transform::rtp_overhead() const {
  return parameters_->rtp_tag + options_.mki.size() + (options_.cryptex ? kExtensionHeader : 0);
}

// RFC 3711 section 4.2: M = authenticated portion || ROC.
crypto::Sha1Digest Transform::rtp_digest(Bytes authenticated, std::uint64_t index) const {
  std::array<std::byte, 4> roc{};
  for (unsigned i = 0; i < roc.size(); ++i)
    roc[i] = static_cast<std::byte>(roc_of(index) >> (24U - 8U * i));
  return rtp_.hmac.of({authenticated, roc});
}

// RFC 6904 section 3.1: the key stream runs over the whole extension block, and only the data of
// the elements that are meant takes part. False: the block's elements do not fit into it.
bool Transform::crypt_extensions(const rtp::PacketView& view, std::uint64_t index,
                                 MutableBytes packet) {
  if (!header_ || !view.extension)
    return true;
  const auto elements = view.extension_elements();
  if (!elements)
    return false;
  ByteBuffer stream(view.extension_data.size());
  if (!header_->counter_mode->apply(counter_of(header_->salt, view.ssrc, index), stream, stream))
    return false;
  const std::size_t start = view.extension_offset + kExtensionHeader;
  for (const rtp::ExtensionElement& element : *elements) {
    if (!options_.encrypted_extensions.test(element.id))
      continue;
    const std::size_t data = element.offset + element.header_size;
    for (std::size_t i = data; i < data + element.data.size(); ++i)
      packet[i] ^= stream[i - start];
  }
  return true;
}

// Counter mode and null:  | header | text | MKI | tag over header, text and ROC |  (RFC 3711 3.1)
// AEAD:                   | header | text and tag | MKI |                  (RFC 7714 section 8.2)
Result<std::size_t, Error> Transform::open_rtp(Bytes packet, const rtp::PacketView& view,
                                               std::uint64_t index, MutableBytes plain) {
  const std::size_t tag = parameters_->rtp_tag;
  const std::size_t mki = options_.mki.size();
  if (view.payload.size() < tag + mki)
    return malformed(WireFault::Truncated, view.payload_offset, "authentication tag");
  if (plain.size() < packet.size())
    return refuse(Refusal::NoRoom);
  const Bytes body = packet.first(packet.size() - mki - (aead() ? 0 : tag));
  if (!aead() &&
      !crypto::equal_constant_time(Bytes(rtp_digest(body, index)).first(tag), packet.last(tag)))
    return refuse(Refusal::AuthenticationFailed);
  const bool cryptex = is_cryptex(view);
  const std::size_t clear = cryptex ? kFixedHeader + kExtensionHeader : view.payload_offset;
  Bytes text = body.subspan(clear);
  std::memcpy(plain.data(), packet.data(), cryptex ? body.size() : clear);
  if (cryptex) {
    extension_header_before_csrcs(plain, view.csrcs.size());
    text = plain.subspan(clear, text.size());
  }
  if (!open_text(rtp_, {view.ssrc, index}, Bytes(plain).first(clear), text, plain.subspan(clear)))
    return refuse(Refusal::AuthenticationFailed);
  const std::size_t size = body.size() - (aead() ? tag : 0);
  if (cryptex) {
    csrcs_before_extension_header(plain, view.csrcs.size());
    write_profile(plain.subspan(view.extension_offset, kProfileSize),
                  view.extension_profile == rtp::kCryptexOneByte ? rtp::kOneByteProfile
                                                                 : rtp::kTwoByteProfile);
  } else if (!crypt_extensions(view, index, plain)) {
    return malformed(WireFault::BadLength, view.extension_offset, "header extension");
  }
  return size;
}

// Adds what comes after the text of `size` octets.
std::size_t Transform::finish_rtp(std::uint64_t index, std::size_t size,
                                  MutableBytes sealed) const {
  const std::size_t mki = options_.mki.size();
  std::copy(options_.mki.begin(), options_.mki.end(),
            sealed.begin() + static_cast<std::ptrdiff_t>(size));
  if (aead())
    return size + mki;
  const crypto::Sha1Digest digest = rtp_digest(Bytes(sealed).first(size), index);
  std::copy_n(digest.begin(), parameters_->rtp_tag,
              sealed.begin() + static_cast<std::ptrdiff_t>(size + mki));
  return size + mki + parameters_->rtp_tag;
}

Result<std::size_t, Error> Transform::seal_rtp(Bytes packet, std::uint64_t index,
                                               MutableBytes sealed) {
  const auto view = rtp::PacketView::decode(packet);
  if (!view)
    return tl::unexpected<Error>(Error{Refusal::Malformed, view.error()});
  if (sealed.size() < packet.size() + rtp_overhead())
    return refuse(Refusal::NoRoom);
  std::copy(packet.begin(), packet.end(), sealed.begin());
  const bool cryptex = options_.cryptex && (view->extension || view->csrc_count > 0);
  std::size_t size = packet.size();
  std::size_t clear = view->payload_offset;
  if (cryptex) {
    const std::size_t at = kFixedHeader + view->csrcs.size();
    std::uint16_t profile = view->extension_profile;
    if (!view->extension) {
      // RFC 9335 section 5.1: CSRCs alone need an empty extension, which carries the mark.
      std::copy(packet.begin() + static_cast<std::ptrdiff_t>(at), packet.end(),
                sealed.begin() + static_cast<std::ptrdiff_t>(at + kExtensionHeader));
      std::fill_n(sealed.begin() + static_cast<std::ptrdiff_t>(at), kExtensionHeader, std::byte{0});
      sealed[0] |= kExtensionBit;
      size += kExtensionHeader;
      profile = rtp::kOneByteProfile;
    }
    if (profile != rtp::kOneByteProfile && profile != rtp::kTwoByteProfile)
      return malformed(WireFault::Unsupported, view->extension_offset, "extension profile");
    write_profile(sealed.subspan(at, kProfileSize),
                  profile == rtp::kOneByteProfile ? rtp::kCryptexOneByte : rtp::kCryptexTwoByte);
    extension_header_before_csrcs(sealed, view->csrcs.size());
    clear = kFixedHeader + kExtensionHeader;
  } else if (!crypt_extensions(*view, index, sealed)) {
    return malformed(WireFault::BadLength, view->extension_offset, "header extension");
  }
  if (!seal_text(rtp_, {view->ssrc, index}, Bytes(sealed).first(clear),
                 Bytes(sealed).subspan(clear, size - clear), sealed.subspan(clear)))
    return refuse(Refusal::NoRoom);
  if (cryptex)
    csrcs_before_extension_header(sealed, view->csrcs.size());
  return finish_rtp(index, size + (aead() ? parameters_->rtp_tag : 0), sealed);
}

}  // namespace parley::srtp
