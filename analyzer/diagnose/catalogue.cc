#include "analyzer/diagnose/catalogue.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace parley::analyzer {
namespace {

using enum Level;
using enum Confidence;

constexpr std::array kKinds = std::to_array<FindingKind>({
    {"call-unexplained", Error, Possible, "",
     "The call failed or was lost, and no rule explains it from these packets."},
    {"capture-begins-late", Note, Certain, "",
     "The capture begins after the call did: how it came up, or what a side gathered, is not in "
     "it."},
    {"capture-cut-short", Note, Certain, "",
     "A snap length cut packets: their tails were not read. Nothing is wrong with the packets. "
     "A warning, and the verdict, where the cut hides what became of the call."},
    {"capture-damage", Warning, Certain, "",
     "A capture file is damaged: what stands in the damaged part is unknown."},
    {"capture-ends-early", Note, Certain, "",
     "The packets end before it is decided whether the call comes up."},
    {"capture-filtered", Warning, Certain, "",
     "ICE found a path, and the capture holds nothing but STUN: a filter may have left out the "
     "rest."},
    {"capture-lacks-packets", Warning, Certain, "",
     "Packets were there that are not in the capture: others that are in it answer them, or nobody "
     "repeats a request as one without an answer would."},
    {"capture-one-direction", Warning, Certain, "",
     "The capture holds only what one host sends, or only what comes to it."},
    {"dtls-alert", Error, Certain, "RFC 5246 section 7.2",
     "A fatal DTLS alert ended the handshake or the connection."},
    {"dtls-fingerprint-unverified", Note, Certain, "RFC 8122 section 5",
     "The certificates could not be compared with the a=fingerprint of the SDP."},
    {"dtls-loss", Note, Certain, "RFC 6347 section 4.1",
     "A noticeable share of a side's DTLS 1.2 records was lost, by their numbers where they "
     "arrive."},
    {"dtls-not-started", Error, Likely, "RFC 8842 section 5",
     "ICE found a path and no DTLS packet followed."},
    {"dtls-peer-silent", Error, Likely, "RFC 8122 section 6.2",
     "The DTLS handshake is complete on the wire, and one side never sends anything after it: as "
     "when it refused the other's certificate."},
    {"dtls-slow", Note, Certain, "RFC 6347 section 4.2.4",
     "The DTLS handshake finished late, because parts of it had to be sent again."},
    {"dtls-stuck", Error, Likely, "RFC 6347 section 4.2.4",
     "The DTLS handshake began and did not end."},
    {"ice-consent-lost", Error, Likely, "RFC 7675 section 5.1",
     "A path worked, then the checks on it went unanswered until the sender gave up."},
    {"ice-icmp-unreachable", Note, Certain, "RFC 8445 section 7.2.5.2.2",
     "ICMP said that a peer's address or port cannot be reached."},
    {"ice-loss", Note, Certain, "RFC 7675 section 5.1",
     "Checks on the pair in use went unanswered now and then, while others were answered."},
    {"ice-no-answer", Error, Likely, "RFC 8445 section 7.2.5.2.3",
     "Checks were sent and none was answered."},
    {"ice-no-relay", Error, Likely, "RFC 8445 section 5.1.1.2",
     "No direct pair worked and no relayed candidate was there to fall back to."},
    {"ice-nomination-failed", Error, Certain, "RFC 8445 section 7.2.5.3.4",
     "The check that nominates a pair got no answer, so the agent's checklist failed. Runs only."},
    {"ice-not-nominated", Error, Likely, "RFC 8445 section 8.1.1",
     "Checks were answered, and no pair was ever nominated."},
    {"ice-one-side-silent", Error, Likely, "RFC 8445 section 6.1.4.2",
     "One side sent checks, and nothing of the other side reached the capture."},
    {"ice-path-broken", Error, Certain, "RFC 7675 section 5.1",
     "A path worked, then packets of one side were lost between two capture points until the call "
     "ended."},
    {"ice-paths-differ", Warning, Certain, "RFC 8445 section 12.1",
     "The two sides send their media over different pairs for a lasting time."},
    {"ice-relayed", Note, Certain, "RFC 8445 section 5.1.2",
     "The call runs through a relay because no direct check was answered."},
    {"ice-remote-only-reflexive", Note, Possible, "RFC 8445 section 7.3.1.3",
     "A side checked nothing but the address that the other's checks came from: it may have had no "
     "candidate of the other side."},
    {"ice-restart", Note, Certain, "RFC 8445 section 9",
     "ICE was restarted: a side came with a new username fragment."},
    {"ice-role-conflict", Note, Certain, "RFC 8445 section 7.3.1.1",
     "Both sides claimed the same ICE role for a while; error 487 settled it, or did not."},
    {"ice-symmetric-both-no-relay", Error, Certain, "RFC 4787 section 4.1",
     "Both NATs give each destination another port, so checks come from ports that the other side "
     "does not know, and no relay was there."},
    {"ice-wrong-password", Error, Likely, "RFC 8489 section 9.1.3",
     "A peer refused checks with 401: the password or username fragment does not match."},
    {"media-one-way", Error, Likely, "RFC 3550 section 6.4",
     "Media flows one way only, and not even RTCP comes back."},
    {"nat-no-hairpin", Error, Certain, "RFC 4787 section 6",
     "Both peers have the same public address: their checks would have to turn back at the NAT "
     "that "
     "they share, and none was answered."},
    {"network-udp-blocked", Warning, Likely, "RFC 8656 section 3.1",
     "No UDP packet came back to a side, while the same server answered it over TCP."},
    {"rtp-loss", Note, Certain, "RFC 3550 section 6.4.1",
     "A noticeable share of a stream's RTP packets was lost."},
    {"rtp-not-captured", Note, Certain, "RFC 3550 section 5.1",
     "The capture beside a sender lacks numbers of its RTP packets: it missed them, or they never "
     "got that far."},
    {"run-ends-early", Note, Certain, "",
     "The simulated time ends before it is decided whether the call comes up."},
    {"stun-server-silent", Warning, Certain, "RFC 8489 section 6.2.1",
     "A STUN server did not answer, so no server-reflexive candidate came from it."},
    {"turn-401", Error, Certain, "RFC 8489 section 9.2.5",
     "The TURN server answered a request that carried credentials with 401: they are wrong."},
    {"turn-401-loop", Error, Certain, "RFC 8489 section 9.2.5",
     "A client keeps asking with credentials that the TURN server answers with 401."},
    {"turn-403", Error, Certain, "RFC 8656 section 10.2",
     "The TURN server forbids a peer address, or the allocation itself."},
    {"turn-error", Error, Certain, "RFC 8656 section 19",
     "The TURN server refused a request with another error code."},
    {"turn-server-silent", Warning, Certain, "RFC 8656 section 7.1",
     "A TURN server did not answer any request."},
});

}  // namespace

std::span<const FindingKind> finding_kinds() {
  return kKinds;
}

const FindingKind* find_kind(std::string_view code) {
  const auto* const found = std::find_if(
      kKinds.begin(), kKinds.end(), [&](const FindingKind& kind) { return kind.code == code; });
  return found == kKinds.end() ? nullptr : &*found;
}

std::string describe_findings() {
  std::string text =
      "# Findings\n\n"
      "Every code that `parley analyze` and `parley run` can report. Codes are stable: scripts may "
      "compare them.\n"
      "The level is the usual one; it is lower where the call came up in spite of it. The "
      "confidence "
      "is the highest\nthat a finding of this code gets. A verdict has the code of its decisive "
      "finding, or `ok`.\n\n"
      "| code | level | confidence | meaning | standard |\n"
      "| --- | --- | --- | --- | --- |\n";
  for (const FindingKind& kind : kKinds)
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", kind.code, to_string(kind.level),
                        to_string(kind.confidence), kind.meaning, kind.rfc);
  return text;
}

Finding make_finding(std::string_view code) {
  Finding finding;
  finding.code = std::string(code);
  if (const FindingKind* kind = find_kind(code)) {
    finding.level = kind->level;
    finding.confidence = kind->confidence;
    finding.rfc = std::string(kind->rfc);
  }
  return finding;
}

}  // namespace parley::analyzer
