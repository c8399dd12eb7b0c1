#pragma once

// The CALL object of the contract and what stands in it. Knows the key names and their order, and
// nothing of documents.

#include "analyzer/model/model.h"
#include "analyzer/report/json_writer.h"

namespace parley::analyzer {

void write_call(JsonWriter& json, const Call& call, Instant origin);
// json_transport.cc
void write_transport(JsonWriter& json, const Transport& transport, Instant origin);

void write_candidate(JsonWriter& json, const Candidate& candidate);
void write_packet(JsonWriter& json, const std::optional<PacketRef>& packet);
void write_packets(JsonWriter& json, const std::vector<PacketRef>& packets);
void write_errors(JsonWriter& json, const std::vector<ErrorCount>& errors);
void write_inferred(JsonWriter& json, const Inferred& inferred);
// Seconds since the origin, or null.
void write_time(JsonWriter& json, std::string_view name, const std::optional<Instant>& at,
                Instant origin);
// Endpoints, or null.
void write_endpoint(JsonWriter& json, std::string_view name, const std::optional<Endpoint>& at);

template <class T>
std::optional<std::string> word_of(const std::optional<T>& maybe) {
  if (!maybe)
    return std::nullopt;
  return std::string(to_string(*maybe));
}

}  // namespace parley::analyzer
