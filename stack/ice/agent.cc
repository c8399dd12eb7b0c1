#include "stack/ice/agent.h"

#include <utility>

#include "stack/ice/agent_impl.h"

namespace parley::ice {

Agent::Agent(trace::ActorId self, const AgentConfig& config, Credentials local, Random& random)
    : impl_(std::make_unique<Impl>(self, config, std::move(local), random)) {}
Agent::~Agent() = default;
Agent::Agent(Agent&&) noexcept = default;
Agent& Agent::operator=(Agent&&) noexcept = default;

void Agent::start_gathering(Instant now, const std::vector<Endpoint>& bases,
                            const std::vector<Endpoint>& stun_servers, Outbox& out) {
  impl_->start_gathering({now, impl_->self_, out}, bases, stun_servers);
}
std::vector<Candidate> Agent::take_local_candidates() {
  return std::exchange(impl_->untold_, {});
}
bool Agent::gathering_complete() const {
  return impl_->started_ && impl_->gatherer_.complete();
}
void Agent::set_remote(Instant now, Credentials remote, Outbox& out) {
  impl_->set_remote({now, impl_->self_, out}, std::move(remote));
}
void Agent::add_remote_candidate(Instant now, const Candidate& candidate, Outbox& out) {
  impl_->add_remote_candidate({now, impl_->self_, out}, candidate);
}
void Agent::set_remote_end_of_candidates(Instant now, Outbox& out) {
  impl_->set_remote_end_of_candidates({now, impl_->self_, out});
}
void Agent::close(Instant now, Outbox& out) {
  impl_->close({now, impl_->self_, out});
}
void Agent::on_datagram(Instant now, const Datagram& datagram, Outbox& out) {
  impl_->on_datagram({now, impl_->self_, out}, datagram);
}
void Agent::on_deadline(Instant now, Outbox& out) {
  impl_->on_deadline({now, impl_->self_, out});
}
Instant Agent::next_deadline() const {
  return impl_->next_deadline();
}
void Agent::on_data_sent(Instant now) {
  if (impl_->keepalive_due_ != kNever)
    impl_->keepalive_due_ = now + impl_->config_.keepalive;
}

IceState Agent::state() const {
  return impl_->state_;
}
IceRole Agent::role() const {
  return impl_->role_;
}
const Credentials& Agent::local_credentials() const {
  return impl_->local_credentials_;
}
std::optional<SelectedPair> Agent::selected_pair() const {
  if (!impl_->selected_)
    return std::nullopt;
  const Pair* pair = std::as_const(impl_->checklist_).find(*impl_->selected_);
  return SelectedPair{pair->id, *pair->valid_local, pair->remote};
}
std::optional<Path> Agent::send_path() const {
  if (impl_->closed_ || impl_->over())
    return std::nullopt;
  const Checklist& checklist = impl_->checklist_;
  const Pair* pair = impl_->selected_ ? checklist.find(*impl_->selected_) : checklist.best_valid();
  if (pair == nullptr)
    return std::nullopt;
  return Path{pair->base(), pair->remote.address};
}
bool Agent::is_valid_path(const Endpoint& local, const Endpoint& remote) const {
  if (impl_->closed_)
    return false;
  const Pair* pair = std::as_const(impl_->checklist_).find(local, remote);
  return pair != nullptr && pair->valid();
}
std::string_view Agent::broken_invariant() const {
  return impl_->broken_invariant();
}

}  // namespace parley::ice
