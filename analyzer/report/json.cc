#include "analyzer/report/json.h"

#include "analyzer/link_types.h"
#include "analyzer/report/calendar.h"
#include "analyzer/report/json_call.h"

namespace parley::analyzer {
namespace {

void write_interfaces(JsonWriter& json, const Capture& capture) {
  json.key("interfaces");
  json.begin_array();
  for (const CaptureInterface& interface : capture.interfaces) {
    json.begin_object();
    json.key("name");
    if (interface.name.empty())
      json.null();
    else
      json.value(interface.name);
    json.member("link_type", link_type_name(interface.link_type));
    json.end_object();
  }
  json.end_array();
}

void write_capture(JsonWriter& json, const Capture& capture) {
  json.begin_object();
  json.member("index", capture.index);
  json.member("file", capture.file);
  json.member("format", capture.format);
  write_interfaces(json, capture);
  json.member("packets", capture.packets);
  json.member("bytes", capture.bytes);
  json.key("first_time");
  if (capture.first_time)
    json.value(iso8601(own_time(capture, *capture.first_time)));
  else
    json.null();
  json.key("duration_s");
  if (capture.first_time && capture.last_time)
    json.value(to_seconds(*capture.last_time - *capture.first_time));
  else
    json.null();
  json.key("clock_offset_s");
  if (capture.clock_offset)
    json.value(to_seconds(*capture.clock_offset));
  else
    json.null();
  json.key("by_protocol");
  json.begin_object();
  for (const auto& [protocol, packets] : capture.by_protocol)
    json.member(protocol, packets);
  json.end_object();
  json.member("cut_short", capture.cut_short);
  json.member("undecoded", capture.undecoded);
  json.member("times_backwards", capture.times_backwards);
  json.key("damage");
  json.begin_array();
  for (const Damage& damage : capture.damage) {
    json.begin_object();
    json.member("offset", damage.offset);
    json.member("what", damage.what);
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

}  // namespace

void write_json(const Analysis& analysis, std::string& out) {
  JsonWriter json(out);
  json.begin_object();
  json.member("schema", "parley.analysis/1");
  json.key("captures");
  json.begin_array();
  for (const Capture& capture : analysis.captures)
    write_capture(json, capture);
  json.end_array();
  json.key("calls");
  json.begin_array();
  for (const Call& call : analysis.calls)
    write_call(json, call, analysis.origin);
  json.end_array();
  json.end_object();
  out += '\n';
}

std::string call_json(const Call& call, Instant origin) {
  std::string out;
  JsonWriter json(out);
  write_call(json, call, origin);
  return out;
}

}  // namespace parley::analyzer
