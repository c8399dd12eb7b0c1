#pragma once

// Calls built by hand, fact by fact, from captures that were read with tshark: what diagnose and
// the reports are tested with, apart from any packet.

#include <string_view>

#include "analyzer/model/model.h"

namespace parley::test {

// captures/c04-symmetric-no-turn-fails/peerA.pcapng: 242 checks of A, none answered.
analyzer::Analysis unanswered_call();
// captures/c09b-ice-restart/peerA.pcapng: connected, one restart, paths that differ.
analyzer::Analysis restarted_call();
// A call with nothing but the given transport.
analyzer::Analysis analysis_with(analyzer::Call call);

// Instants of these samples count from zero.
Instant at(double seconds);
Endpoint endpoint(const char* text);
analyzer::PacketRef packet(std::uint64_t number);
analyzer::Candidate candidate(trace::CandidateType type, const char* address,
                              bool inferred = false);
// A pair of `side` from the first to the last packet, with so many requests and responses.
analyzer::Pair pair(analyzer::Side side, analyzer::Candidate local, analyzer::Candidate remote,
                    std::uint64_t requests, std::uint64_t responses);
// ICE worked on one host pair and DTLS 1.2 finished: the call that others are made from.
analyzer::Call connected_call();
// 100 packets of RTP.
analyzer::Flow flow(analyzer::Side from, const char* source, const char* destination, double first,
                    double last);
// The first finding with that code; nullptr when there is none.
const analyzer::Finding* find(const analyzer::Call& call, std::string_view code);

}  // namespace parley::test
