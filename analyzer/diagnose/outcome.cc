#include "analyzer/diagnose/outcome.h"

#include <algorithm>
#include <array>

#include "analyzer/diagnose/facts.h"

namespace parley::analyzer {
namespace {

using std::chrono::seconds;

// RFC 7675 5.1: consent expires 30 s after the last valid response. Implementations give up
// earlier; half of it without any answer is more than the checks lost in a burst.
constexpr Duration kSilenceThatEndsACall = seconds(12);
// RFC 8863 4: an agent gives its checks at least 39.5 s (Ta and RTO at their defaults) before it
// may fail; browsers stop after about 15 s.
constexpr Duration kChecksLongEnough = seconds(9);
constexpr Duration kChecksCertainlyOver = seconds(40);
constexpr Duration kQuietAfterChecks = seconds(4);
// RFC 6347 4.2.4.1: retransmissions at 1, 3 and 7 s.
constexpr Duration kHandshakeLongEnough = seconds(7);

bool ports_closed(const Call& call, Side side) {
  const std::optional<Instant> last = last_heard_at(call, side);
  return std::any_of(
      call.icmp_reports.begin(), call.icmp_reports.end(), [&](const IcmpReport& report) {
        return report.port_unreachable && report.owner == side && (!last || report.at >= *last);
      });
}

bool alert_named(const Dtls& dtls, std::string_view description) {
  return std::any_of(dtls.alerts.begin(), dtls.alerts.end(),
                     [&](const DtlsAlert& alert) { return alert.description == description; });
}

// Both directions were up, then `side` asked and asked and nothing at all came back.
bool silent_to_the_end(const Transport& transport, const Call& call, Side side) {
  const std::optional<Silence> silence = consent_silence(transport, side);
  if (!silence || silence->lasted < kSilenceThatEndsACall)
    return false;
  const std::optional<Instant> heard = last_heard_at(call, other(side));
  return !heard || *silence->pair->last_at - *heard >= kSilenceThatEndsACall;
}

Outcome after_connect(const Transport& transport, const Call& call) {
  if (transport.dtls.state == trace::DtlsState::Failed)
    return Outcome::Lost;
  if (transport.dtls.state == trace::DtlsState::Closed ||
      alert_named(transport.dtls, "close_notify") ||
      (ports_closed(call, Side::A) && ports_closed(call, Side::B)))
    return Outcome::Closed;
  for (const Side side : {Side::A, Side::B}) {
    const TransportAgent& agent = transport.agents[index_of(side)];
    if (agent.consent_lost || agent.state == trace::IceState::Failed ||
        silent_to_the_end(transport, call, side))
      return Outcome::Lost;
  }
  return Outcome::Connected;
}

Outcome before_ice(const Transport& transport, Instant last_packet) {
  for (const TransportAgent& agent : transport.agents)
    if (agent.state == trace::IceState::Failed)
      return Outcome::Failed;
  for (const Side side : {Side::A, Side::B}) {
    const Checks checks = checks_of(transport, side);
    if (checks.requests == 0 || !checks.first_at || !checks.last_at)
      continue;
    const Duration lasted = *checks.last_at - *checks.first_at;
    if (lasted >= kChecksCertainlyOver ||
        (lasted >= kChecksLongEnough && last_packet - *checks.last_at >= kQuietAfterChecks))
      return Outcome::Failed;
  }
  return Outcome::InProgress;
}

Outcome before_dtls(const Transport& transport, Instant last_packet) {
  if (transport.dtls.state == trace::DtlsState::Failed)
    return Outcome::Failed;
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
    return after_connect(transport, call);
  return ice_worked(transport) ? before_dtls(transport, last_packet)
                               : before_ice(transport, last_packet);
}

Ending ending_of(const Call& call, Instant last_packet) {
  Ending ending;
  for (const Transport& transport : call.transports) {
    const Outcome outcome = outcome_of(transport, call, last_packet);
    if (rank(outcome) >= rank(ending.outcome))
      ending.outcome = outcome;
  }
  ending.reached = reached_of(call);
  ending.inferred =
      ending.outcome == Outcome::Lost ||
      (ending.outcome == Outcome::Closed &&
       std::none_of(call.transports.begin(), call.transports.end(), [](const Transport& transport) {
         return alert_named(transport.dtls, "close_notify");
       }));
  return ending;
}

}  // namespace parley::analyzer
