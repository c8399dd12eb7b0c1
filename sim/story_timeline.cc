#include "sim/story_timeline.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "sim/check_losses.h"
#include "sim/story_cause.h"
#include "sim/story_drops.h"
#include "stack/base/bytes.h"

namespace parley::sim {
namespace {

using trace::Record;

std::string short_time(Instant at) {
  return fmt::format("{:.3f}", to_seconds(at));
}

std::string span(Duration d) {
  return d < std::chrono::seconds(1) ? fmt::format("{:.0f} ms", to_seconds(d) * 1000)
                                     : fmt::format("{:.1f} s", to_seconds(d));
}

// Turns the records of one call into lines. What repeats is told once.
class Narrator {
 public:
  Narrator(const RunResult& result, const CallSpec& call, const StoryNetwork& network)
      : result_(result), call_(call), network_(network), drops_(result, network) {}

  std::vector<StoryLine> tell() {
    for (index_ = 0; index_ < result_.records.size(); ++index_) {
      const Record& record = result_.records[index_];
      if (!network_.concerns(record))
        continue;
      std::visit([&](const auto& event) { on(record, event); }, record.event);
    }
    return std::move(lines_);
  }

 private:
  struct PairFacts {
    Endpoint local, remote;
    std::string types;
    bool checked = false, answered = false, nominating = false;
    bool again = false, repeated = false;  // told
    std::string why_again;
  };

  template <class Event>
  void on(const Record& /*record*/, const Event& /*event*/) {}

  void say(const Record& record, std::string text) {
    say(record.at, network_.node(record.actor), std::move(text));
  }
  // What one node does at one instant stands in one line.
  void say(Instant at, const std::string& who, std::string text) {
    if (!lines_.empty() && lines_.back().at == at && lines_.back().who == who)
      lines_.back().what += "; " + text;
    else
      lines_.push_back({at, who, std::move(text)});
  }

  const PeerSpec& spec(std::size_t side) const {
    return call_.peers[side == 0 ? call_.offerer : 1 - call_.offerer];
  }
  std::string asks(std::size_t side) const {
    std::string servers;
    for (const Endpoint& server : spec(side).stun_servers)
      servers += (servers.empty() ? "" : ", ") + to_string(server);
    return servers.empty() ? std::string() : "; asks " + servers + " for its address";
  }

  void on(const Record& record, const trace::SignalingSent& event) {
    const std::optional<std::size_t> side = network_.side_of(record.actor);
    if (side && event.kind == "offer")
      say(record, "sends the offer" + asks(*side));
    if (side && event.kind == "answer")
      say(record, "answers" + asks(*side));
  }
  void on(const Record& record, const trace::SignalingReceived& event) {
    if (network_.side_of(record.actor) && (event.kind == "offer" || event.kind == "answer"))
      say(record, "has the " + event.kind);
  }

  void on(const Record& record, const trace::StunServerAnswered& event) {
    const std::optional<std::size_t> side = network_.side_of(record.actor);
    if (!side || !known_.insert({*side, event.mapped}).second)
      return;
    if (event.mapped == event.local) {
      say(record, "has no NAT in front: the server sees its own " + to_string(event.local));
      return;
    }
    std::string text = "is " + to_string(event.mapped) + " (srflx)";
    if (const std::optional<Instant> at = signaled(1 - *side, event.mapped))
      text +=
          fmt::format("; trickles it, {} has it at {}", network_.name(1 - *side), short_time(*at));
    say(record, text);
  }
  void on(const Record& record, const trace::StunServerSilent& event) {
    if (network_.side_of(record.actor))
      say(record, "gets no answer from " + to_string(event.server));
  }

  // When the other peer heard of this candidate.
  std::optional<Instant> signaled(std::size_t side, const Endpoint& address) const {
    const std::string needle =
        " " + to_string(address.address) + " " + std::to_string(address.port) + " typ ";
    for (std::size_t i = index_; i < result_.records.size(); ++i) {
      const auto* received = std::get_if<trace::SignalingReceived>(&result_.records[i].event);
      if (received != nullptr && network_.side_of(result_.records[i].actor) == side &&
          received->content.find(needle) != std::string::npos)
        return result_.records[i].at;
    }
    return std::nullopt;
  }

  void on(const Record& record, const trace::IcePairCreated& event) {
    PairFacts& pair = pairs_[{record.actor.value(), event.pair.value()}];
    pair.local = event.local;
    pair.remote = event.remote;
    pair.types = fmt::format("{} - {}", to_string(event.local_type), to_string(event.remote_type));
  }
  void on(const Record& record, const trace::IcePairState& event) {
    if (event.to == trace::PairState::Waiting && event.from != trace::PairState::Frozen)
      pairs_[{record.actor.value(), event.pair.value()}].why_again =
          ": " + event.reason.substr(0, event.reason.find(": check again"));
  }
  void on(const Record& record, const trace::IceCheckSent& event) {
    const std::optional<std::size_t> side = network_.side_of(record.actor);
    PairFacts& pair = pairs_[{record.actor.value(), event.pair.value()}];
    if (!side || event.consent)
      return;
    if (event.attempt > 1) {
      if (!std::exchange(pair.repeated, true))
        say(record, repeats(record, event, pair));
    } else if (event.use_candidate && pair.answered && !pair.nominating) {
      pair.nominating = true;
      say(record,
          "nominates the pair (" + std::string(to_string(spec(*side).nomination)) + " nomination)");
    } else if (!pair.checked) {
      say(record, "checks " + to_string(pair.remote) + " (" + pair.types + ")" +
                      where_it_ended(*side, pair));
    } else if (!pair.answered && !std::exchange(pair.again, true)) {
      say(record, "checks " + to_string(pair.remote) + " again" + pair.why_again);
    }
    pair.checked = true;
  }
  // One line for all retransmissions of a check, with its end.
  std::string repeats(const Record& first, const trace::IceCheckSent& check,
                      const PairFacts& pair) const {
    std::uint32_t attempts = check.attempt;
    std::optional<Instant> last;
    bool answered = false;
    for (std::size_t i = index_ + 1; i < result_.records.size() && !answered; ++i) {
      const Record& record = result_.records[i];
      if (record.actor != first.actor)
        continue;
      if (const auto* sent = std::get_if<trace::IceCheckSent>(&record.event);
          sent != nullptr && sent->transaction == check.transaction) {
        attempts = sent->attempt;
        last = record.at;
      } else if (const auto* answer = std::get_if<trace::IceCheckAnswered>(&record.event)) {
        answered = answer->transaction == check.transaction;
      }
    }
    std::string text =
        (check.use_candidate ? "repeats the nomination of " : "repeats the check of ") +
        to_string(pair.remote);
    if (last)
      text += fmt::format(", until {}", short_time(*last));
    return text + fmt::format(": sent {} times, {}", attempts,
                              answered ? "then answered" : "never answered");
  }
  // The drop of the packet that just left, for a check that cannot arrive; a NAT's filter has a
  // line of its own.
  std::string where_it_ended(std::size_t side, const PairFacts& pair) const {
    const trace::ActorId self = result_.records[index_].actor;
    if (network_.reached(self, pair.remote) == side)
      return fmt::format(": in its own network that is {} itself, so no check gets to {}",
                         network_.name(side), network_.name(1 - side));
    for (std::size_t i = index_ + 1; i < result_.records.size(); ++i) {
      const Record& record = result_.records[i];
      if (record.at - result_.records[index_].at > std::chrono::milliseconds(400))
        break;
      const auto* dropped = std::get_if<trace::PacketDropped>(&record.event);
      if (dropped == nullptr ||
          (dropped->reason != "no-route" && dropped->reason != "no-neighbor") ||
          dropped->destination != pair.remote ||
          network_.sender(result_.records[i], *dropped) != side)
        continue;
      return ": dropped at " + network_.node(record.actor) + ", " + reason_text(dropped->reason);
    }
    return {};
  }
  void on(const Record& record, const trace::IceCheckAnswered& event) {
    PairFacts& pair = pairs_[{record.actor.value(), event.pair.value()}];
    if (!network_.side_of(record.actor) || event.error != 0 || pair.answered)
      return;
    pair.answered = true;
    say(record, "has the response after " + span(event.rtt) + ": pair valid");
  }
  void on(const Record& record, const trace::IceStateChanged& event) {
    if (!network_.side_of(record.actor))
      return;
    switch (event.to) {
      case trace::IceState::Connected:
        say(record, connected_text(record, event));
        break;
      case trace::IceState::Disconnected:
      case trace::IceState::Failed:
        say(record, "ICE " + std::string(to_string(event.to)) + ": " + event.reason +
                        what_was_lost(record, event));
        break;
      case trace::IceState::New:
      case trace::IceState::Checking:
      case trace::IceState::Completed:
      case trace::IceState::Closed:
        break;
    }
  }
  // For an end that comes from silence alone.
  std::string what_was_lost(const Record& record, const trace::IceStateChanged& event) const {
    const bool of_silence = event.to == trace::IceState::Disconnected ||
                            event.reason == "consent expired" ||
                            event.reason.starts_with("the nomination failed");
    const std::string lost =
        of_silence ? lost_since_last_answer(result_, record.actor, index_) : std::string();
    return lost.empty() ? lost : "; " + lost;
  }
  std::string connected_text(const Record& record, const trace::IceStateChanged& event) const {
    if (event.from == trace::IceState::Disconnected)
      return "ICE connected again: " + event.reason;
    return controlled_.contains(record.actor.value()) ? "sees USE-CANDIDATE: ICE connected"
                                                      : "nomination answered: ICE connected";
  }
  void on(const Record& record, const trace::IcePairUpgraded& event) {
    if (network_.side_of(record.actor))
      say(record, fmt::format("learns from signaling that {} is a {} candidate",
                              to_string(pairs_[{record.actor.value(), event.pair.value()}].remote),
                              to_string(event.remote_type)));
  }
  void on(const Record& record, const trace::IceRoleChanged& event) {
    if (event.reason != "initial" && network_.side_of(record.actor))
      say(record, fmt::format("becomes {}: {}", to_string(event.role), event.reason));
    if (event.role == trace::IceRole::Controlled)
      controlled_.insert(record.actor.value());
    else
      controlled_.erase(record.actor.value());
  }
  void on(const Record& record, const trace::IceConsentLost& /*event*/) {
    if (network_.side_of(record.actor))
      say(record, "has lost consent: nothing may be sent any more (RFC 7675)");
  }

  void on(const Record& record, const trace::DtlsFlightSent& event) {
    if (!network_.side_of(record.actor))
      return;
    // The first message names the flight.
    const std::string first = event.messages.substr(0, event.messages.find(','));
    const bool more = first.size() < event.messages.size();
    say(record, fmt::format("{} DTLS {}{}", event.attempt > 1 ? "sends again" : "sends", first,
                            more ? " and what follows it" : ""));
  }
  void on(const Record& record, const trace::DtlsStateChanged& event) {
    if (network_.side_of(record.actor) && event.to == trace::DtlsState::Failed)
      say(record, "DTLS failed: " + event.reason);
  }
  void on(const Record& record, const trace::DtlsConnected& event) {
    if (network_.side_of(record.actor))
      say(record, fmt::format("{} connected as {}: {}", event.version,
                              event.client ? "client" : "server", event.cipher_suite));
  }

  void on(const Record& record, const trace::NatMapping& event) {
    if (event.what == "created") {
      const std::string port = event.inside.port == event.outside.port ? "port kept" : "new port";
      say(record, fmt::format("maps {} to {} ({})", to_string(event.inside),
                              to_string(event.outside), port));
    } else if (event.what == "expired") {
      say(record, fmt::format("forgets {} for {}: unused for its lifetime",
                              to_string(event.outside), to_string(event.inside)));
    } else if (event.what == "refused" &&
               refused_.insert({record.actor.value(), event.inside}).second) {
      say(record, fmt::format("has no mapping left for {}{}", to_string(event.inside),
                              more_refusals(record, event)));
    }
  }
  std::string more_refusals(const Record& first, const trace::NatMapping& refused) const {
    std::uint64_t count = 0;
    Instant last;
    for (std::size_t i = index_ + 1; i < result_.records.size(); ++i) {
      const Record& record = result_.records[i];
      const auto* mapping = std::get_if<trace::NatMapping>(&record.event);
      if (mapping == nullptr || record.actor != first.actor || mapping->what != refused.what ||
          mapping->inside != refused.inside)
        continue;
      ++count;
      last = record.at;
    }
    return count == 0 ? std::string()
                      : fmt::format("; {} more times until {}", count, short_time(last));
  }
  void on(const Record& record, const trace::NatPermission& event) {
    if (network_.is_stun_server(event.remote) && stun_said_.insert(record.actor.value()).second) {
      say(record, to_string(event.remote) + " may answer");
      return;
    }
    const std::optional<std::size_t> from = network_.owner_inside(record.actor, event.inside);
    const std::optional<std::size_t> to = network_.owner_outside(record.actor, event.remote);
    // A private address of the other network: the packet will not get there.
    if (!from || !to || *from == *to || event.remote.address.classify() == AddressClass::Private)
      return;
    say(record,
        fmt::format("lets {}'s check to {} out: packets from {} may come in", network_.name(*from),
                    to_string(event.remote), admitted(record.actor, event.remote)));
  }
  // Whom the filter of a NAT lets in once something was sent to `remote` (RFC 4787 section 5).
  std::string admitted(trace::ActorId nat, const Endpoint& remote) const {
    switch (network_.filtering(nat)) {
      case NatBehavior::EndpointIndependent:
        return "anywhere";
      case NatBehavior::AddressDependent:
        return to_string(remote.address);
      case NatBehavior::AddressAndPortDependent:
        break;
    }
    return "there";
  }
  void on(const Record& record, const trace::NatAdmitted& event) {
    const std::optional<std::size_t> inside = network_.owner_inside(record.actor, event.inside);
    const std::optional<std::size_t> from = network_.owner_outside(record.actor, event.remote);
    if (!inside || !from || *inside == *from || network_.is_stun_server(event.remote))
      return;
    std::string text = fmt::format("lets {}'s check in: {} earlier it would have been filtered",
                                   network_.name(*from), span(event.open_for));
    if (!std::exchange(punched_, true))
      text += ".   HOLE PUNCHED";
    say(record, text);
  }
  void on(const Record& record, const trace::PacketDropped& /*event*/) {
    if (std::optional<DropLine> line = drops_.tell(index_))
      say(record.at, line->who, std::move(line->what));
  }

  const RunResult& result_;
  const CallSpec& call_;
  const StoryNetwork& network_;
  std::size_t index_ = 0;
  std::vector<StoryLine> lines_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, PairFacts> pairs_;  // by actor and pair
  std::set<std::pair<std::size_t, Endpoint>> known_;
  std::set<std::uint32_t> stun_said_;
  std::set<std::uint32_t> controlled_;
  StoryDrops drops_;
  std::set<std::pair<std::uint32_t, Endpoint>> refused_;  // by NAT and inside
  bool punched_ = false;
};

}  // namespace

std::vector<StoryLine> make_timeline(const RunResult& result, const CallSpec& call,
                                     const StoryNetwork& network) {
  return Narrator(result, call, network).tell();
}

}  // namespace parley::sim
