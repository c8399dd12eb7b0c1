#include <cstdint>

#include "analyzer/dissect/field.h"
#include "fuzz/check.h"
#include "stack/wire/demux.h"
#include "stack/wire/dtls.h"

namespace {

using parley::Bytes;
using parley::fuzz::require;
namespace dtls = parley::dtls;

template <class Message>
void decode(Bytes body, std::size_t base) {
  const auto message = Message::decode(body, base);
  if (!message)
    require(message.error().offset >= base && message.error().offset <= base + body.size());
}

void decode_all(Bytes body, std::size_t base) {
  decode<dtls::ClientHello>(body, base);
  decode<dtls::ServerHello>(body, base);
  decode<dtls::HelloVerifyRequest>(body, base);
  decode<dtls::CertificateMessage>(body, base);
  decode<dtls::Alert>(body, base);
  (void)dtls::server_key_exchange_group(body);
}

void walk(Bytes datagram, std::size_t connection_id_size) {
  constexpr std::size_t kBase = 42;
  const dtls::RecordList list = dtls::decode_records(datagram, connection_id_size, kBase);
  std::size_t end = kBase;
  for (const dtls::RecordView& record : list.records) {
    require(record.offset == end && record.header_size > 0);
    end += record.size();
    const std::size_t at = record.offset + record.header_size;
    const auto found = dtls::decode_handshake_fragments(record.fragment, at);
    for (const dtls::HandshakeFragment& fragment : found.fragments)
      decode_all(fragment.body, fragment.offset + 12);
  }
  require(list.error ? list.error->offset >= end && list.error->offset <= kBase + datagram.size()
                     : end == kBase + datagram.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = parley::fuzz::input(data, size);
  (void)parley::classify_first_byte(input);
  walk(input, 0);
  walk(input, 8);
  decode_all(input, 0);
  const parley::analyzer::Field field = parley::analyzer::dissect_dtls(input);
  parley::fuzz::require_inside(field, 0, size);
  require(!parley::analyzer::to_text(field).empty());
  require(!parley::analyzer::to_json(field).empty());
  return 0;
}
