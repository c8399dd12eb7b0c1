#include <algorithm>

#include <fmt/format.h>

#include "analyzer/model/trace_folder.h"

namespace parley::analyzer {

void TraceFolder::at_peer(const trace::Record& record, Side side,
                          const trace::DtlsStateChanged& event) {
  dtls_states_[index_of(side)] = event.to;
  if (event.to != trace::DtlsState::Handshaking)
    note(record, side, "dtls",
         fmt::format("DTLS is {}{}", trace::to_string(event.to),
                     event.reason.empty() ? "" : ": " + event.reason));
}

void TraceFolder::at_peer(const trace::Record& record, Side side,
                          const trace::DtlsFlightSent& event) {
  Transport& path = transport();
  if (event.messages == "ClientHello" && !path.dtls.started_at) {
    path.dtls.started_at = record.at;
    path.dtls.client = side;
  }
  if (event.attempt > 1)
    ++*path.dtls.retransmissions;
  path.dtls_packets[index_of(side)] += event.datagrams;
  for (DtlsStep& step : path.dtls_steps)
    if (step.from == side && step.what == event.messages) {
      step.times += event.attempt > 1 ? 1 : 0;
      return;
    }
  path.dtls_steps.push_back({side, event.messages, {}, record.at, 1});
  note(record, side, "dtls",
       fmt::format("sends {}{}", event.messages,
                   event.datagrams > 1 ? fmt::format(" in {} datagrams", event.datagrams) : ""));
}

void TraceFolder::at_peer(const trace::Record& record, Side side,
                          const trace::DtlsConnected& event) {
  Dtls& dtls = transport().dtls;
  const auto maybe = [](const std::string& text) {
    return text.empty() ? std::optional<std::string>() : std::optional(text);
  };
  dtls.version = maybe(event.version);
  dtls.cipher_suite = maybe(event.cipher_suite);
  dtls.group = maybe(event.group);
  dtls.srtp_profile = maybe(event.srtp_profile);
  dtls.client = event.client ? side : other(side);
  dtls.connected_at = record.at;  // the later of both, when the handshake is over everywhere
  if (event.client && dtls.started_at)
    dtls.handshake_ms = to_seconds(record.at - *dtls.started_at) * 1000;
  const auto space = event.peer_fingerprint.find(' ');
  if (space == std::string::npos)
    return;
  DtlsCertificate certificate;
  certificate.peer = other(side);
  certificate.algorithm = event.peer_fingerprint.substr(0, space);
  certificate.value = event.peer_fingerprint.substr(space + 1);
  certificate.matches_sdp = true;  // RFC 8842 5: a stack that connects has compared it
  dtls.certificates.push_back(std::move(certificate));
}

void TraceFolder::finish_dtls() {
  Dtls& dtls = transport().dtls;
  const auto [a, b] = dtls_states_;
  const auto either = [a = a, b = b](trace::DtlsState state) { return a == state || b == state; };
  if (either(trace::DtlsState::Failed))
    dtls.state = trace::DtlsState::Failed;
  else if (either(trace::DtlsState::Closed))
    dtls.state = trace::DtlsState::Closed;
  else if (a == trace::DtlsState::Connected && b == a)
    dtls.state = trace::DtlsState::Connected;
  else if (a != trace::DtlsState::None || b != a)
    dtls.state = trace::DtlsState::Handshaking;
  if (dtls.state == trace::DtlsState::Handshaking)
    dtls.connected_at.reset();
  std::stable_sort(
      dtls.certificates.begin(), dtls.certificates.end(),
      [](const DtlsCertificate& x, const DtlsCertificate& y) { return x.peer < y.peer; });
}

}  // namespace parley::analyzer
