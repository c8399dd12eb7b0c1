#include <algorithm>

#include <fmt/format.h>

#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/rules.h"
#include "analyzer/model/coverage.h"

namespace parley::analyzer {
namespace {

// The first octets are enough to compare by eye; the JSON has all.
std::string short_print(const std::string& fingerprint) {
  constexpr std::size_t kShown = 23;  // eight octets with their colons
  return fingerprint.size() > kShown ? fingerprint.substr(0, kShown) + ":..." : fingerprint;
}

bool is_dtls13(const Dtls& dtls) {
  return dtls.version == "DTLS 1.3";
}

bool fatal(const DtlsAlert& alert) {
  return alert.level == "fatal" && alert.description != "close_notify";
}

std::string_view alert_advice(std::string_view description) {
  if (description == "bad_certificate" || description == "certificate_unknown" ||
      description == "unsupported_certificate" || description == "decrypt_error")
    return "Compare a=fingerprint in the SDP with the certificate that was sent.";
  if (description == "protocol_version")
    return "The two sides have no DTLS version in common.";
  if (description == "handshake_failure" || description == "illegal_parameter")
    return "Compare cipher suites, groups and SRTP profiles that both sides offer.";
  return "Look at the log of the side that sent the alert.";
}

void find_alerts(const Story& story, const Transport& transport, Findings& out) {
  for (const DtlsAlert& alert : transport.dtls.alerts) {
    if (!fatal(alert))
      continue;
    Finding finding = make_finding("dtls-alert");
    finding.peer = alert.from;
    finding.transport = transport.id;
    if (is_dtls13(transport.dtls))
      finding.rfc = "RFC 8446 section 6.2";
    finding.summary = fmt::format("{} ended DTLS with the fatal alert {}.", to_string(alert.from),
                                  printable(alert.description));
    finding.facts.push_back(fmt::format("{} sent alert {} {}{}.", to_string(alert.from),
                                        printable(alert.description), story.cite.ref(alert.at),
                                        dtls_finished(transport.dtls)
                                            ? ", after the handshake was complete"
                                            : ", before the handshake was complete"));
    finding.evidence.push_back(alert.at);
    finding.try_this = std::string(alert_advice(alert.description));
    out.push_back(std::move(finding));
  }
}

void step_facts(const Story& story, const Transport& transport, Finding& finding) {
  for (const Side side : {Side::A, Side::B}) {
    const DtlsStep* last = nullptr;
    for (const DtlsStep& step : transport.dtls_steps)
      if (step.from == side)
        last = &step;
    if (last == nullptr) {
      finding.facts.push_back(fmt::format("No DTLS packet of {} was seen.", to_string(side)));
      continue;
    }
    finding.facts.push_back(fmt::format(
        "The last handshake message of {}: {}, sent {}, first at {} {}.", to_string(side),
        printable(last->what), last->times == 1 ? "once" : fmt::format("{} times", last->times),
        story.cite.time(last->at), story.cite.ref(last->packet)));
    finding.evidence.push_back(last->packet);
  }
  if (transport.dtls.retransmissions.value_or(0) > 0)
    finding.facts.push_back(counted(*transport.dtls.retransmissions, "flight") + " sent again.");
}

// Until a flight had to be sent twice, a handshake that is not over is merely cut off by the end of
// the capture (RFC 6347 section 4.2.4.1: after 1 s and after 3 s).
constexpr Duration kTwoRetransmissions = std::chrono::seconds(3);

void find_stuck(const Story& story, const Transport& transport, Findings& out) {
  if (story.end - *transport.dtls.started_at < kTwoRetransmissions)
    return;
  Finding finding = make_finding("dtls-stuck");
  finding.transport = transport.id;
  finding.peer = transport.dtls.client;
  if (is_dtls13(transport.dtls))
    finding.rfc = "RFC 9147 section 5.8";
  const bool undecided = story.outcome == Outcome::InProgress;
  finding.level = undecided ? Level::Warning : Level::Error;
  finding.confidence = undecided ? Confidence::Possible : Confidence::Likely;
  finding.summary = fmt::format("The DTLS handshake did not finish within {}.",
                                span_text(story.end - *transport.dtls.started_at));
  step_facts(story, transport, finding);
  finding.open.emplace_back(
      "Whether the answers are lost on the way (large datagrams first) or never sent.");
  finding.try_this = "Capture at the other side: that shows which flight does not arrive.";
  out.push_back(std::move(finding));
}

void find_not_started(const Story& story, const Transport& transport, Findings& out) {
  const std::optional<Instant> up = ice_up_at(transport);
  if (!up || story.outcome != Outcome::Failed)
    return;
  Finding finding = make_finding("dtls-not-started");
  finding.transport = transport.id;
  finding.summary =
      fmt::format("ICE found a path at {}, and no DTLS packet was seen in {} after it.",
                  story.cite.time(*up), span_text(story.end - *up));
  finding.open.emplace_back(
      "Whether neither side is active (a=setup), or DTLS is dropped before this point.");
  finding.try_this =
      "Compare a=setup in offer and answer: the answer should say active or passive.";
  for (const Pair& pair : transport.pairs)
    if (pair.selected && pair.nominated_by)
      finding.evidence.push_back(*pair.nominated_by);
  out.push_back(std::move(finding));
}

void find_silent_peer(const Story& story, const Transport& transport, Findings& out) {
  const std::optional<Side> silent = silent_behind_dtls(transport);
  if (!silent || story.outcome != Outcome::Failed)
    return;
  const std::string_view them = to_string(*silent);
  const std::string_view us = to_string(other(*silent));
  Finding finding = make_finding("dtls-peer-silent");
  finding.peer = *silent;
  finding.transport = transport.id;
  finding.summary =
      fmt::format("DTLS finished on the wire at {}, and {} never sent anything through it.",
                  story.cite.time(*transport.dtls.connected_at), them);
  for (const Flow& flow : transport.flows) {
    if (flow.from == other(*silent))
      finding.facts.push_back(fmt::format(
          "{} keeps sending protected data, up to {} after the handshake {}.", us,
          span_text(flow.last_at - *transport.dtls.connected_at), story.cite.ref(flow.last)));
    else
      finding.facts.push_back(
          fmt::format("The last DTLS packet of {} is of its handshake, at {} {}; its STUN goes on.",
                      them, story.cite.time(flow.last_at), story.cite.ref(flow.last)));
    finding.evidence.push_back(flow.last);
  }
  for (const DtlsCertificate& certificate : transport.dtls.certificates)
    if (certificate.peer == other(*silent))
      finding.facts.push_back(fmt::format("The certificate of {} has the fingerprint {} {}.", us,
                                          certificate.algorithm, certificate.value));
  finding.open.push_back(
      fmt::format("Why {} is silent: it refused {}'s certificate (a=fingerprint does not match), "
                  "or what should "
                  "answer above DTLS is not there.",
                  them, us));
  finding.try_this = fmt::format(
      "Compare the fingerprint of {}'s certificate with the a=fingerprint that {} received.", us,
      them);
  out.push_back(std::move(finding));
}

}  // namespace

void find_dtls_trouble(const Story& story, Findings& out) {
  for (const Transport& transport : story.call.transports) {
    find_alerts(story, transport, out);
    if (transport.heard_only || up_before_capture(transport) ||
        only_stun_was_kept(story.call, transport) ||
        handshake_goes_on_unseen(story.call, transport, story.end))
      continue;
    find_silent_peer(story, transport, out);
    if (!ice_worked(transport) || was_connected(transport))
      continue;
    const bool alerted = std::any_of(transport.dtls.alerts.begin(), transport.dtls.alerts.end(),
                                     [](const DtlsAlert& alert) { return fatal(alert); });
    if (transport.dtls.state == trace::DtlsState::Handshaking && transport.dtls.started_at)
      find_stuck(story, transport, out);
    else if (transport.dtls.state == trace::DtlsState::None && !alerted)
      find_not_started(story, transport, out);
  }
}

void find_unverified_fingerprint(const Story& story, Findings& out) {
  if (story.call.from_run)
    return;
  for (const Transport& transport : story.call.transports) {
    const Dtls& dtls = transport.dtls;
    if (!dtls_finished(dtls))
      continue;
    const bool verified =
        !dtls.certificates.empty() &&
        std::all_of(dtls.certificates.begin(), dtls.certificates.end(),
                    [](const DtlsCertificate& c) { return c.matches_sdp.has_value(); });
    if (verified)
      continue;
    Finding finding = make_finding("dtls-fingerprint-unverified");
    finding.transport = transport.id;
    const bool hidden = dtls.certificates.empty();
    finding.summary = hidden && dtls.version == "DTLS 1.3"
                          ? "DTLS 1.3 hides the certificates: not compared with SDP."
                      : hidden ? "No certificate could be read, so no fingerprint was compared."
                               : "The certificates were not compared with an SDP.";
    for (const DtlsCertificate& certificate : dtls.certificates)
      finding.facts.push_back(fmt::format("{}: {} {}", to_string(certificate.peer),
                                          certificate.algorithm, short_print(certificate.value)));
    if (dtls.server_hello)
      finding.evidence.push_back(*dtls.server_hello);
    out.push_back(std::move(finding));
    return;  // once for the call
  }
}

}  // namespace parley::analyzer
