// Packets that the network lost while the path worked, by what is neither RTP nor the end of it.

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/network_facts.h"
#include "analyzer/diagnose/rules.h"
#include "analyzer/model/coverage.h"

namespace parley::analyzer {
namespace {

double share(std::uint64_t part, std::uint64_t all) {
  return all == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(all);
}

// ---- DTLS ----

bool lost_noticeably(const DtlsArrived& arrived) {
  constexpr std::uint64_t kEnough = 5;
  constexpr double kNoticeable = 1.0;  // per cent
  return arrived.lost >= kEnough && share(arrived.lost, arrived.lost + arrived.came) >= kNoticeable;
}

Finding lost_records(const Story& story, const Transport& transport, Side side,
                     const DtlsArrived& arrived) {
  const std::string_view us = to_string(side);
  const std::string_view them = to_string(other(side));
  const std::uint64_t all = arrived.lost + arrived.came;
  Finding finding = make_finding("dtls-loss");
  finding.peer = side;
  finding.transport = transport.id;
  finding.summary =
      fmt::format("{} of {} of {} ({} %) did not come to {}.", arrived.lost,
                  counted(all, "DTLS record"), us, number(share(arrived.lost, all)), them);
  finding.facts.push_back(fmt::format("Of {}'s records {} to {} of epoch 1 came {} {}.", us,
                                      arrived.first_number, arrived.last_number, arrived.came,
                                      story.cite.range(arrived.first, arrived.last)));
  finding.evidence = {arrived.first, arrived.last};
  // A point that lacks records of the side it stands beside may have missed those of the other,
  // too.
  if (arrived.receiver_missed > 0) {
    finding.confidence = Confidence::Possible;
    finding.open.push_back(
        fmt::format("Whether the network lost them or the capture: it lacks {} of {}'s own too.",
                    arrived.receiver_missed, them));
  }
  return finding;
}

// ---- checks ----

// Between the first and the last answer on the pair that a side uses.
struct LostChecks {
  const Pair* pair = nullptr;
  std::uint64_t lost = 0, asked = 0;
};

std::optional<LostChecks> lost_checks(const Transport& transport, Side side) {
  constexpr std::uint64_t kEnough = 3;
  constexpr double kNoticeable = 5.0;  // per cent
  const Pair* pair = selected_pair(transport, side);
  // Away from its socket what is missing may have been lost before it was seen.
  if (pair == nullptr || pair->responses == 0 || is_inferred(pair->inferred, "requests"))
    return std::nullopt;
  const std::uint64_t apart = pair->before_answer.unanswered + pair->since_answer.unanswered;
  LostChecks checks{pair, pair->unanswered - std::min(apart, pair->unanswered), 0};
  checks.asked = pair->responses + checks.lost;
  if (checks.lost < kEnough || share(checks.lost, checks.asked) < kNoticeable)
    return std::nullopt;
  return checks;
}

std::uint64_t count_at(const std::vector<SeenAt>& list, PointId point) {
  for (const SeenAt& seen : list)
    if (seen.point() == point)
      return seen.count;
  return 0;
}

// Of those alone that lie between two answers.
std::uint64_t between(const Pair& pair, PointId point, std::vector<SeenAt> LostSince::*part,
                      const std::vector<SeenAt>& all) {
  const std::uint64_t apart =
      count_at(pair.before_answer.*part, point) + count_at(pair.since_answer.*part, point);
  const std::uint64_t sum = count_at(all, point);
  return sum - std::min(apart, sum);
}

// Which way they were lost, where the other side's end was captured, too.
std::string direction_text(const Story& story, Side side, const LostChecks& checks) {
  const Pair& pair = *checks.pair;
  const std::optional<PointId> there = home_of(story.call, other(side));
  if (!several_points(story) || !there || there == pair.point())
    return {};
  const std::uint64_t came =
      between(pair, *there, &LostSince::requests_seen_at, pair.requests_seen_at);
  const std::uint64_t answered =
      between(pair, *there, &LostSince::answered_elsewhere, pair.answered_elsewhere);
  if (came > checks.lost || answered > came)
    return {};
  const std::string place = place_name(story, *there);
  return fmt::format(
      "; {} did not come to {}, and {} of the answers that left there did not come "
      "back",
      checks.lost - came, place, answered);
}

void add_lost_checks(const Story& story, Side side, const LostChecks& checks, Finding& finding) {
  const Pair& pair = *checks.pair;
  finding.facts.push_back(fmt::format(
      "{}, {} -> {}: {} of {} between its first answer and its last went unanswered{} {}.",
      to_string(side), address_word(pair.local), address_word(pair.remote), checks.lost,
      counted(checks.asked, "check"), direction_text(story, side, checks),
      story.cite.range(pair.first_response, pair.last_response)));
  for (const auto& packet : {pair.first_response, pair.last_response})
    if (packet)
      finding.evidence.push_back(*packet);
}

}  // namespace

void find_lost_records(const Story& story, Findings& out) {
  for (const Transport& transport : story.call.transports)
    for (const Side side : {Side::A, Side::B})
      if (const auto& arrived = transport.dtls.arrived[index_of(side)];
          arrived && lost_noticeably(*arrived))
        out.push_back(lost_records(story, transport, side, *arrived));
}

// One finding for both sides: a check and its answer take the same two ways.
void find_lost_checks(const Story& story, Findings& out) {
  if (story.call.from_run || one_direction(story.call))
    return;
  for (const Transport& transport : story.call.transports) {
    Finding finding = make_finding("ice-loss");
    finding.transport = transport.id;
    std::vector<std::string> parts;
    for (const Side side : {Side::A, Side::B}) {
      const std::optional<LostChecks> checks = lost_checks(transport, side);
      if (!checks)
        continue;
      parts.push_back(fmt::format("{} of {} of {}", checks->lost, counted(checks->asked, "check"),
                                  to_string(side)));
      finding.peer = parts.size() == 1 ? std::optional(side) : std::nullopt;
      add_lost_checks(story, side, *checks, finding);
    }
    if (parts.empty())
      continue;
    finding.summary = fmt::format("{} on the pair in use went unanswered.", listed(parts));
    out.push_back(std::move(finding));
  }
}

}  // namespace parley::analyzer
