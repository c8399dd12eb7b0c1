#include "bench/call_traffic.h"

#include <algorithm>

#include "stack/wire/stun.h"

namespace parley::bench {
namespace {

constexpr std::size_t kNoiseBlock = std::size_t{1} << 20U;
constexpr std::size_t kMaxSlice = 4096;

constexpr std::uint8_t kChangeCipherSpec = 20;
constexpr std::uint8_t kHandshake = 22;
constexpr std::uint16_t kDtls12 = 0xfefd;

// RFC 5246 section 7.4
constexpr std::uint8_t kClientHello = 1;
constexpr std::uint8_t kServerHello = 2;
constexpr std::uint8_t kCertificate = 11;
constexpr std::uint8_t kServerKeyExchange = 12;
constexpr std::uint8_t kCertificateRequest = 13;
constexpr std::uint8_t kServerHelloDone = 14;
constexpr std::uint8_t kCertificateVerify = 15;
constexpr std::uint8_t kClientKeyExchange = 16;

constexpr std::uint16_t kEcdheEcdsaAes128Gcm = 0xc02b;
constexpr std::uint16_t kSrtpAes128CmSha1 = 0x0001;
constexpr std::uint16_t kX25519 = 0x001d;
constexpr std::uint16_t kEcdsaP256Sha256 = 0x0403;

void append_extension(ByteWriter& out, std::uint16_t type, Bytes value) {
  out.u16(type);
  out.u16(static_cast<std::uint16_t>(value.size()));
  out.bytes(value);
}
// A vector of 16-bit values with its length in front.
ByteBuffer u16_list(std::initializer_list<std::uint16_t> values) {
  ByteBuffer out;
  ByteWriter w(out);
  w.u16(static_cast<std::uint16_t>(2 * values.size()));
  for (const std::uint16_t v : values)
    w.u16(v);
  return out;
}
ByteBuffer use_srtp() {
  ByteBuffer out = u16_list({kSrtpAes128CmSha1});
  out.push_back(std::byte{0});  // no MKI
  return out;
}

// DER (X.690): one value.
ByteBuffer der(std::uint8_t tag, std::initializer_list<Bytes> parts) {
  std::size_t size = 0;
  for (const Bytes part : parts)
    size += part.size();
  ByteBuffer out;
  ByteWriter w(out);
  w.u8(tag);
  if (size >= 0x80) {
    w.u8(0x82);
    w.u16(static_cast<std::uint16_t>(size));
  } else {
    w.u8(static_cast<std::uint8_t>(size));
  }
  for (const Bytes part : parts)
    w.bytes(part);
  return out;
}
ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value_or(ByteBuffer{});
}

// A self-signed certificate for P-256 (RFC 5280 section 4.1) as browsers make them: right in form,
// with a random key and signature.
ByteBuffer certificate(Noise& noise) {
  constexpr std::uint8_t kInteger = 0x02;
  constexpr std::uint8_t kBitString = 0x03;
  constexpr std::uint8_t kUtf8String = 0x0c;
  constexpr std::uint8_t kUtcTime = 0x17;
  constexpr std::uint8_t kSequence = 0x30;
  constexpr std::uint8_t kSet = 0x31;
  const ByteBuffer ecdsa_sha256 = der(kSequence, {hex("06082a8648ce3d040302")});
  const ByteBuffer p256_key = der(kSequence, {hex("06072a8648ce3d0201"
                                                  "06082a8648ce3d030107")});
  const ByteBuffer common_name = hex("0603550403");
  const ByteBuffer name =
      der(kSequence,
          {der(kSet, {der(kSequence, {common_name, der(kUtf8String, {as_bytes("WebRTC")})})})});
  const ByteBuffer validity = der(kSequence, {der(kUtcTime, {as_bytes("231113221320Z")}),
                                              der(kUtcTime, {as_bytes("231214221320Z")})});
  const ByteBuffer point = der(kBitString, {hex("0004"), noise.bytes(64)});
  const ByteBuffer serial = der(kInteger, {hex("01"), noise.bytes(8)});
  const ByteBuffer to_be_signed =
      der(kSequence, {hex("a003020102"), serial, ecdsa_sha256, name, validity, name,
                      der(kSequence, {p256_key, point})});
  const ByteBuffer half = der(kInteger, {hex("01"), noise.bytes(31)});
  const ByteBuffer signature = der(kSequence, {half, half});
  return der(kSequence, {to_be_signed, ecdsa_sha256, der(kBitString, {hex("00"), signature})});
}

}  // namespace

Noise::Noise(std::uint64_t seed) : state_(seed), block_(kNoiseBlock + kMaxSlice) {
  SeededRandom(seed, "noise").fill(block_);
}

// splitmix64: good enough for which packet comes next.
std::uint64_t Noise::below(std::uint64_t bound) {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return (z ^ (z >> 31U)) % bound;
}

Bytes Noise::bytes(std::size_t size) {
  return Bytes(block_).subspan(below(kNoiseBlock), std::min(size, kMaxSlice));
}

CallTraffic::CallTraffic(std::uint32_t number, Noise& noise, Send send)
    : noise_(&noise), send_(std::move(send)) {
  for (unsigned side = 0; side < 2; ++side) {
    Side& s = sides_[side];
    s.endpoint.address = IpAddress::v4((side == 0 ? 0x0a000001U : 0xc0a80001U) + number);
    s.endpoint.port = static_cast<std::uint16_t>(50000 + number % 10000);
    s.ufrag = to_hex(noise.bytes(4));
    s.password = to_hex(noise.bytes(12));
    s.tie_breaker = load_u64(noise.bytes(8).data());
    s.audio_ssrc = load_u32(noise.bytes(4).data());
    s.video_ssrc = load_u32(noise.bytes(4).data());
    s.audio_sequence = load_u16(noise.bytes(2).data());
    s.video_sequence = load_u16(noise.bytes(2).data());
  }
}

void CallTraffic::send(unsigned side, ByteBuffer& datagram) {
  send_(side, datagram);
  datagram.clear();
}

void CallTraffic::connect() {
  check(0, false);
  check(1, false);
  check(0, true);
  handshake();
  connected_ = true;
}

// RFC 8445 section 7.2.2; side 0 controls.
void CallTraffic::check(unsigned side, bool nominate) {
  const Side& from = sides_[side];
  const Side& to = sides_[1 - side];
  stun::TransactionId id;
  const Bytes random = noise_->bytes(id.size());
  std::copy(random.begin(), random.end(), id.begin());

  ByteBuffer datagram;
  stun::MessageBuilder request(datagram, stun::Class::Request, stun::Method::Binding, id);
  request.text(stun::Attribute::Username, to.ufrag + ":" + from.ufrag);
  request.u64(side == 0 ? stun::Attribute::IceControlling : stun::Attribute::IceControlled,
              from.tie_breaker);
  if (nominate)
    request.flag(stun::Attribute::UseCandidate);
  request.u32(stun::Attribute::Priority, 0x6e7f1eff);
  request.message_integrity(as_bytes(to.password)).fingerprint();
  (void)request.finish();
  send(side, datagram);

  stun::MessageBuilder response(datagram, stun::Class::Success, stun::Method::Binding, id);
  response.address(stun::Attribute::XorMappedAddress, from.endpoint);
  response.message_integrity(as_bytes(to.password)).fingerprint();
  (void)response.finish();
  send(1 - side, datagram);
}

// RFC 6347 section 4.1
void CallTraffic::append_record(ByteBuffer& out, unsigned side, std::uint8_t type,
                                std::uint16_t epoch, Bytes body) {
  ByteWriter w(out);
  w.u8(type);
  w.u16(kDtls12);
  w.u16(epoch);
  w.u48(epoch == 0 ? sides_[side].record_sequence++ : 0);
  w.u16(static_cast<std::uint16_t>(body.size()));
  w.bytes(body);
}

// RFC 6347 section 4.2.2, never fragmented
void CallTraffic::append_handshake(ByteBuffer& out, unsigned side, std::uint8_t type, Bytes body) {
  ByteBuffer message;
  ByteWriter w(message);
  const auto size = static_cast<std::uint32_t>(body.size());
  w.u8(type);
  w.u24(size);
  w.u16(sides_[side].message_sequence++);
  w.u24(0);
  w.u24(size);
  w.bytes(body);
  append_record(out, side, kHandshake, 0, message);
}

void CallTraffic::append_client_hello(ByteBuffer& out) {
  ByteBuffer extensions;
  ByteWriter e(extensions);
  append_extension(e, 23, {});  // extended master secret
  append_extension(e, 0xff01, std::array<std::byte, 1>{});
  append_extension(e, 10, u16_list({kX25519, 0x0017, 0x0018}));
  append_extension(e, 11, std::array<std::byte, 2>{std::byte{1}, std::byte{0}});
  append_extension(e, 13, u16_list({kEcdsaP256Sha256, 0x0804, 0x0401}));
  append_extension(e, 14, use_srtp());
  ByteBuffer body;
  ByteWriter w(body);
  w.u16(kDtls12);
  w.bytes(noise_->bytes(32));
  w.u8(0);  // session id
  w.u8(0);  // cookie
  w.bytes(u16_list({kEcdheEcdsaAes128Gcm, 0xc02f, 0xcca9}));
  w.u16(0x0100);  // one compression method: none
  w.u16(static_cast<std::uint16_t>(extensions.size()));
  w.bytes(extensions);
  append_handshake(out, 0, kClientHello, body);
}

void CallTraffic::append_server_hello(ByteBuffer& out) {
  ByteBuffer extensions;
  ByteWriter e(extensions);
  append_extension(e, 23, {});
  append_extension(e, 0xff01, std::array<std::byte, 1>{});
  append_extension(e, 11, std::array<std::byte, 2>{std::byte{1}, std::byte{0}});
  append_extension(e, 14, use_srtp());
  ByteBuffer body;
  ByteWriter w(body);
  w.u16(kDtls12);
  w.bytes(noise_->bytes(32));
  w.u8(0);
  w.u16(kEcdheEcdsaAes128Gcm);
  w.u8(0);
  w.u16(static_cast<std::uint16_t>(extensions.size()));
  w.bytes(extensions);
  append_handshake(out, 1, kServerHello, body);
}

void CallTraffic::append_certificate(ByteBuffer& out, unsigned side) {
  const ByteBuffer der_bytes = certificate(*noise_);
  const auto size = static_cast<std::uint32_t>(der_bytes.size());
  ByteBuffer body;
  ByteWriter w(body);
  w.u24(size + 3);
  w.u24(size);
  w.bytes(der_bytes);
  append_handshake(out, side, kCertificate, body);
}

void CallTraffic::append_finished(ByteBuffer& out, unsigned side) {
  append_record(out, side, kChangeCipherSpec, 0, std::array<std::byte, 1>{std::byte{1}});
  append_record(out, side, kHandshake, 1, noise_->bytes(48));
}

// RFC 5246 section 7.3 with both certificates; side 0 is the client.
void CallTraffic::handshake() {
  ByteBuffer datagram;
  append_client_hello(datagram);
  send(0, datagram);

  append_server_hello(datagram);
  append_certificate(datagram, 1);
  ByteBuffer body;
  ByteWriter key(body);
  key.u8(3);  // named curve
  key.u16(kX25519);
  key.u8(32);
  key.bytes(noise_->bytes(32));
  key.u16(kEcdsaP256Sha256);
  key.u16(71);
  key.bytes(noise_->bytes(71));
  append_handshake(datagram, 1, kServerKeyExchange, body);
  body.clear();
  ByteWriter request(body);
  request.u16(0x0140);  // one type: ECDSA
  request.bytes(u16_list({kEcdsaP256Sha256}));
  request.u16(0);  // no authorities
  append_handshake(datagram, 1, kCertificateRequest, body);
  append_handshake(datagram, 1, kServerHelloDone, {});
  send(1, datagram);

  append_certificate(datagram, 0);
  body.clear();
  ByteWriter exchange(body);
  exchange.u8(32);
  exchange.bytes(noise_->bytes(32));
  append_handshake(datagram, 0, kClientKeyExchange, body);
  body.clear();
  ByteWriter verify(body);
  verify.u16(kEcdsaP256Sha256);
  verify.u16(71);
  verify.bytes(noise_->bytes(71));
  append_handshake(datagram, 0, kCertificateVerify, body);
  append_finished(datagram, 0);
  send(0, datagram);
  append_finished(datagram, 1);
  send(1, datagram);
}

void CallTraffic::step(Instant now) {
  const auto side = static_cast<unsigned>(noise_->below(2));
  const std::uint64_t kind = noise_->below(1000);
  if (kind < 10)
    check(side, false);
  else if (kind < 60)
    rtcp(side);
  else
    rtp(side, kind >= 180, now);
}

// RFC 3550 section 5.1 with the extensions of RFC 8285 that browsers send: audio level or transport
// sequence number, and mid. One packet in 200 gets lost before it is captured.
void CallTraffic::rtp(unsigned side, bool video, Instant now) {
  Side& s = sides_[side];
  const std::uint64_t since = static_cast<std::uint64_t>(now.time_since_epoch().count()) / 1000;
  const std::uint64_t frame = since * 30 / 1'000'000;
  const std::uint64_t timestamp = video ? frame * 3000 : since / 20'000 * 960;
  const std::uint16_t sequence = video ? ++s.video_sequence : ++s.audio_sequence;
  ++s.transport_sequence;
  if (noise_->below(200) == 0)
    return;
  scratch_.clear();
  ByteWriter w(scratch_);
  w.u8(0x90);
  w.u8(static_cast<std::uint8_t>(video ? 96 | (noise_->below(12) == 0 ? 0x80 : 0) : 111));
  w.u16(sequence);
  w.u32(static_cast<std::uint32_t>(timestamp));
  w.u32(video ? s.video_ssrc : s.audio_ssrc);
  w.u16(0xbede);
  w.u16(2);
  w.u8(0x31);
  w.u16(s.transport_sequence);
  w.u8(0x40);
  w.u8(video ? '1' : '0');
  w.u8(0x10);
  w.u8(0x20);
  w.u8(0);
  w.bytes(noise_->bytes(video ? 980 + noise_->below(200) : 70 + noise_->below(60)));
  send(side, scratch_);
}

// A sender report under SRTCP (RFC 3711 section 3.4): header in clear, E bit and index, 80-bit tag.
void CallTraffic::rtcp(unsigned side) {
  scratch_.clear();
  ByteWriter w(scratch_);
  w.u8(0x80);
  w.u8(200);
  w.u16(6);
  w.u32(sides_[side].video_ssrc);
  w.bytes(noise_->bytes(20));
  w.u32(0x80000000U | ++sides_[side].rtcp_index);
  w.bytes(noise_->bytes(10));
  send(side, scratch_);
}

}  // namespace parley::bench
