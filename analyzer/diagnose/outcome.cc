#include "analyzer/diagnose/outcome.h"

#include <algorithm>
#include <array>

#include "analyzer/diagnose/call_end.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/words.h"
#include "analyzer/model/coverage.h"

namespace parley::analyzer {
namespace {

using std::chrono::seconds;

// RFC 8863 4: an agent gives its checks at least 39.5 s (Ta and RTO at their defaults) before it
// may fail; browsers stop after about 15 s.
constexpr Duration kChecksLongEnough = seconds(9);
constexpr Duration kChecksCertainlyOver = seconds(40);
constexpr Duration kQuietAfterChecks = seconds(4);
// RFC 6347 4.2.4.1: retransmissions at 1, 3 and 7 s.
constexpr Duration kHandshakeLongEnough = seconds(7);

bool alert_named(const Dtls& dtls, std::string_view description) {
  return std::any_of(dtls.alerts.begin(), dtls.alerts.end(),
                     [&](const DtlsAlert& alert) { return alert.description == description; });
}

bool ended_in_order(const Transport& transport, const Call& call) {
  return transport.dtls.state == trace::DtlsState::Closed ||
         alert_named(transport.dtls, "close_notify") || ended_with_alert(transport, Side::A) ||
         ended_with_alert(transport, Side::B) ||
         (gone_at(call, Side::A) && gone_at(call, Side::B)) ||
         hung_up(call, transport, Side::A) != nullptr ||
         hung_up(call, transport, Side::B) != nullptr;
}

Outcome after_connect(const Transport& transport, const Call& call, Instant last_packet) {
  if (transport.dtls.state == trace::DtlsState::Failed)
    return Outcome::Lost;
  if (ended_in_order(transport, call))
    return Outcome::Closed;
  // The handshake is complete on the wire only: the silent side did not accept it.
  if (silent_behind_dtls(transport))
    return Outcome::Failed;
  for (const Side side : {Side::A, Side::B}) {
    const TransportAgent& agent = transport.agents[index_of(side)];
    const std::optional<Silence> silence = consent_silence(transport, side, last_packet);
    if (agent.consent_lost || agent.state == trace::IceState::Failed ||
        (silence && gave_up(*silence)))
      return gone_at(call, other(side)) ? Outcome::Closed : Outcome::Lost;
  }
  return Outcome::Connected;
}

// Some check was sent again instead of being replaced by a new one: its schedule runs for 39.5 s
// with pauses of up to 16 s (RFC 8489 section 6.2.1).
bool retransmits(const Transport& transport, Side side) {
  return std::any_of(transport.pairs.begin(), transport.pairs.end(), [&](const Pair& pair) {
    std::uint64_t transactions = pair.unanswered + pair.responses;
    for (const ErrorCount& error : pair.errors)
      transactions += error.count;
    return pair.agent == side && pair.requests > transactions;
  });
}

Outcome before_ice(const Transport& transport, const Call& call, Instant last_packet) {
  for (const TransportAgent& agent : transport.agents)
    if (agent.state == trace::IceState::Failed)
      return Outcome::Failed;
  if (call.from_run)
    return Outcome::InProgress;
  for (const Side side : {Side::A, Side::B}) {
    const Checks checks = checks_of(transport, side);
    if (checks.requests == 0 || !checks.first_at || !checks.last_at)
      continue;
    const Duration lasted = *checks.last_at - *checks.first_at;
    const Duration quiet = last_packet - *checks.last_at;
    if (lasted >= kChecksCertainlyOver || lasted + quiet >= kChecksCertainlyOver ||
        (lasted >= kChecksLongEnough && quiet >= kQuietAfterChecks &&
         !retransmits(transport, side)))
      return Outcome::Failed;
  }
  return Outcome::InProgress;
}

// What became of the handshake is not in the captures.
bool handshake_hidden(const Transport& transport, const Call& call, Instant last_packet) {
  return transport.heard_only || up_before_capture(transport) || handshake_was_cut(transport) ||
         only_stun_was_kept(call, transport) ||
         handshake_goes_on_unseen(call, transport, last_packet);
}

Outcome before_dtls(const Transport& transport, const Call& call, Instant last_packet) {
  if (transport.dtls.state == trace::DtlsState::Failed)
    return Outcome::Failed;
  if (handshake_hidden(transport, call, last_packet))
    return Outcome::InProgress;
  const std::optional<Instant> since =
      transport.dtls.started_at ? transport.dtls.started_at : ice_up_at(transport);
  return since && last_packet - *since >= kHandshakeLongEnough ? Outcome::Failed
                                                               : Outcome::InProgress;
}

// The transport that came farthest speaks for the call.
int rank(Outcome outcome) {
  constexpr std::array<Outcome, 5> kOrder = {Outcome::InProgress, Outcome::Failed, Outcome::Lost,
                                             Outcome::Closed, Outcome::Connected};
  return static_cast<int>(std::find(kOrder.begin(), kOrder.end(), outcome) - kOrder.begin());
}

// Where an agent's state is not known it may have lost the path unseen; a handshake of DTLS 1.2
// that only its server's capture shows may lack the last flight.
bool hides_its_end(const Transport& transport) {
  for (const Side side : {Side::A, Side::B}) {
    const TransportAgent& agent = transport.agents[index_of(side)];
    if (!agent.state && (agent.selected_pair || rtp_from(transport, side) == 0))
      return true;
  }
  return !media_flowed(transport) && transport.dtls.version == "DTLS 1.2" &&
         is_inferred(transport.dtls.inferred, "state");
}

std::optional<std::string> reached_of(const Call& call) {
  const auto any = [&](bool (*test)(const Transport&)) {
    return std::any_of(call.transports.begin(), call.transports.end(), test);
  };
  if (any([](const Transport& t) { return was_connected(t) && media_flowed(t); }))
    return "media";
  if (any([](const Transport& t) { return dtls_finished(t.dtls); }))
    return "dtls";
  if (any(ice_worked))
    return "ice";
  // A check names the ufrags of both sides: its sender has the other's description.
  if (checks_of(call, Side::A).requests + checks_of(call, Side::B).requests > 0)
    return "signaling";
  return std::nullopt;
}

}  // namespace

Outcome outcome_of(const Transport& transport, const Call& call, Instant last_packet) {
  if (was_connected(transport))
    return after_connect(transport, call, last_packet);
  if (!ice_worked(transport) && answers_were_cut(call))
    return Outcome::InProgress;
  return ice_worked(transport) ? before_dtls(transport, call, last_packet)
                               : before_ice(transport, call, last_packet);
}

Ending ending_of(const Call& call, Instant last_packet) {
  Ending ending;
  for (const Transport& transport : call.transports) {
    const Outcome outcome = outcome_of(transport, call, last_packet);
    if (rank(outcome) >= rank(ending.outcome))
      ending.outcome = outcome;
  }
  ending.reached = reached_of(call);
  // Where time would have decided it, and the captures do not show what happened.
  ending.hidden =
      ending.outcome == Outcome::InProgress && !call.from_run &&
      (one_direction(call) ||
       (answers_were_cut(call) &&
        std::none_of(call.transports.begin(), call.transports.end(), ice_worked)) ||
       std::any_of(call.transports.begin(), call.transports.end(), [&](const Transport& t) {
         const auto& started = t.dtls.started_at ? t.dtls.started_at : ice_up_at(t);
         return ice_worked(t) && handshake_hidden(t, call, last_packet) &&
                (!started || last_packet - *started >= kHandshakeLongEnough);
       }));
  ending.inferred =
      ending.outcome == Outcome::Lost ||
      (ending.outcome == Outcome::Connected && !call.from_run &&
       std::any_of(call.transports.begin(), call.transports.end(), hides_its_end)) ||
      (ending.outcome == Outcome::Closed &&
       std::none_of(call.transports.begin(), call.transports.end(), [](const Transport& transport) {
         return alert_named(transport.dtls, "close_notify");
       }));
  return ending;
}

}  // namespace parley::analyzer
