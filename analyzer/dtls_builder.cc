// The Dtls part of a transport, put together from the associations of all its flows: the hellos may
// have been seen on another flow, or at another capture point, than the rest.

#include <algorithm>
#include <tuple>

#include "analyzer/transport_builder.h"

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

struct Part {
  const DtlsAssociation* association;
  FlowUse use;
  Side side(Direction d) const { return d == use.from_a ? Side::A : Side::B; }
  const DtlsHalf& half(Side s) const { return association->halves[direction_of(use, s)]; }
  std::uint64_t records() const {
    return association->halves[0].records + association->halves[1].records;
  }
};

// The earliest of what each part saw.
template <class Get>
std::optional<Sighting> earliest(const std::vector<Part>& parts, Get&& get) {
  std::optional<Sighting> best;
  for (const Part& part : parts) {
    const std::optional<Sighting> seen = get(part);
    if (seen && (!best || seen->at < best->at))
      best = seen;
  }
  return best;
}

class Builder {
 public:
  Builder(std::vector<Part> parts, Transport& t) : parts_(std::move(parts)), t_(t), d_(t.dtls) {}

  void build(const CallLayout& layout, Pipeline& pipeline, std::uint32_t index);

 private:
  void hellos();
  void offer(const OfferedHello& offered);
  void certificates();
  void alerts();
  void steps();
  void progress();
  std::optional<Sighting> finished() const;
  std::optional<Sighting> application(Side side) const {
    return earliest(parts_, [&](const Part& p) { return p.half(side).application; });
  }

  std::vector<Part> parts_;  // the one with the most records first
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
  if (!offered.datagrams.empty())
    d_.client_hello = offered.datagrams.front().ref;
}

void Builder::hellos() {
  const OfferedHello* offered = nullptr;
  const ChosenHello* chosen = nullptr;
  std::optional<std::uint16_t> group;
  for (const Part& part : parts_) {
    const DtlsAssociation& a = *part.association;
    if (a.client && !d_.client)
      d_.client = part.side(*a.client);
    if (a.offered && offered == nullptr)
      offered = &*a.offered;
    if (a.chosen && chosen == nullptr)
      chosen = &*a.chosen;
    if (a.key_exchange_group && !group)
      group = a.key_exchange_group;
  }
  if (offered != nullptr)
    offer(*offered);
  if (chosen == nullptr)
    return;
  d_.version = dtls::version_name(chosen->version);
  d_.cipher_suite = dtls::cipher_suite_name(chosen->cipher_suite);
  d_.server_hello = chosen->seen.ref;
  if (chosen->group)
    group = chosen->group;
  if (group)
    d_.group = dtls::group_name(*group);
  if (chosen->srtp_profile)
    d_.srtp_profile = dtls::srtp_profile_name(*chosen->srtp_profile);
}

void Builder::certificates() {
  for (const Side side : {Side::A, Side::B}) {
    for (const Part& part : parts_) {
      const DtlsHalf& half = part.half(side);
      if (!half.fingerprint)
        continue;
      d_.certificates.push_back({side, "sha-256", *half.fingerprint, std::nullopt});
      break;
    }
  }
}

void Builder::alerts() {
  // Of the part that saw most of them: another capture point has the same ones.
  const auto most =
      std::max_element(parts_.begin(), parts_.end(), [](const Part& x, const Part& y) {
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
    const auto sealed =
        earliest(parts_, [&](const Part& p) { return p.half(side).protected_alert; });
    if (!sealed)
      continue;
    d_.sealed_alert[index_of(side)] = sealed->ref;
    d_.sealed_alert_at[index_of(side)] = sealed->at;
  }
}

void Builder::steps() {
  const Part* best = nullptr;
  for (const Part& part : parts_)
    if (best == nullptr || part.association->steps.size() > best->association->steps.size())
      best = &part;
  for (const HandshakeStep& s : best->association->steps)
    if (t_.dtls_steps.size() < kMaxSteps)
      t_.dtls_steps.push_back({best->side(s.from), s.what, s.first.ref, s.first.at, s.times});
}

std::optional<Sighting> Builder::finished() const {
  const auto app_a = application(Side::A);
  const auto app_b = application(Side::B);
  std::optional<Sighting> first_application = app_a ? app_a : app_b;
  if (app_a && app_b)
    first_application = app_a->at < app_b->at ? app_a : app_b;
  const bool v13 = d_.version == dtls::version_name(dtls::kDtls13);
  if (v13)
    return first_application;
  const auto done = [&](Side side) {
    return earliest(parts_, [&](const Part& p) { return p.half(side).finished; });
  };
  const auto a = done(Side::A);
  const auto b = done(Side::B);
  if (a && b)
    return a->at < b->at ? b : a;
  return first_application;
}

void Builder::progress() {
  const auto hello = earliest(parts_, [](const Part& p) -> std::optional<Sighting> {
    return p.association->client ? p.association->halves[*p.association->client].first_hello
                                 : std::nullopt;
  });
  if (hello)
    d_.started_at = hello->at;
  const bool fatal = std::any_of(d_.alerts.begin(), d_.alerts.end(),
                                 [](const DtlsAlert& a) { return a.level == "fatal"; });
  const auto done = finished();
  const bool media = t_.srtp_packets[0] + t_.srtp_packets[1] > 0;
  const bool both = application(Side::A) && application(Side::B);
  const bool v12_done = done && d_.version != dtls::version_name(dtls::kDtls13);
  d_.state = trace::DtlsState::Handshaking;
  if (done && (both || media || v12_done)) {
    d_.state = trace::DtlsState::Connected;
    d_.connected_at = done->at;
    if (d_.started_at)
      d_.handshake_ms =
          std::chrono::duration<double, std::milli>(done->at - *d_.started_at).count();
    if (!v12_done || !d_.version)
      d_.inferred.emplace_back("state");
    return;
  }
  if (fatal)
    d_.state = trace::DtlsState::Failed;
}

void Builder::build(const CallLayout& layout, Pipeline& pipeline, std::uint32_t index) {
  hellos();
  certificates();
  alerts();
  steps();
  progress();
  const auto sum = [&](auto&& of) {
    return layout.count(index, [&](const FlowUse& use) -> std::uint64_t {
      const std::uint32_t i = pipeline.flows()[use.flow].association;
      if (i == kNone)
        return 0;
      const DtlsAssociation& a = pipeline.dtls()[i];
      return of(a.halves[0]) + of(a.halves[1]);
    });
  };
  d_.records = sum([](const DtlsHalf& h) { return h.records; });
  d_.undecrypted = sum([](const DtlsHalf& h) { return h.protected_records; });
  d_.retransmissions = sum([](const DtlsHalf& h) { return h.retransmissions; });
}

}  // namespace

void build_dtls(Pipeline& pipeline, const CallLayout& layout, std::uint32_t index, Transport& t) {
  std::vector<Part> parts;
  for (const FlowUse& use : layout.flows) {
    const std::uint32_t i = pipeline.flows()[use.flow].association;
    if (use.transport == index && i != kNone)
      parts.push_back({&pipeline.dtls()[i], use});
  }
  if (parts.empty())
    return;
  std::stable_sort(parts.begin(), parts.end(),
                   [](const Part& x, const Part& y) { return x.records() > y.records(); });
  Builder(std::move(parts), t).build(layout, pipeline, index);
}

}  // namespace parley::analyzer
