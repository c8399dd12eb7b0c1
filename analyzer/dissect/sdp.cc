// Session descriptions: a field for each line, the parts of its value below.

#include "stack/wire/sdp.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "analyzer/dissect/field.h"
#include "stack/wire/sdp_attributes.h"

namespace parley::analyzer {
namespace {

using sdp::Value;

struct LineName {
  char type;
  std::string_view name;
};
// RFC 8866 section 5.
constexpr std::array<LineName, 15> kLineNames{{{'v', "Version"},
                                               {'o', "Origin"},
                                               {'s', "Session Name"},
                                               {'i', "Information"},
                                               {'u', "URI"},
                                               {'e', "Email Address"},
                                               {'p', "Phone Number"},
                                               {'c', "Connection"},
                                               {'b', "Bandwidth"},
                                               {'t', "Time Active"},
                                               {'r', "Repeat Times"},
                                               {'z', "Time Zones"},
                                               {'k', "Encryption Keys"},
                                               {'a', "Attribute"},
                                               {'m', "Media"}}};

std::string_view name_of(char type) {
  const auto* found = std::find_if(kLineNames.begin(), kLineNames.end(),
                                   [&](const LineName& n) { return n.type == type; });
  return found == kLineNames.end() ? std::string_view("Unknown line") : found->name;
}

// Adds the parts of one value below its line; every part is a piece of the text.
class Parts {
 public:
  Parts(Field& parent, std::string_view text, std::size_t base)
      : parent_(parent), text_(text), base_(base) {}

  void add(std::string_view name, std::string_view part, std::string shown = {}) {
    if (part.data() == nullptr)
      return;
    parent_.add(std::string(name), shown.empty() ? printable(part) : std::move(shown),
                base_ + static_cast<std::size_t>(part.data() - text_.data()), part.size());
  }
  void fault(const WireError& error) {
    parent_.children.push_back(make_fault("Fault", fmt::format("expected {}", error.field),
                                          base_ + std::min<std::size_t>(error.offset, text_.size()),
                                          0));
  }
  template <class T>
  bool ok(const Result<T>& result) {
    if (!result)
      fault(result.error());
    return result.has_value();
  }

 private:
  Field& parent_;
  std::string_view text_;
  std::size_t base_;
};

void add_words(Parts& parts, std::string_view name, std::string_view list) {
  for (const std::string_view word : sdp::words_of(list))
    if (!word.empty())
      parts.add(name, word);
}

void candidate(Parts& parts, Value value) {
  const auto view = sdp::Candidate::decode(value);
  if (!parts.ok(view))
    return;
  const std::vector<std::string_view> words = sdp::words_of(value.text);
  constexpr std::array<std::string_view, 8> kNames{
      "Foundation", "Component", "Transport", "Priority", "Address", "Port", "", "Candidate Type"};
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (!kNames[i].empty())
      parts.add(kNames[i], words[i],
                i == 4 && view->is_mdns() ? printable(words[i]) + " (mDNS name)" : std::string());
  for (std::size_t i = 8; i + 1 < words.size(); i += 2) {
    const std::string name = words[i] == "raddr"   ? "Related Address"
                             : words[i] == "rport" ? "Related Port"
                                                   : printable(words[i]);
    parts.add(name, words[i + 1]);
  }
}

void fingerprint(Parts& parts, Value value) {
  if (!parts.ok(sdp::Fingerprint::decode(value)))
    return;
  const std::vector<std::string_view> words = sdp::words_of(value.text);
  parts.add("Hash Function", words[0]);
  parts.add("Fingerprint", words[1]);
}

void rtp_map(Parts& parts, Value value) {
  const auto view = sdp::RtpMap::decode(value);
  if (!parts.ok(view))
    return;
  parts.add("Payload Type", value.text.substr(0, value.text.find(' ')));
  parts.add("Encoding", view->encoding);
  const std::size_t rate = value.text.find('/') + 1;
  const std::size_t end = std::min(value.text.find('/', rate), value.text.size());
  parts.add("Clock Rate", value.text.substr(rate, end - rate),
            fmt::format("{} Hz", view->clock_rate));
  if (view->channels)
    parts.add("Channels", value.text.substr(end + 1));
}

void format_parameters(Parts& parts, Value value) {
  const auto view = sdp::FormatParameters::decode(value);
  if (!parts.ok(view))
    return;
  parts.add("Format", view->format);
  std::string_view rest = view->parameters;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    if (end > 0)
      parts.add("Parameter", rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

void rtcp_feedback(Parts& parts, Value value) {
  const auto view = sdp::RtcpFeedback::decode(value);
  if (!parts.ok(view))
    return;
  parts.add("Payload Type", value.text.substr(0, value.text.find(' ')),
            view->payload_type ? std::string() : std::string("* (all of the section)"));
  parts.add("Feedback", view->type);
  if (!view->parameter.empty())
    parts.add("Parameter", view->parameter);
}

void extension_map(Parts& parts, Value value) {
  const auto view = sdp::ExtensionMap::decode(value);
  if (!parts.ok(view))
    return;
  parts.add("ID", value.text.substr(0, value.text.find_first_of(" /")));
  if (!view->direction.empty())
    parts.add("Direction", view->direction);
  parts.add("URI", view->uri);
  if (!view->attributes.empty())
    parts.add("Extension Attributes", view->attributes);
}

void group(Parts& parts, Value value) {
  const auto view = sdp::Group::decode(value);
  if (!parts.ok(view))
    return;
  parts.add("Semantics", view->semantics);
  for (const std::string_view mid : view->mids)
    parts.add("Identification Tag", mid);
}

void ssrc(Parts& parts, Value value) {
  const auto view = sdp::SsrcAttribute::decode(value);
  if (!parts.ok(view))
    return;
  parts.add("SSRC", value.text.substr(0, value.text.find(' ')));
  parts.add("Source Attribute", view->name);
  if (view->value)
    parts.add("Value", *view->value);
}

void ssrc_group(Parts& parts, Value value) {
  const auto view = sdp::SsrcGroup::decode(value);
  if (!parts.ok(view))
    return;
  parts.add("Semantics", view->semantics);
  if (const std::size_t space = value.text.find(' '); space != std::string_view::npos)
    add_words(parts, "SSRC", value.text.substr(space + 1));
}

void msid(Parts& parts, Value value) {
  const auto view = sdp::Msid::decode(value);
  if (!parts.ok(view))
    return;
  parts.add("MediaStream", view->stream);
  if (!view->track.empty())
    parts.add("Track", view->track);
}

void rid(Parts& parts, Value value) {
  const auto view = sdp::Rid::decode(value);
  if (!parts.ok(view))
    return;
  parts.add("RID", view->id);
  const std::vector<std::string_view> words = sdp::words_of(value.text);
  parts.add("Direction", words[1]);
  for (std::size_t i = 2; i < words.size(); ++i)
    parts.add("Restrictions", words[i]);
}

void simulcast(Parts& parts, Value value) {
  const auto view = sdp::Simulcast::decode(value);
  if (!parts.ok(view))
    return;
  const std::vector<std::string_view> words = sdp::words_of(value.text);
  for (std::size_t i = 0; i + 1 < words.size(); i += 2)
    parts.add(words[i] == "send" ? "Sends" : "Receives", words[i + 1]);
}

void rtcp_address(Parts& parts, Value value) {
  const auto view = sdp::RtcpAddress::decode(value);
  if (!parts.ok(view))
    return;
  parts.add("Port", value.text.substr(0, value.text.find(' ')));
  if (!view->address.empty())
    parts.add("Address", view->address);
}

void sctp_map(Parts& parts, Value value) {
  const auto view = sdp::SctpMap::decode(value);
  if (!parts.ok(view))
    return;
  const std::vector<std::string_view> words = sdp::words_of(value.text);
  constexpr std::array<std::string_view, 3> kNames{"Port", "Protocol", "Streams"};
  for (std::size_t i = 0; i < std::min(words.size(), kNames.size()); ++i)
    parts.add(kNames[i], words[i]);
}

// Values of one part: only whether they are what the RFC allows is worth a field.
template <auto Decode>
void checked(Parts& parts, Value value) {
  parts.ok(Decode(value));
}

struct AttributeReader {
  std::string_view name;
  void (*read)(Parts&, Value);
};
constexpr std::array<AttributeReader, 21> kReaders{
    {{"candidate", candidate},
     {"extmap", extension_map},
     {"fingerprint", fingerprint},
     {"fmtp", format_parameters},
     {"group", group},
     {"ice-options", [](Parts& p, Value v) { add_words(p, "Option", v.text); }},
     {"ice-pwd", checked<sdp::decode_ice_password>},
     {"ice-ufrag", checked<sdp::decode_ice_ufrag>},
     {"max-message-size", checked<sdp::decode_max_message_size>},
     {"msid", msid},
     {"rid", rid},
     {"rtcp", rtcp_address},
     {"rtcp-fb", rtcp_feedback},
     {"rtpmap", rtp_map},
     {"sctp-init", checked<sdp::decode_sctp_init>},
     {"sctp-port", checked<sdp::decode_sctp_port>},
     {"sctpmap", sctp_map},
     {"setup", checked<sdp::decode_setup>},
     {"simulcast", simulcast},
     {"ssrc", ssrc},
     {"ssrc-group", ssrc_group}}};

void add_attribute(Parts& parts, Field& field, const sdp::Attribute& attribute) {
  field.name = printable(attribute.name);
  field.value = attribute.value ? printable(*attribute.value) : std::string("yes");
  const auto* reader =
      std::find_if(kReaders.begin(), kReaders.end(),
                   [&](const AttributeReader& r) { return r.name == attribute.name; });
  if (reader != kReaders.end())
    reader->read(parts, attribute);
}

void add_media(Parts& parts, const sdp::Line& line) {
  const auto media = sdp::MediaLine::decode(line);
  if (!parts.ok(media))
    return;
  const std::vector<std::string_view> words = sdp::words_of(line.value);
  parts.add("Media", words[0]);
  parts.add("Port", words[1]);
  parts.add("Protocol", words[2]);
  for (const std::string_view format : media->formats)
    parts.add("Format", format);
}

void add_origin(Parts& parts, const sdp::Line& line) {
  if (!parts.ok(sdp::OriginLine::decode(line)))
    return;
  constexpr std::array<std::string_view, 6> kNames{
      "User Name", "Session ID", "Session Version", "Network Type", "Address Type", "Address"};
  const std::vector<std::string_view> words = sdp::words_of(line.value);
  for (std::size_t i = 0; i < kNames.size(); ++i)
    parts.add(kNames[i], words[i]);
}

Field line_field(const sdp::Line& line, std::string_view text, std::size_t base) {
  Field field = make_field(name_of(line.type), printable(line.value), base + line.offset,
                           line.end() - line.offset);
  Parts parts(field, text, base);
  if (const auto attribute = sdp::attribute_of(line))
    add_attribute(parts, field, *attribute);
  else if (line.type == 'm')
    add_media(parts, line);
  else if (line.type == 'o')
    add_origin(parts, line);
  else if (line.type == 'c')
    parts.ok(sdp::ConnectionLine::decode(line));
  else if (line.type == 'a')
    parts.fault({WireFault::BadValue, line.value_offset(), "an attribute name"});
  return field;
}

Field section_field(const sdp::Section& section, std::string_view name, std::string value,
                    std::string_view text, std::size_t base) {
  const std::size_t first = section.begin()->offset;
  const std::size_t last = (section.end() - 1)->end();
  Field field = make_field(name, std::move(value), base + first, last - first);
  for (const sdp::Line& line : section)
    field.children.push_back(line_field(line, text, base));
  return field;
}

std::string media_text(const sdp::Section& media) {
  const auto mid = media.value("mid");
  const std::string kind = printable(sdp::words_of(media.begin()->value).front());
  return mid ? fmt::format("{}, mid {}", kind, printable(*mid)) : kind;
}

}  // namespace

Field dissect_sdp(std::string_view text, std::size_t base) {
  Field root = make_field("SDP", "", base, text.size());
  const auto description = sdp::Description::decode(text);
  if (!description) {
    root.value = "not a description";
    root.children.push_back(
        make_fault("Fault", fmt::format("expected {}", description.error().field),
                   base + std::min<std::size_t>(description.error().offset, text.size()), 0));
    return root;
  }
  const std::size_t media = description->media_count();
  root.value = fmt::format("{}, {} media section{}",
                           description->is_description() ? "description" : "fragment", media,
                           media == 1 ? "" : "s");
  if (!description->session().empty())
    root.children.push_back(section_field(description->session(), "Session", "", text, base));
  for (std::size_t i = 0; i < media; ++i)
    root.children.push_back(section_field(description->media(i),
                                          fmt::format("Media Description {}", i + 1),
                                          media_text(description->media(i)), text, base));
  for (const WireError& fault : description->faults())
    root.children.push_back(make_fault("Fault", fmt::format("expected {}", fault.field),
                                       base + std::min<std::size_t>(fault.offset, text.size()), 0));
  return root;
}

}  // namespace parley::analyzer
