#include "analyzer/dtls_progress.h"

#include <algorithm>

namespace parley::analyzer {

namespace {

// Who misses the last flight repeats its own after a second, then after twice as long (RFC 6347
// section 4.2.4.1).
constexpr Duration kFirstWait = std::chrono::seconds(1);

double milliseconds(Duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

class Judge {
 public:
  Judge(const std::vector<DtlsPart>& parts, const OwnFlows& own, Instant end, Transport& t)
      : parts_(parts), own_(own), end_(end), t_(t), d_(t.dtls) {}

  void judge();

 private:
  bool is_own(const DtlsPart& part, Side side) const {
    return own_[index_of(side)].count(part.use.flow) > 0;
  }
  std::optional<Sighting> application(Side side) const {
    return earliest(parts_, [&](const DtlsPart& p) { return p.half(side).application; });
  }
  std::optional<Instant> first_hello(bool only_own) const;
  const DtlsPart* nearest_to(Side side) const;
  Side last_receiver() const;
  const std::optional<Sighting>& last_flight(const DtlsPart& part, Side receiver) const {
    return part.half(other(receiver)).last_flight;
  }
  bool silent_since(const DtlsPart& part, Side receiver) const;
  std::optional<Sighting> proof_of(Side side) const;
  void judge_12();
  void judge_by_data();
  void connect(const Sighting& by) {
    d_.state = trace::DtlsState::Connected;
    d_.connected_at = by.at;
    d_.connected_by = by.ref;
  }

  const std::vector<DtlsPart>& parts_;
  const OwnFlows& own_;
  Instant end_;
  Transport& t_;
  Dtls& d_;
};

std::optional<Instant> Judge::first_hello(bool only_own) const {
  const auto hello = earliest(parts_, [&](const DtlsPart& p) -> std::optional<Sighting> {
    const auto& client = p.association->client;
    if (!client || (only_own && !is_own(p, p.side(*client))))
      return std::nullopt;
    return p.association->halves[*client].first_hello;
  });
  return hello ? std::optional(hello->at) : std::nullopt;
}

// The part that saw a side's Finished first: at its own socket where that was captured.
const DtlsPart* Judge::nearest_to(Side side) const {
  const DtlsPart* best = nullptr;
  for (const DtlsPart& part : parts_) {
    if (!part.half(side).first_finished)
      continue;
    const bool nearer = best != nullptr && is_own(part, side) != is_own(*best, side)
                            ? is_own(part, side)
                            : best == nullptr || part.half(side).first_finished->at <
                                                     best->half(side).first_finished->at;
    if (nearer)
      best = &part;
  }
  return best;
}

// The side whose Finished comes first waits for the other one: the client, unless a session is
// resumed (RFC 5246 section 7.3).
Side Judge::last_receiver() const {
  const Side client = d_.client.value_or(Side::A);
  for (const DtlsPart& part : parts_) {
    const auto& mine = part.half(client).first_finished;
    const auto& theirs = part.half(other(client)).first_finished;
    if (mine && theirs)
      return theirs->at < mine->at ? other(client) : client;
  }
  return client;
}

// It did not repeat its Finished when it would have had to.
bool Judge::silent_since(const DtlsPart& part, Side receiver) const {
  const DtlsHalf& half = part.half(receiver);
  return end_ - half.last_finished->at > std::max(kFirstWait, half.finished_wait) * 2;
}

// Data that only a side whose handshake is complete can protect.
std::optional<Sighting> Judge::proof_of(Side side) const {
  std::optional<Sighting> proof = application(side);
  for (const Flow& flow : t_.flows) {
    if (flow.from != side || !flow.first_rtp || !flow.first_rtp_at || !d_.started_at ||
        *flow.first_rtp_at < *d_.started_at)
      continue;
    if (!proof || *flow.first_rtp_at < proof->at)
      proof = Sighting{*flow.first_rtp, *flow.first_rtp_at};
  }
  return proof;
}

void Judge::judge_12() {
  const Side receiver = last_receiver();
  const auto proof = proof_of(receiver);
  const DtlsPart* part = nearest_to(receiver);
  const auto flight = part == nullptr ? std::nullopt : last_flight(*part, receiver);
  const bool own = part != nullptr && is_own(*part, receiver);
  const auto hello = first_hello(own);
  if (flight && hello && receiver == d_.client && (own || proof || silent_since(*part, receiver))) {
    d_.handshake_ms = milliseconds(flight->at - *hello);
    if (!own)
      d_.inferred.emplace_back("handshake_ms");  // the hello left earlier, the flight arrived later
  }
  if (flight && (own || proof)) {
    connect(*flight);
  } else if (proof) {
    connect(*proof);
  } else if (flight) {
    if (silent_since(*part, receiver))
      connect(*flight);
    d_.inferred.emplace_back("state");
  } else if (const auto data = application(other(receiver));
             data && (part == nullptr || part->half(receiver).retransmissions == 0)) {
    // Its last flight was not captured: it sends data after it, and nobody asks for it again.
    connect(*data);
    d_.inferred.emplace_back("state");
  }
}

// DTLS 1.3 encrypts its Finished, and a capture may begin after it.
void Judge::judge_by_data() {
  const auto a = application(Side::A);
  const auto b = application(Side::B);
  const bool media = t_.srtp_packets[0] + t_.srtp_packets[1] > 0;
  // In DTLS 1.2 nobody protects data before both Finished messages.
  const bool one_is_enough = media || d_.version == dtls::version_name(dtls::kDtls12);
  if ((!a && !b) || !((a && b) || one_is_enough))
    return;
  connect(!b || (a && a->at < b->at) ? *a : *b);
  d_.inferred.emplace_back("state");
  const auto hello = first_hello(true);
  if (!d_.client || !hello)
    return;
  const auto first_data = earliest(parts_, [&](const DtlsPart& p) {
    return is_own(p, *d_.client) ? p.half(*d_.client).application : std::nullopt;
  });
  if (first_data) {
    d_.handshake_ms = milliseconds(first_data->at - *hello);
    d_.inferred.emplace_back("handshake_ms");  // complete by then, perhaps earlier
  }
}

void Judge::judge() {
  d_.started_at = first_hello(false);
  d_.state = trace::DtlsState::Handshaking;
  const bool finished = std::any_of(parts_.begin(), parts_.end(), [](const DtlsPart& p) {
    return p.half(Side::A).first_finished || p.half(Side::B).first_finished;
  });
  if (finished && d_.version != dtls::version_name(dtls::kDtls13))
    judge_12();
  else
    judge_by_data();
  if (d_.state == trace::DtlsState::Connected)
    return;
  const bool fatal = std::any_of(d_.alerts.begin(), d_.alerts.end(),
                                 [](const DtlsAlert& a) { return a.level == "fatal"; });
  if (fatal)
    d_.state = trace::DtlsState::Failed;
}

}  // namespace

void judge_handshake(const std::vector<DtlsPart>& parts, const OwnFlows& own, Instant end,
                     Transport& t) {
  Judge(parts, own, end, t).judge();
}

}  // namespace parley::analyzer
