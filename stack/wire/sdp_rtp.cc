// The attributes of RTP: codecs, feedback, header extensions, sources, simulcast.

#include <algorithm>

#include "stack/wire/sdp_attributes.h"

namespace parley::sdp {
namespace {

std::size_t end_of(const Value& value) {
  return value.offset + value.text.size();
}

// Splits at the first space; the rest is empty where there is none.
std::pair<std::string_view, std::string_view> cut(std::string_view text, char at) {
  const std::size_t place = text.find(at);
  if (place == std::string_view::npos)
    return {text, text.substr(text.size())};
  return {text.substr(0, place), text.substr(place + 1)};
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' '))
    text.remove_prefix(1);
  while (text.ends_with(' '))
    text.remove_suffix(1);
  return text;
}

bool same_without_case(std::string_view a, std::string_view b) {
  const auto small = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return small(x) == small(y); });
}

Result<std::uint8_t> decode_payload_type(const Value& value, std::string_view word) {
  const auto number = number_of(word, 127);
  if (!number)
    return wire_error(WireFault::BadValue, value.offset_of(word), "a payload type of 0 to 127");
  return static_cast<std::uint8_t>(*number);
}

Result<std::uint32_t> decode_ssrc(const Value& value, std::string_view word) {
  const auto number = number_of(word, 0xffffffffU);
  if (!number)
    return wire_error(WireFault::BadValue, value.offset_of(word), "an SSRC of 32 bits");
  return static_cast<std::uint32_t>(*number);
}

Result<std::vector<std::uint8_t>> decode_payload_types(const Value& value, std::string_view list) {
  std::vector<std::uint8_t> types;
  for (;;) {
    const auto [word, rest] = cut(list, ',');
    const auto type = decode_payload_type(value, word);
    if (!type)
      return tl::unexpected(type.error());
    types.push_back(*type);
    if (word.size() == list.size())
      return types;
    list = rest;
  }
}

Result<Simulcast::Streams> decode_streams(const Value& value, std::string_view list) {
  Simulcast::Streams streams(1);
  std::size_t at = 0;
  while (at <= list.size()) {
    const std::size_t end = std::min(list.find_first_of(";,", at), list.size());
    Simulcast::Choice choice;
    choice.rid = list.substr(at, end - at);
    if (choice.rid.starts_with('~')) {
      choice.paused = true;
      choice.rid.remove_prefix(1);
    }
    if (choice.rid.empty())
      return wire_error(WireFault::BadValue, value.offset_of(list) + at, "a rid");
    streams.back().push_back(choice);
    if (end < list.size() && list[end] == ';')
      streams.emplace_back();
    at = end + 1;
  }
  return streams;
}

}  // namespace

MediaDirection direction_of(const Section& media, const Section& session) {
  for (const Section& section : {media, session})
    for (const MediaDirection direction : {MediaDirection::SendReceive, MediaDirection::SendOnly,
                                           MediaDirection::ReceiveOnly, MediaDirection::Inactive})
      if (section.has(to_string(direction)))
        return direction;
  return MediaDirection::SendReceive;
}

std::string_view to_string(MediaDirection direction) {
  switch (direction) {
    case MediaDirection::SendReceive:
      return "sendrecv";
    case MediaDirection::SendOnly:
      return "sendonly";
    case MediaDirection::ReceiveOnly:
      return "recvonly";
    case MediaDirection::Inactive:
      return "inactive";
  }
  return "?";
}

Result<RtpMap> RtpMap::decode(Value value) {
  const auto [type_word, codec] = cut(value.text, ' ');
  const auto type = decode_payload_type(value, type_word);
  if (!type)
    return tl::unexpected(type.error());
  RtpMap result;
  result.payload_type = *type;
  const auto [encoding, rates] = cut(codec, '/');
  const auto [rate_word, channels] = cut(rates, '/');
  result.encoding = encoding;
  if (encoding.empty())
    return wire_error(WireFault::Truncated, end_of(value), "an encoding name");
  const auto rate = number_of(rate_word, 0xffffffffU);
  if (!rate || *rate == 0)
    return wire_error(WireFault::BadValue, value.offset_of(rate_word), "a clock rate in Hz");
  result.clock_rate = static_cast<std::uint32_t>(*rate);
  if (!channels.empty()) {
    const auto count = number_of(channels, 255);
    if (!count || *count == 0)
      return wire_error(WireFault::BadValue, value.offset_of(channels), "a number of channels");
    result.channels = static_cast<std::uint8_t>(*count);
  }
  return result;
}

Result<FormatParameters> FormatParameters::decode(Value value) {
  const auto [format, parameters] = cut(value.text, ' ');
  if (format.empty())
    return wire_error(WireFault::Truncated, value.offset, "a format");
  return FormatParameters{format, parameters};
}

std::optional<std::string_view> FormatParameters::parameter(std::string_view name) const {
  std::string_view rest = parameters;
  while (!rest.empty()) {
    const auto [one, more] = cut(rest, ';');
    const auto [key, word] = cut(trimmed(one), '=');
    if (same_without_case(trimmed(key), name))
      return trimmed(word);
    rest = more;
  }
  return std::nullopt;
}

Result<RtcpFeedback> RtcpFeedback::decode(Value value) {
  const auto [type_word, rest] = cut(value.text, ' ');
  RtcpFeedback result;
  if (type_word != "*") {
    const auto type = decode_payload_type(value, type_word);
    if (!type)
      return tl::unexpected(type.error());
    result.payload_type = *type;
  }
  const auto [feedback, parameter] = cut(rest, ' ');
  if (feedback.empty())
    return wire_error(WireFault::Truncated, end_of(value), "a kind of feedback");
  result.type = feedback;
  result.parameter = parameter;
  return result;
}

Result<ExtensionMap> ExtensionMap::decode(Value value) {
  const auto [id_word, rest] = cut(value.text, ' ');
  const auto [number, direction] = cut(id_word, '/');
  const auto id = number_of(number, 4351);
  if (!id || *id == 0)
    return wire_error(WireFault::BadValue, value.offset, "an id of 1 to 255 or 4096 to 4351");
  ExtensionMap result;
  result.id = static_cast<std::uint16_t>(*id);
  result.direction = direction;
  const auto [uri, attributes] = cut(rest, ' ');
  if (uri.empty())
    return wire_error(WireFault::Truncated, end_of(value), "a URI");
  result.uri = uri;
  result.attributes = attributes;
  return result;
}

Result<Group> Group::decode(Value value) {
  const auto [semantics, rest] = cut(value.text, ' ');
  if (semantics.empty())
    return wire_error(WireFault::Truncated, value.offset, "the semantics of a group");
  Group result;
  result.semantics = semantics;
  if (!rest.empty())
    for (const std::string_view mid : words_of(rest))
      if (!mid.empty())
        result.mids.push_back(mid);
  return result;
}

Result<SsrcAttribute> SsrcAttribute::decode(Value value) {
  const auto [ssrc_word, rest] = cut(value.text, ' ');
  const auto ssrc = decode_ssrc(value, ssrc_word);
  if (!ssrc)
    return tl::unexpected(ssrc.error());
  SsrcAttribute result;
  result.ssrc = *ssrc;
  const std::size_t colon = rest.find(':');
  result.name = rest.substr(0, colon);
  if (result.name.empty())
    return wire_error(WireFault::Truncated, end_of(value), "an attribute of the source");
  if (colon != std::string_view::npos)
    result.value = rest.substr(colon + 1);
  return result;
}

Result<SsrcGroup> SsrcGroup::decode(Value value) {
  const auto [semantics, rest] = cut(value.text, ' ');
  if (semantics.empty())
    return wire_error(WireFault::Truncated, value.offset, "the semantics of a group");
  SsrcGroup result;
  result.semantics = semantics;
  if (rest.empty())
    return result;
  for (const std::string_view word : words_of(rest)) {
    if (word.empty())
      continue;
    const auto ssrc = decode_ssrc(value, word);
    if (!ssrc)
      return tl::unexpected(ssrc.error());
    result.ssrcs.push_back(*ssrc);
  }
  return result;
}

Result<Msid> Msid::decode(Value value) {
  const auto [stream, track] = cut(value.text, ' ');
  if (stream.empty())
    return wire_error(WireFault::Truncated, value.offset, "the id of a stream");
  return Msid{stream, track};
}

Result<Rid> Rid::decode(Value value) {
  const auto [id, rest] = cut(value.text, ' ');
  const auto [direction, restrictions] = cut(rest, ' ');
  if (id.empty())
    return wire_error(WireFault::Truncated, value.offset, "a rid");
  if (direction != "send" && direction != "recv")
    return wire_error(WireFault::BadValue, value.offset_of(direction), "send or recv");
  Rid result;
  result.id = id;
  result.send = direction == "send";
  std::string_view left = restrictions;
  while (!left.empty()) {
    const auto [one, more] = cut(left, ';');
    const auto [name, word] = cut(trimmed(one), '=');
    if (name == "pt") {
      const auto types = decode_payload_types(value, word);
      if (!types)
        return tl::unexpected(types.error());
      result.payload_types = *types;
    } else if (!name.empty()) {
      result.restrictions.emplace_back(name, word);
    }
    left = more;
  }
  return result;
}

Result<Simulcast> Simulcast::decode(Value value) {
  Simulcast result;
  const std::vector<std::string_view> words = words_of(value.text);
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const bool sends = words[i] == "send";
    if (!sends && words[i] != "recv")
      return wire_error(WireFault::BadValue, value.offset_of(words[i]), "send or recv");
    if (i + 1 == words.size())
      return wire_error(WireFault::Truncated, end_of(value), "a list of rids");
    const auto streams = decode_streams(value, words[i + 1]);
    if (!streams)
      return tl::unexpected(streams.error());
    (sends ? result.send : result.receive) = *streams;
  }
  return result;
}

Result<RtcpAddress> RtcpAddress::decode(Value value) {
  const std::vector<std::string_view> words = words_of(value.text);
  const auto port = number_of(words[0], 65535);
  if (!port)
    return wire_error(WireFault::BadValue, value.offset, "a port of 0 to 65535");
  RtcpAddress result;
  result.port = static_cast<std::uint16_t>(*port);
  if (words.size() == 4)
    result.address = words[3];
  else if (words.size() != 1)
    return wire_error(WireFault::BadValue, value.offset_of(words[1]),
                      "network type, address type and address");
  return result;
}

}  // namespace parley::sdp
