#pragma once

// The rules: each looks at one call and appends what it found. None changes the call, none looks
// at another's findings. The level of a finding says how bad it is for this call: what would be an
// error in a call that failed is a warning in one that connected.

#include <vector>

#include "analyzer/diagnose/words.h"
#include "analyzer/model/model.h"

namespace parley::analyzer {

struct Story {
  const Call& call;
  const std::vector<Capture>& captures;
  const Citation& cite;
  Outcome outcome = Outcome::InProgress;
  Instant end;          // the last packet of the captures
  bool hidden = false;  // the captures lack what would decide the outcome
};
using Findings = std::vector<Finding>;

// rules_no_path.cc: why no path was found.
void find_no_path(const Story& story, Findings& out);
// rules_ice.cc: what was wrong with the checks.
void find_wrong_password(const Story& story, Findings& out);
void find_not_nominated(const Story& story, Findings& out);
// rules_ice_life.cc: what happened to a path that was there, or almost.
void find_role_conflicts(const Story& story, Findings& out);
void find_restarts(const Story& story, Findings& out);
void find_differing_paths(const Story& story, Findings& out);
// rules_consent.cc: how a path that worked was lost.
void find_lost_consent(const Story& story, Findings& out);
// rules_end.cc: how a side left.
void find_unreachable(const Story& story, Findings& out);
// rules_path.cc: which path the call has, and how good it is.
void find_relayed_path(const Story& story, Findings& out);
void find_remote_only_reflexive(const Story& story, Findings& out);
void find_lost_packets(const Story& story, Findings& out);
// rules_loss.cc: what was lost of a call that has no media, or next to it.
void find_lost_records(const Story& story, Findings& out);
void find_lost_checks(const Story& story, Findings& out);
// rules_turn.cc
void find_silent_stun_servers(const Story& story, Findings& out);
void find_turn_refusals(const Story& story, Findings& out);
void find_silent_turn_servers(const Story& story, Findings& out);
void find_blocked_udp(const Story& story, Findings& out);
// rules_dtls.cc
void find_dtls_trouble(const Story& story, Findings& out);
void find_unverified_fingerprint(const Story& story, Findings& out);
// rules_media.cc
void find_one_way_media(const Story& story, Findings& out);
// rules_lacks.cc: a direction, the beginning, packets, all but STUN.
void find_one_direction(const Story& story, Findings& out);
void find_late_begin(const Story& story, Findings& out);
void find_lacking_packets(const Story& story, Findings& out);
void find_filter(const Story& story, Findings& out);
// What follows from packets that are not there is possible at most where the capture lacks some.
void weaken_what_absence_tells(const Story& story, Findings& findings);
// rules_capture.cc
void find_capture_limits(const Story& story, Findings& out);

// True when the call never came up: then what hinders it is an error.
bool never_up(const Story& story);

}  // namespace parley::analyzer
