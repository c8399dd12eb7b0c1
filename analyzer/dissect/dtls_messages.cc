#include "analyzer/dissect/dtls_messages.h"

#include <fmt/format.h>

namespace parley::analyzer {
namespace {

using dtls::HandshakeType;

template <std::string (*Name)(std::uint16_t)>
std::string named(std::uint64_t code) {
  return code_text(Name(static_cast<std::uint16_t>(code)), code);
}

// RFC 8446 section 4.1.3: a server that could do more says so here.
void note_downgrade_mark(Field& to, Bytes random) {
  constexpr std::string_view kMark = "DOWNGRD";
  if (random.size() == 32 && as_text(random.subspan(24, 7)) == kMark)
    to.children.back().value += " (with the downgrade mark of RFC 8446 section 4.1.3)";
}

void hello_start(Field& to, FieldReader& reader, bool client) {
  reader.number(to, client ? "Client Version" : "Server Version", 2, named<dtls::version_name>);
  const Bytes random = reader.octets(to, "Random", 32);
  if (!client)
    note_downgrade_mark(to, random);
  reader.counted(to, "Session ID", 1);
}

std::string compression_method(std::uint64_t method) {
  return method == 0 ? "null (0)" : std::to_string(method);
}

void client_hello(Field& to, FieldReader& reader) {
  hello_start(to, reader, true);
  reader.counted(to, "Cookie", 1);
  reader.list(to, "Cipher Suites", 2, [](Field& field, FieldReader& inner) {
    inner.number(field, "Cipher Suite", 2, named<dtls::cipher_suite_name>);
  });
  reader.list(to, "Compression Methods", 1, [](Field& field, FieldReader& inner) {
    inner.number(field, "Compression Method", 1, compression_method);
  });
  dissect_extensions(to, reader, ExtensionPlace::ClientHello);
}

void server_hello(Field& to, FieldReader& reader, Bytes body) {
  const auto hello = dtls::ServerHello::decode(body);
  const bool retry = hello && hello->is_hello_retry_request();
  hello_start(to, reader, false);
  if (retry)
    to.add("HelloRetryRequest", "the random of RFC 8446 section 4.1.3", to.offset, 0);
  reader.number(to, "Cipher Suite", 2, named<dtls::cipher_suite_name>);
  reader.number(to, "Compression Method", 1, compression_method);
  dissect_extensions(to, reader,
                     retry ? ExtensionPlace::HelloRetryRequest : ExtensionPlace::ServerHello);
}

void hello_verify_request(Field& to, FieldReader& reader) {
  reader.number(to, "Server Version", 2, named<dtls::version_name>);
  reader.counted(to, "Cookie", 1);
}

void certificate(Field& to, FieldReader& reader) {
  reader.list(to, "Certificate List", 3, [](Field& field, FieldReader& inner) {
    Field one = make_field("Certificate", "", inner.offset(), 0);
    const auto size = static_cast<std::size_t>(inner.number(one, "Certificate Length", 3));
    const Bytes der = inner.octets(one, "Certificate Data", size);
    one.length = static_cast<std::uint32_t>(inner.offset() - one.offset);
    one.value = fmt::format("{} bytes", der.size());
    field.children.push_back(std::move(one));
  });
}

void signature(Field& to, FieldReader& reader, const MessageContext& context) {
  if (reader.remaining() == 0)
    return;  // an anonymous suite
  if (context.record_version != dtls::kDtls10)
    reader.number(to, "Signature Algorithm", 2, named<dtls::signature_scheme_name>);
  reader.counted(to, "Signature", 2);
}

void server_key_exchange(Field& to, FieldReader& reader, const MessageContext& context,
                         Bytes body) {
  // The suite decides what this message holds; without it only the elliptic curve form can be
  // told from the bytes.
  if (!dtls::server_key_exchange_group(body)) {
    reader.octets(to, "Parameters", reader.remaining());
    return;
  }
  reader.number(to, "Curve Type", 1, [](std::uint64_t) { return std::string("named_curve (3)"); });
  reader.number(to, "Named Curve", 2, named<dtls::group_name>);
  reader.counted(to, "Public Key", 1);
  signature(to, reader, context);
}

// RFC 5246 section 7.4.4, RFC 8422 section 5.5.
std::string certificate_type(std::uint64_t type) {
  switch (type) {
    case 1:
      return "rsa_sign (1)";
    case 2:
      return "dss_sign (2)";
    case 64:
      return "ecdsa_sign (64)";
    default:
      return std::to_string(type);
  }
}

void certificate_request(Field& to, FieldReader& reader, const MessageContext& context) {
  reader.list(to, "Certificate Types", 1, [](Field& field, FieldReader& inner) {
    inner.number(field, "Certificate Type", 1, certificate_type);
  });
  if (context.record_version != dtls::kDtls10)
    reader.list(to, "Signature Algorithms", 2, [](Field& field, FieldReader& inner) {
      inner.number(field, "Signature Algorithm", 2, named<dtls::signature_scheme_name>);
    });
  reader.list(to, "Certificate Authorities", 2, [](Field& field, FieldReader& inner) {
    inner.counted(field, "Distinguished Name", 2);
  });
}

void client_key_exchange(Field& to, FieldReader& reader, Bytes body) {
  // RFC 8422 section 5.7: a point behind its length. Other suites have other contents.
  if (!body.empty() && body.size() == 1U + load_u8(body.data()))
    reader.counted(to, "Public Key", 1);
  else if (!body.empty())
    reader.octets(to, "Exchange Keys", reader.remaining());
}

void new_session_ticket(Field& to, FieldReader& reader) {
  reader.number(to, "Ticket Lifetime Hint", 4,
                [](std::uint64_t seconds) { return fmt::format("{} s", seconds); });
  reader.counted(to, "Ticket", 2);
}

}  // namespace

void dissect_handshake_body(Field& to, const MessageContext& context, Bytes body,
                            std::size_t base) {
  FieldReader reader(body, base, context.missing);
  switch (context.type) {
    case HandshakeType::ClientHello:
      client_hello(to, reader);
      break;
    case HandshakeType::ServerHello:
      server_hello(to, reader, body);
      break;
    case HandshakeType::HelloVerifyRequest:
      hello_verify_request(to, reader);
      break;
    case HandshakeType::NewSessionTicket:
      new_session_ticket(to, reader);
      break;
    case HandshakeType::Certificate:
      certificate(to, reader);
      break;
    case HandshakeType::ServerKeyExchange:
      server_key_exchange(to, reader, context, body);
      break;
    case HandshakeType::CertificateRequest:
      certificate_request(to, reader, context);
      break;
    case HandshakeType::CertificateVerify:
      signature(to, reader, context);
      break;
    case HandshakeType::ClientKeyExchange:
      client_key_exchange(to, reader, body);
      break;
    case HandshakeType::HelloRequest:
    case HandshakeType::ServerHelloDone:
      break;
    case HandshakeType::EndOfEarlyData:
    case HandshakeType::EncryptedExtensions:
    case HandshakeType::RequestConnectionId:
    case HandshakeType::NewConnectionId:
    case HandshakeType::Finished:
    case HandshakeType::CertificateUrl:
    case HandshakeType::CertificateStatus:
    case HandshakeType::KeyUpdate:
    case HandshakeType::CompressedCertificate:
    case HandshakeType::MessageHash:
      reader.octets(to, "Body", reader.remaining());
      break;
  }
  reader.finish(to);
}

}  // namespace parley::analyzer
