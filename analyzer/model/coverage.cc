#include "analyzer/model/coverage.h"

#include <algorithm>

namespace parley::analyzer {
namespace {

using std::chrono::seconds;

// Too few packets may all go one way by chance.
constexpr std::uint64_t kEnoughPackets = 10;
// Answers that come this soon may be to checks from before the capture.
constexpr Duration kUnderWay = seconds(1);
// Between the first check of an agent and its first question to a server, which a name to look up
// or a connection to set up delays. Keepalives come after 10 s and more (RFC 8445 section 11).
constexpr Duration kGatheringDelay = seconds(3);
// Retransmissions were due after 1 s and 3 s (RFC 6347 section 4.2.4.1).
constexpr Duration kTwoRetransmissions = seconds(3);

template <class T>
void keep_earliest(std::optional<T>& kept, const std::optional<T>& value) {
  if (value && (!kept || *value < *kept))
    kept = value;
}

std::optional<Instant> first_check_of(const Call& call, Side side) {
  std::optional<Instant> first;
  for (const Transport& transport : call.transports)
    for (const Pair& pair : transport.pairs)
      if (pair.agent == side && pair.requests > 0)
        keep_earliest(first, pair.first_at);
  return first;
}

std::optional<Instant> first_question_of(const Call& call, Side side) {
  std::optional<Instant> first;
  for (const StunServerUse& use : call.stun_servers)
    if (use.of == side)
      keep_earliest(first, use.first_at);
  for (const TurnAllocation& allocation : call.turn)
    if (!allocation.of || *allocation.of == side)
      keep_earliest(first, allocation.first_at);
  return first;
}

}  // namespace

std::optional<OneDirection> one_direction(const HostTraffic& point) {
  for (const Side side : {Side::A, Side::B})
    if (point.sent[index_of(side)] > 0 && point.received[index_of(side)] > 0)
      return std::nullopt;
  // What goes to servers, or comes from them, tells whose host was captured.
  OneDirection best;
  for (const Side side : {Side::A, Side::B}) {
    if (point.own[index_of(other(side))] && !point.own[index_of(side)])
      continue;
    if (point.sent[index_of(side)] > best.packets)
      best = {side, true, point.sent[index_of(side)]};
    if (point.received[index_of(side)] > best.packets)
      best = {side, false, point.received[index_of(side)]};
  }
  // Who asks in vain and answers nothing meets the silence of the network.
  if (best.outgoing && point.insists[index_of(best.host)] && !point.unasked[index_of(best.host)])
    return std::nullopt;
  return best.packets >= kEnoughPackets ? std::optional(best) : std::nullopt;
}

std::optional<OneDirection> one_direction(const Call& call) {
  std::optional<OneDirection> all;
  for (const HostTraffic& point : call.traffic) {
    const std::optional<OneDirection> here = one_direction(point);
    if (!here || (all && here->sender() != all->sender()))
      return std::nullopt;
    if (!all || here->packets > all->packets)
      all = here;
  }
  return all;
}

bool could_show(const Call& call, PointId point, Side sender) {
  for (const HostTraffic& here : call.traffic)
    if (here.point == point)
      if (const std::optional<OneDirection> half = one_direction(here))
        return half->sender() == sender;
  return true;
}

namespace {

bool answers_could_show(const Call& call, const std::vector<PointId>& points, Side asking,
                        bool seen_further_off) {
  if (points.empty())
    return !one_direction(call);
  const auto end = seen_further_off ? std::next(points.begin()) : points.end();
  return std::any_of(points.begin(), end,
                     [&](PointId point) { return could_show(call, point, other(asking)); });
}

}  // namespace

bool answers_could_show(const Call& call, const Pair& pair) {
  std::vector<PointId> points;
  points.reserve(pair.requests_seen_at.size());
  for (const SeenAt& seen : pair.requests_seen_at)
    points.push_back(seen.point());
  return answers_could_show(call, points, pair.agent, !pair.answered_elsewhere.empty());
}

bool answers_could_show(const Call& call, const TurnAllocation& allocation) {
  return allocation.of ? answers_could_show(call, allocation.points, *allocation.of,
                                            allocation.answered_elsewhere.has_value())
                       : !one_direction(call);
}

bool answers_could_show(const Call& call, const StunServerUse& use) {
  return use.of ? answers_could_show(call, use.points, *use.of, use.answered_elsewhere.has_value())
                : !one_direction(call);
}

// An agent sends data on a pair that is valid, which takes an answer to its own check (RFC 8445
// section 12.1). Through a relay libwebrtc does so before.
const Flow* flow_before_answer(const Transport& transport, Side side) {
  const Flow* data = nullptr;
  for (const Flow& flow : transport.flows)
    if (flow.from == side && !flow.through_turn &&
        (data == nullptr || flow.first_at < data->first_at))
      data = &flow;
  std::optional<Instant> answered, checked;
  for (const Pair& pair : transport.pairs)
    if (pair.agent == side) {
      keep_earliest(answered, pair.first_response_at);
      keep_earliest(checked, pair.first_at);
    }
  const std::optional<Instant>& up = answered ? answered : checked;
  return data != nullptr && up && data->first_at < *up ? data : nullptr;
}

bool up_before_capture(const Transport& transport) {
  const Dtls& dtls = transport.dtls;
  const std::uint64_t records = dtls.records.value_or(0);
  // Behind a cut may stand what came before.
  if (dtls.client_hello || transport.relayed_cut || handshake_was_cut(transport))
    return false;
  // A datagram without a record that could be read may be one of the handshake.
  const bool sealed = transport.dtls_steps.empty() && records <= dtls.undecrypted.value_or(0);
  const bool all_read = sealed && records >= transport.dtls_packets[0] + transport.dtls_packets[1];
  if (all_read && (dtls.protected_data[0] || dtls.protected_data[1]))
    return true;
  return !transport.heard_only && ((flow_before_answer(transport, Side::A) != nullptr ||
                                    flow_before_answer(transport, Side::B) != nullptr));
}

bool begins_behind_cut(const Transport& transport) {
  std::optional<Instant> data;
  std::optional<Instant> answered;
  for (const Flow& flow : transport.flows)
    keep_earliest(data, std::optional<Instant>(flow.first_at));
  for (const Pair& pair : transport.pairs)
    keep_earliest(answered, pair.first_response_at);
  return transport.relayed_cut && data && answered && *data < *answered;
}

bool handshake_was_cut(const Transport& transport) {
  return transport.handshake_cut[0] + transport.handshake_cut[1] > 0 &&
         (transport.dtls.state == trace::DtlsState::None ||
          transport.dtls.state == trace::DtlsState::Handshaking);
}

bool answers_were_cut(const Call& call) {
  return call.unread_tcp || std::any_of(call.turn.begin(), call.turn.end(),
                                        [](const auto& a) { return a.unread_packets[1] > 0; });
}

bool up_before_capture(const Call& call) {
  return !call.from_run &&
         std::any_of(call.transports.begin(), call.transports.end(),
                     [](const Transport& transport) { return up_before_capture(transport); });
}

namespace {

bool lacks_packets(const Call& call) {
  return std::any_of(call.traffic.begin(), call.traffic.end(), [](const HostTraffic& point) {
    return unasked_answers(point, Side::A) || unasked_answers(point, Side::B);
  });
}

// `side` answers a check before any check of the other side is here.
bool answers_before_checks(const Call& call, Side side) {
  const std::optional<Instant> checked = first_check_of(call, other(side));
  return std::any_of(call.traffic.begin(), call.traffic.end(), [&](const HostTraffic& point) {
    const std::optional<SeenAt>& seen = point.unasked[index_of(side)];
    return seen && (!checked || seen->first_at < *checked);
  });
}

bool relay_made_before(const Call& call) {
  return std::any_of(call.turn.begin(), call.turn.end(), [](const TurnAllocation& allocation) {
    return allocation.made_before && allocation.of;
  });
}

}  // namespace

bool checked_before_capture(const Call& call, const Transport& transport) {
  if (call.from_run || transport.heard_only || transport.relayed_cut ||
      handshake_was_cut(transport))
    return false;
  if (up_before_capture(transport))
    return true;
  if ((flow_before_answer(transport, Side::A) != nullptr ||
       flow_before_answer(transport, Side::B) != nullptr) ||
      relay_made_before(call))
    return true;
  // One packet that is not here may have been dropped by the capture, unless it is the first.
  if (gathering_seen(call, Side::A) || gathering_seen(call, Side::B) || lacks_packets(call))
    return false;
  const Dtls& dtls = transport.dtls;
  return answers_before_checks(call, Side::A) || answers_before_checks(call, Side::B) ||
         (dtls.server_hello && !dtls.client_hello);
}

bool first_checks_missing(const Transport& transport) {
  return transport.first_checks_missing || begins_behind_cut(transport) ||
         up_before_capture(transport);
}

bool gathering_seen(const Call& call, Side side) {
  const std::optional<Instant> asked = first_question_of(call, side);
  const std::optional<Instant> checked = first_check_of(call, side);
  return asked && (call.from_run || !checked || *asked - *checked <= kGatheringDelay);
}

bool gathered_unseen(const Call& call, Side side) {
  return first_question_of(call, side) && !gathering_seen(call, side);
}

std::optional<Unasked> unasked_answers(const HostTraffic& point, Side side) {
  const std::optional<SeenAt>& seen = point.unasked[index_of(side)];
  if (!seen || seen->last_at - point.first_at < kUnderWay)
    return std::nullopt;
  return Unasked{side, *seen};
}

bool handshake_goes_on_unseen(const Call& call, const Transport& transport, Instant end) {
  if (call.from_run || transport.dtls.state != trace::DtlsState::Handshaking ||
      handshake_was_cut(transport) || transport.dtls_steps.empty() ||
      transport.dtls.retransmissions.value_or(0) > 0)
    return false;
  return std::all_of(
      transport.dtls_steps.begin(), transport.dtls_steps.end(), [&](const DtlsStep& step) {
        const std::optional<Instant>& heard = call.last_packet_from_at[index_of(step.from)];
        return step.times == 1 && heard && *heard - step.at >= kTwoRetransmissions &&
               end - step.at >= kTwoRetransmissions;
      });
}

bool answer_is_lacking(const Call& call, const TurnAllocation& allocation) {
  if (call.from_run || !allocation.of || !allocation.unrepeated_at)
    return false;
  const std::optional<Instant>& heard = call.last_packet_from_at[index_of(*allocation.of)];
  return heard && *heard - *allocation.unrepeated_at >= kTwoRetransmissions;
}

bool relay_is_open(const Call& call, Side side) {
  bool open = false;
  for (const TurnAllocation& allocation : call.turn) {
    if (allocation.of && *allocation.of != side)
      continue;
    if (allocation.relayed || allocation.allocated_by)
      return false;
    const bool unheard = allocation.responses == 0 &&
                         (allocation.knows_nonce || !answers_could_show(call, allocation));
    const bool unasked =
        allocation.requests == 0 && allocation.unasked > 0 && allocation.state != "refused";
    open = open || unheard || unasked ||
           (answer_is_lacking(call, allocation) && allocation.unrepeated_method == "Allocate");
  }
  return open;
}

bool only_stun_was_kept(const Call& call, const Transport& transport) {
  return call.stun_only && !call.from_run && transport.dtls.state == trace::DtlsState::None;
}

}  // namespace parley::analyzer
