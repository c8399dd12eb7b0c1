// The Dtls part of a transport, put together from the associations of all its flows: the hellos may
// have been seen on another flow, or at another capture point, than the rest.

#include <algorithm>
#include <map>
#include <tuple>

#include "analyzer/dtls_progress.h"

namespace parley::analyzer {

namespace {

constexpr std::size_t kMaxSteps = 64;

std::vector<std::string> names(const std::vector<std::uint16_t>& values,
                               std::string (*name)(std::uint16_t)) {
  std::vector<std::string> list;
  list.reserve(values.size());
  for (const std::uint16_t v : values)
    list.push_back(name(v));
  return list;
}

// The hellos, each where it was seen first: nearest to its sender.
struct Hellos {
  std::optional<Side> client;
  std::optional<Sighting> first;
  const OfferedHello* offered = nullptr;
  const ChosenHello* chosen = nullptr;
  std::optional<std::uint16_t> group;
};

bool seen_before(const OfferedHello& x, const OfferedHello* y) {
  return y == nullptr ||
         (!x.datagrams.empty() &&
          (y->datagrams.empty() || x.datagrams.front().at < y->datagrams.front().at));
}

bool seen_before(const ChosenHello& x, const ChosenHello* y) {
  return y == nullptr || x.seen.at < y->seen.at;
}

void add_hellos(const DtlsPart& part, Hellos& seen) {
  const DtlsAssociation& a = *part.association;
  if (a.client && !seen.client)
    seen.client = part.side(*a.client);
  if (a.offered && seen_before(*a.offered, seen.offered))
    seen.offered = &*a.offered;
  if (a.chosen && seen_before(*a.chosen, seen.chosen))
    seen.chosen = &*a.chosen;
  if (a.key_exchange_group && !seen.group)
    seen.group = a.key_exchange_group;
  for (const DtlsHalf& half : a.halves)
    if (half.first_hello && (!seen.first || half.first_hello->at < seen.first->at))
      seen.first = half.first_hello;
}

class Builder {
 public:
  Builder(const Pipeline& pipeline, std::vector<DtlsPart> parts, const OwnFlows& own, Transport& t)
      : pipeline_(pipeline), parts_(std::move(parts)), own_(own), t_(t), d_(t.dtls) {}

  void build(const CallLayout& layout, std::uint32_t index);

 private:
  void hellos();
  void offer(const OfferedHello& offered);
  bool shows_dtls13() const;
  void certificates();
  bool used_before(Side side, const Sighting& alert) const;
  void alerts();
  struct StepView {
    const DtlsPart* part;
    const HandshakeStep* step;
  };
  using StepViews = std::vector<StepView>;
  void steps();
  DtlsStep step_of(const StepViews& views) const;
  void retransmissions();

  const Pipeline& pipeline_;
  std::vector<DtlsPart> parts_;  // the one with the most records first
  const OwnFlows& own_;
  Transport& t_;
  Dtls& d_;
};

void Builder::offer(const OfferedHello& offered) {
  d_.offered_versions = names(offered.versions, dtls::version_name);
  d_.offered_cipher_suites = names(offered.cipher_suites, dtls::cipher_suite_name);
  d_.offered_groups = names(offered.groups, dtls::group_name);
  d_.offered_srtp_profiles = names(offered.srtp_profiles, dtls::srtp_profile_name);
  for (const Sighting& s : offered.datagrams)
    d_.client_hello_datagrams.push_back(s.ref);
}

// By the form of its records alone: the header that DTLS 1.3 has for what it protects, and none
// that only earlier versions have there (RFC 9147 section 4).
bool Builder::shows_dtls13() const {
  std::uint64_t unified = 0;
  std::uint64_t classic = 0;
  for (const DtlsPart& part : parts_) {
    for (const DtlsHalf& half : part.association->halves) {
      unified += half.unified_records;
      classic += half.classic_records;
    }
  }
  return unified > 0 && classic == 0;
}

void Builder::hellos() {
  Hellos seen;
  for (const DtlsPart& part : parts_)
    add_hellos(part, seen);
  d_.client = seen.client;
  if (seen.first)
    d_.client_hello = seen.first->ref;
  if (seen.offered != nullptr)
    offer(*seen.offered);
  if (seen.chosen == nullptr) {
    if (shows_dtls13())
      d_.version = dtls::version_name(dtls::kDtls13);
    return;
  }
  const ChosenHello& chosen = *seen.chosen;
  d_.version = dtls::version_name(chosen.version);
  d_.cipher_suite = dtls::cipher_suite_name(chosen.cipher_suite);
  d_.server_hello = chosen.seen.ref;
  if (const std::optional<std::uint16_t> group = chosen.group ? chosen.group : seen.group)
    d_.group = dtls::group_name(*group);
  if (chosen.srtp_profile)
    d_.srtp_profile = dtls::srtp_profile_name(*chosen.srtp_profile);
}

void Builder::certificates() {
  for (const Side side : {Side::A, Side::B}) {
    for (const DtlsPart& part : parts_) {
      const DtlsHalf& half = part.half(side);
      if (!half.fingerprint)
        continue;
      d_.certificates.push_back({side, "sha-256", *half.fingerprint, std::nullopt});
      break;
    }
  }
}

// An alert in its first record of the application epochs is how a server refuses the client's
// certificate: no end of a connection that was in use.
bool Builder::used_before(Side side, const Sighting& alert) const {
  if (t_.srtp_packets[index_of(side)] > 0)
    return true;
  return std::any_of(parts_.begin(), parts_.end(), [&](const DtlsPart& part) {
    const DtlsHalf& half = part.half(side);
    return half.application && half.application->at < alert.at &&
           half.application->ref != alert.ref;
  });
}

void Builder::alerts() {
  // Of the part that saw most of them: another capture point has the same ones.
  const auto most =
      std::max_element(parts_.begin(), parts_.end(), [](const DtlsPart& x, const DtlsPart& y) {
        return x.association->alerts.size() < y.association->alerts.size();
      });
  for (const SeenAlert& seen : most->association->alerts) {
    DtlsAlert alert;
    alert.level = seen.level;
    alert.description = seen.description;
    alert.from = most->side(seen.from);
    alert.at = seen.seen.ref;
    alert.time = seen.seen.at;
    d_.alerts.push_back(std::move(alert));
  }
  for (const Side side : {Side::A, Side::B}) {
    if (const auto data =
            earliest(parts_, [&](const DtlsPart& p) { return p.half(side).application; }))
      d_.protected_data[index_of(side)] = data->ref;
    const auto sealed =
        earliest(parts_, [&](const DtlsPart& p) { return p.half(side).protected_alert; });
    if (!sealed || (d_.version == dtls::version_name(dtls::kDtls13) && !used_before(side, *sealed)))
      continue;
    d_.sealed_alert[index_of(side)] = sealed->ref;
    d_.sealed_alert_at[index_of(side)] = sealed->at;
    d_.alert_by_length[index_of(side)] =
        std::any_of(parts_.begin(), parts_.end(), [&](const DtlsPart& p) {
          const auto& alert = p.half(side).protected_alert;
          return alert && alert->ref == sealed->ref && p.half(side).alert_by_length;
        });
  }
}

// One step at several capture points is one.
void Builder::steps() {
  using Key = std::tuple<Side, std::uint8_t, std::uint64_t, std::uint8_t>;  // as they are sent
  std::map<Key, StepViews> steps;
  for (const DtlsPart& part : parts_)
    for (const HandshakeStep& s : part.association->steps)
      steps[{part.side(s.from), s.epoch, s.number, s.type}].push_back({&part, &s});
  for (const auto& [key, views] : steps)
    t_.dtls_steps.push_back(step_of(views));
  std::stable_sort(t_.dtls_steps.begin(), t_.dtls_steps.end(),
                   [](const DtlsStep& x, const DtlsStep& y) {
                     return std::tie(x.at, x.packet) < std::tie(y.at, y.packet);
                   });
  if (t_.dtls_steps.size() > kMaxSteps)
    t_.dtls_steps.resize(kMaxSteps);
}

DtlsStep Builder::step_of(const StepViews& views) const {
  const auto by = [&](auto&& less) {
    return *std::max_element(views.begin(), views.end(), [&](const StepView& x, const StepView& y) {
      return less(*x.step, *y.step);
    });
  };
  // Each step is cited where it was seen first: nearest to its sender.
  const StepView first = by([](const HandshakeStep& x, const HandshakeStep& y) {
    return std::tie(y.first.at, y.first.ref) < std::tie(x.first.at, x.first.ref);
  });
  const StepView end = by([](const HandshakeStep& x, const HandshakeStep& y) {
    return std::tie(x.first.at, x.first.ref) < std::tie(y.first.at, y.first.ref);
  });
  const StepView most =
      by([](const HandshakeStep& x, const HandshakeStep& y) { return x.times < y.times; });
  DtlsStep step;
  step.from = first.part->side(first.step->from);
  step.what = first.step->what;
  step.packet = first.step->first.ref;
  step.at = first.step->first.at;
  step.times = most.step->times;
  step.datagrams = first.step->epoch > 1;
  step.far = std::none_of(views.begin(), views.end(), [&](const StepView& view) {
    return own_[index_of(step.from)].count(view.part->use.flow) > 0;
  });
  step.last = most.step->last.ref;
  step.seen_last = end.step->first.ref.capture;
  const auto at_receiver = [&](const DtlsPart& part) {
    return own_[index_of(other(step.from))].count(part.use.flow) > 0;
  };
  std::uint64_t came = 0;
  for (const StepView& view : views)
    if (at_receiver(*view.part) && view.step->whole)
      came = std::max(came, view.step->times);
  if (came == 0 && std::none_of(parts_.begin(), parts_.end(), [&](const DtlsPart& part) {
        return at_receiver(part) &&
               captured_throughout(pipeline_, part.use, step.from, step.at, most.step->last.at);
      }))
    return step;
  // What came may stand behind the cut of a snap length.
  const bool cut = std::any_of(parts_.begin(), parts_.end(), [&](const DtlsPart& part) {
    return at_receiver(part) && part.half(step.from).cut > 0;
  });
  if (came == 0 && cut)
    return step;
  // Some of several encrypted datagrams may be all that matters, or not.
  if (came == 0 || !step.datagrams || came >= step.times)
    step.arrived = came > 0;
  return step;
}

// As the sender's own socket shows them; elsewhere those that were lost on the way are missing.
void Builder::retransmissions() {
  std::uint64_t sum = 0;
  bool all_seen = d_.version && d_.version != dtls::version_name(dtls::kDtls13);
  for (const Side side : {Side::A, Side::B}) {
    struct Route {
      bool own = false;
      std::uint64_t most = 0;
    };
    std::map<std::uint32_t, Route> routes;
    for (const DtlsPart& part : parts_) {
      Route& route = routes[part.use.route];
      const bool own = own_[index_of(side)].count(part.use.flow) > 0;
      if (own == route.own)
        route.most = std::max(route.most, part.half(side).retransmissions);
      else if (own)
        route = {true, part.half(side).retransmissions};
    }
    for (const auto& [id, route] : routes) {
      sum += route.most;
      all_seen = all_seen && route.own;
    }
  }
  d_.retransmissions = sum;
  if (!all_seen)
    d_.inferred.emplace_back("retransmissions");
}

void Builder::build(const CallLayout& layout, std::uint32_t index) {
  hellos();
  certificates();
  alerts();
  steps();
  judge_handshake(parts_, own_, pipeline_.end(), t_);
  retransmissions();
  const auto sum = [&](auto&& of) {
    return layout.count(index, [&](const FlowUse& use) -> std::uint64_t {
      const std::uint32_t i = pipeline_.flows()[use.flow].association;
      if (i == kNone)
        return 0;
      const DtlsAssociation& a = pipeline_.dtls()[i];
      return of(a.halves[0]) + of(a.halves[1]);
    });
  };
  d_.records = sum([](const DtlsHalf& h) { return h.records; });
  for (const Side side : {Side::A, Side::B})
    t_.handshake_cut[index_of(side)] =
        layout.count(index, [&](const FlowUse& use) -> std::uint64_t {
          const std::uint32_t i = pipeline_.flows()[use.flow].association;
          return i == kNone ? 0 : pipeline_.dtls()[i].halves[direction_of(use, side)].cut;
        });
  d_.undecrypted = sum([](const DtlsHalf& h) { return h.protected_records; });
}

}  // namespace

void build_dtls(Pipeline& pipeline, const CallLayout& layout, const OwnFlows& own,
                std::uint32_t index, Transport& t) {
  std::vector<DtlsPart> parts;
  for (const FlowUse& use : layout.flows) {
    const std::uint32_t i = pipeline.flows()[use.flow].association;
    if (use.transport == index && i != kNone)
      parts.push_back({&pipeline.dtls()[i], use});
  }
  if (parts.empty()) {
    t.dtls.records = t.dtls.undecrypted = t.dtls.retransmissions = 0;
    return;
  }
  std::stable_sort(parts.begin(), parts.end(),
                   [](const DtlsPart& x, const DtlsPart& y) { return x.records() > y.records(); });
  Builder(pipeline, std::move(parts), own, t).build(layout, index);
}

}  // namespace parley::analyzer
