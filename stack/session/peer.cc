#include "stack/session/peer.h"

#include <algorithm>
#include <utility>

#include "stack/wire/demux.h"

namespace parley::session {
namespace {

using dtls::Role;
using trace::DtlsState;
using trace::IceState;

SignaledCandidate to_signaled(const ice::Candidate& candidate, const std::string& ufrag) {
  SignaledCandidate signaled;
  signaled.foundation = candidate.foundation;
  signaled.component = static_cast<std::uint16_t>(ice::kComponent);
  signaled.priority = candidate.priority;
  signaled.address = candidate.address;
  signaled.type = candidate.type;
  // RFC 8839 section 5.1: raddr and rport stand with every type but host.
  if (candidate.type != trace::CandidateType::Host)
    signaled.related = candidate.base;
  signaled.ufrag = ufrag;
  return signaled;
}

// RFC 8842 sections 5.2 and 5.3: what an answer says to an offer's setup.
Setup answer_to(Setup offered, Setup preferred) {
  switch (offered) {
    case Setup::Active:
      return Setup::Passive;
    case Setup::Passive:
      return Setup::Active;
    case Setup::ActPass:
      break;
  }
  return preferred == Setup::Passive ? Setup::Passive : Setup::Active;
}

}  // namespace

std::string_view to_string(SignalingError error) {
  switch (error) {
    case SignalingError::WrongState:
      return "the description does not fit the state of the negotiation";
    case SignalingError::BadSetup:
      return "an answer has to choose between active and passive";
    case SignalingError::TooMany:
      return "too many candidates before the description that they belong to";
    case SignalingError::BadFingerprint:
      return "the fingerprint is not a SHA-256 one";
    case SignalingError::BadCredentials:
      return "the ICE credentials are malformed";
  }
  return {};
}

struct Peer::Impl {
  using Outcome = Result<void, SignalingError>;

  Impl(PeerConfig settings, const SeededRandom& random)
      : config(std::move(settings)),
        ice_random(random.split("ice")),
        dtls_random(random.split("dtls")),
        certificate(make_certificate(random, config)) {}

  static crypto::Certificate make_certificate(const SeededRandom& random,
                                              const PeerConfig& config) {
    SeededRandom generator = random.split("certificate");
    return crypto::Certificate::make(generator, config.certificate_time);
  }
  static Outcome refuse(SignalingError error) { return tl::unexpected<SignalingError>(error); }

  void create_agent(ice::IceRole role);
  void start_gathering(Instant now, Outbox& out);
  void tell(Instant now, SignalingMessage message, Outbox& out);
  void describe(Instant now, DescriptionKind kind, Setup setup, Outbox& out);

  Outcome on_offer(Instant now, const Description& offer, Outbox& out);
  Outcome on_answer(Instant now, const Description& answer, Outbox& out);
  void accept_remote(Instant now, const Description& remote, Role role, Outbox& out);
  Outcome on_remote_candidate(Instant now, const SignalingMessage& message, Outbox& out);
  void apply_remote_candidate(Instant now, const SignalingMessage& message, Outbox& out);

  void on_dtls_datagram(Instant now, const Datagram& datagram, Outbox& out);
  void discard(Instant now, std::string layer, std::string reason, const Endpoint& remote,
               Outbox& out) const;
  void settle(Instant now, Outbox& out);
  void signal_new_candidates(Instant now, Outbox& out);
  void follow_path(Instant now, Outbox& out);
  void replay_early_datagrams(Instant now, Outbox& out);
  void note_sent_data(Instant now);

  struct EarlyDatagram {
    ice::Path path;
    ByteBuffer payload;
  };

  PeerConfig config;
  SeededRandom ice_random, dtls_random;
  crypto::Certificate certificate;
  std::optional<ice::Agent> agent;
  std::optional<dtls::Transport> transport;
  std::string remote_ufrag;  // empty until the other description came in
  std::vector<SignalingMessage> to_tell;
  std::vector<SignalingMessage> early_candidates;
  std::vector<EarlyDatagram> early_datagrams;
  bool gathering_ended = false;
  bool closed = false;
  std::uint64_t dtls_datagrams_noted = 0;
};

void Peer::Impl::create_agent(ice::IceRole role) {
  config.ice.role = role;
  agent.emplace(config.actor, config.ice, ice::make_credentials(ice_random), ice_random);
}

void Peer::Impl::start_gathering(Instant now, Outbox& out) {
  agent->start_gathering(now, config.host_endpoints, config.stun_servers, out);
}

void Peer::Impl::tell(Instant now, SignalingMessage message, Outbox& out) {
  out.emit(now, config.actor,
           trace::SignalingSent{std::string(kind_of(message)), content_of(message)});
  to_tell.push_back(std::move(message));
}

void Peer::Impl::describe(Instant now, DescriptionKind kind, Setup setup, Outbox& out) {
  const ice::Credentials& credentials = agent->local_credentials();
  tell(now,
       Description{kind, credentials.ufrag, credentials.password, certificate.fingerprint(), setup},
       out);
}

Peer::Impl::Outcome Peer::Impl::on_offer(Instant now, const Description& offer, Outbox& out) {
  if (agent)
    return refuse(SignalingError::WrongState);
  const Setup setup = answer_to(offer.setup, config.answer_setup);
  create_agent(ice::IceRole::Controlled);
  describe(now, DescriptionKind::Answer, setup, out);
  start_gathering(now, out);
  accept_remote(now, offer, setup == Setup::Active ? Role::Client : Role::Server, out);
  return {};
}

Peer::Impl::Outcome Peer::Impl::on_answer(Instant now, const Description& answer, Outbox& out) {
  // An answerer has its remote description from the offer.
  if (!agent || !remote_ufrag.empty())
    return refuse(SignalingError::WrongState);
  if (answer.setup == Setup::ActPass)
    return refuse(SignalingError::BadSetup);
  accept_remote(now, answer, answer.setup == Setup::Active ? Role::Server : Role::Client, out);
  return {};
}

void Peer::Impl::accept_remote(Instant now, const Description& remote, Role role, Outbox& out) {
  config.dtls.role = role;
  config.dtls.expected_fingerprints = {remote.fingerprint};
  transport.emplace(config.actor, config.dtls, certificate, dtls_random);
  remote_ufrag = remote.ufrag;
  agent->set_remote(now, {remote.ufrag, remote.password}, out);
  for (const SignalingMessage& message : std::exchange(early_candidates, {}))
    apply_remote_candidate(now, message, out);
}

Peer::Impl::Outcome Peer::Impl::on_remote_candidate(Instant now, const SignalingMessage& message,
                                                    Outbox& out) {
  if (!remote_ufrag.empty()) {
    apply_remote_candidate(now, message, out);
    return {};
  }
  if (early_candidates.size() == kMaxEarlyCandidates)
    return refuse(SignalingError::TooMany);
  early_candidates.push_back(message);
  return {};
}

// A candidate of another generation is of no use (RFC 8838 section 11.1). One without a ufrag
// belongs to the description that is there.
void Peer::Impl::apply_remote_candidate(Instant now, const SignalingMessage& message, Outbox& out) {
  const auto belongs = [this](const std::string& ufrag) {
    return ufrag.empty() || ufrag == remote_ufrag;
  };
  if (const auto* candidate = std::get_if<SignaledCandidate>(&message); candidate != nullptr) {
    if (!belongs(candidate->ufrag) || candidate->component != ice::kComponent)
      discard(now, "signaling", "a candidate of another generation or component",
              candidate->address, out);
    else
      agent->add_remote_candidate(now,
                                  {candidate->type, candidate->address, candidate->address,
                                   candidate->priority, candidate->foundation},
                                  out);
  } else if (const auto* end = std::get_if<EndOfCandidates>(&message);
             end != nullptr && belongs(end->ufrag)) {
    agent->set_remote_end_of_candidates(now, out);
  }
}

void Peer::Impl::discard(Instant now, std::string layer, std::string reason, const Endpoint& remote,
                         Outbox& out) const {
  out.emit(now, config.actor,
           trace::StackDiscarded{std::move(layer), std::move(reason), remote, 0});
}

// RFC 8827 section 6.5: DTLS is accepted only where a check of ours succeeded. Whoever does not
// know the credentials cannot disturb the handshake. A peer whose check came first may already
// send its ClientHello while our own check is under way: that one waits for it.
void Peer::Impl::on_dtls_datagram(Instant now, const Datagram& datagram, Outbox& out) {
  if (transport && agent->is_valid_path(datagram.local, datagram.remote)) {
    transport->on_datagram(now, datagram, out);
    return;
  }
  const bool handshake_open = !transport || transport->state() == DtlsState::None ||
                              transport->state() == DtlsState::Handshaking;
  if (handshake_open && early_datagrams.size() < kMaxEarlyDatagrams)
    early_datagrams.push_back({{datagram.local, datagram.remote}, to_buffer(datagram.payload)});
  else
    discard(now, "dtls", "not from a validated pair", datagram.remote, out);
}

// Every call ends here: what ICE found out is told to the peer and to DTLS.
void Peer::Impl::settle(Instant now, Outbox& out) {
  if (!agent || closed)
    return;
  signal_new_candidates(now, out);
  if (!transport)
    return;
  follow_path(now, out);
  replay_early_datagrams(now, out);
  note_sent_data(now);
}

void Peer::Impl::signal_new_candidates(Instant now, Outbox& out) {
  const std::string& ufrag = agent->local_credentials().ufrag;
  for (const ice::Candidate& candidate : agent->take_local_candidates())
    tell(now, to_signaled(candidate, ufrag), out);
  if (!gathering_ended && agent->gathering_complete()) {
    gathering_ended = true;
    tell(now, EndOfCandidates{ufrag}, out);
  }
}

// DTLS starts on the first valid pair, without waiting for nomination (RFC 8445 section 12.1), and
// moves with the selection.
void Peer::Impl::follow_path(Instant now, Outbox& out) {
  const std::optional<ice::Path> path = agent->send_path();
  if (!path) {
    transport->clear_path();
    return;
  }
  transport->set_path(path->local, path->remote);
  if (transport->state() == DtlsState::None)
    transport->start(now, out);
}

void Peer::Impl::replay_early_datagrams(Instant now, Outbox& out) {
  const auto state = transport->state();
  if (state == DtlsState::Connected || state == DtlsState::Failed || state == DtlsState::Closed) {
    early_datagrams.clear();
    return;
  }
  std::vector<EarlyDatagram> waiting = std::exchange(early_datagrams, {});
  for (EarlyDatagram& early : waiting) {
    if (agent->is_valid_path(early.path.local, early.path.remote))
      transport->on_datagram(now, {early.path.local, early.path.remote, early.payload}, out);
    else
      early_datagrams.push_back(std::move(early));
  }
}

void Peer::Impl::note_sent_data(Instant now) {
  const std::uint64_t sent = transport->counters().datagrams_sent;
  if (std::exchange(dtls_datagrams_noted, sent) != sent)
    agent->on_data_sent(now);
}

Peer::Peer(PeerConfig config, const SeededRandom& random)
    : impl_(std::make_unique<Impl>(std::move(config), random)) {}
Peer::~Peer() = default;
Peer::Peer(Peer&&) noexcept = default;
Peer& Peer::operator=(Peer&&) noexcept = default;

Result<void, SignalingError> Peer::create_offer(Instant now, Outbox& out) {
  if (impl_->agent || impl_->closed)
    return Impl::refuse(SignalingError::WrongState);
  impl_->create_agent(ice::IceRole::Controlling);
  impl_->describe(now, DescriptionKind::Offer, Setup::ActPass, out);
  impl_->start_gathering(now, out);
  impl_->settle(now, out);
  return {};
}

Result<void, SignalingError> Peer::on_signaling(Instant now, const SignalingMessage& message,
                                                Outbox& out) {
  if (impl_->closed)
    return Impl::refuse(SignalingError::WrongState);
  out.emit(now, impl_->config.actor,
           trace::SignalingReceived{std::string(kind_of(message)), content_of(message)});
  Result<void, SignalingError> outcome;
  if (const auto* description = std::get_if<Description>(&message); description == nullptr)
    outcome = impl_->on_remote_candidate(now, message, out);
  else if (description->fingerprint.algorithm != "sha-256")
    outcome = Impl::refuse(SignalingError::BadFingerprint);
  else if (!ice::well_formed({description->ufrag, description->password}))
    outcome = Impl::refuse(SignalingError::BadCredentials);
  else if (description->kind == DescriptionKind::Offer)
    outcome = impl_->on_offer(now, *description, out);
  else
    outcome = impl_->on_answer(now, *description, out);
  impl_->settle(now, out);
  return outcome;
}

std::vector<SignalingMessage> Peer::take_signaling() {
  return std::exchange(impl_->to_tell, {});
}

void Peer::on_datagram(Instant now, const Datagram& datagram, Outbox& out) {
  Impl& m = *impl_;
  if (!m.agent || m.closed)
    return;
  switch (classify_first_byte(datagram.payload)) {
    case PayloadClass::Stun:
      m.agent->on_datagram(now, datagram, out);
      break;
    case PayloadClass::Dtls:
      m.on_dtls_datagram(now, datagram, out);
      break;
    case PayloadClass::Unknown:
    case PayloadClass::Zrtp:
    case PayloadClass::ChannelData:
    case PayloadClass::Quic:
    case PayloadClass::Rtp:
    case PayloadClass::Rtcp:
      m.discard(now, "session", "neither STUN nor DTLS", datagram.remote, out);
      break;
  }
  m.settle(now, out);
}

void Peer::on_deadline(Instant now, Outbox& out) {
  Impl& m = *impl_;
  if (!m.agent || m.closed)
    return;
  m.agent->on_deadline(now, out);
  if (m.transport)
    m.transport->on_deadline(now, out);
  m.settle(now, out);
}

Instant Peer::next_deadline() const {
  const Impl& m = *impl_;
  const Instant ice = m.agent ? m.agent->next_deadline() : kNever;
  const Instant dtls = m.transport ? m.transport->next_deadline() : kNever;
  return std::min(ice, dtls);
}

void Peer::close(Instant now, Outbox& out) {
  Impl& m = *impl_;
  if (std::exchange(m.closed, true))
    return;
  if (m.transport)
    m.transport->close(now, out);
  if (m.agent)
    m.agent->close(now, out);
  m.early_datagrams.clear();
  m.early_candidates.clear();
}

bool Peer::connected() const {
  return dtls_state() == DtlsState::Connected && impl_->agent->selected_pair().has_value();
}
trace::IceState Peer::ice_state() const {
  return impl_->agent ? impl_->agent->state() : IceState::New;
}
trace::DtlsState Peer::dtls_state() const {
  return impl_->transport ? impl_->transport->state() : DtlsState::None;
}
const crypto::Fingerprint& Peer::fingerprint() const {
  return impl_->certificate.fingerprint();
}
const ice::Agent* Peer::ice_agent() const {
  return impl_->agent ? &*impl_->agent : nullptr;
}
const dtls::Transport* Peer::dtls_transport() const {
  return impl_->transport ? &*impl_->transport : nullptr;
}
dtls::Transport* Peer::dtls_transport() {
  return impl_->transport ? &*impl_->transport : nullptr;
}
std::vector<std::string> Peer::take_keylog_lines() {
  return impl_->transport ? impl_->transport->take_keylog_lines() : std::vector<std::string>();
}

}  // namespace parley::session
