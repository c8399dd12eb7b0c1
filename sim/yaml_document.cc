#include "sim/yaml_document.h"

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "sim/scenario.h"
#include "stack/base/bytes.h"
#include "stack/base/utf8.h"

namespace parley::sim {
namespace {

SourceMark place(const YAML::Mark& mark) {
  if (mark.is_null())
    return {};
  return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}

std::size_t element_count(const YamlNode& node) {
  std::size_t count = 1;
  for (const YamlNode& item : node.items)
    count += element_count(item);
  for (const YamlEntry& entry : node.entries)
    count += element_count(entry.value);
  return count;
}

// Builds the tree from yaml-cpp's events. A frame is a collection that is still open.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const std::string& file) : file_(file) {}

  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.mark = place(mark);
    add(std::move(node), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node;
    node.mark = place(mark);
    // "?" marks a plain scalar, "!" a quoted one: an empty plain scalar says nothing.
    node.kind = value.empty() && tag == "?" ? YamlNode::Kind::Null : YamlNode::Kind::Scalar;
    node.text = value;
    add(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto target = anchors_.find(anchor);
    if (target == anchors_.end())
      throw ScenarioError(file_, place(mark), "an alias inside the value that it stands for");
    aliased_ += element_count(target->second);
    if (aliased_ > kMaxYamlAliasedElements)
      throw ScenarioError(file_, place(mark), "the aliases of this file make it too large");
    YamlNode copy = target->second;
    add(std::move(copy), 0);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(YamlNode::Kind::Sequence, place(mark), anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(YamlNode::Kind::Map, place(mark), anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    std::optional<YamlEntry> key;                         // waits for its value
    std::map<std::string, SourceMark, std::less<>> keys;  // seen so far
  };

  void count(SourceMark mark) {
    if (++elements_ > kMaxYamlElements)
      throw ScenarioError(file_, mark, "too many elements in this file");
  }
  void open(YamlNode::Kind kind, SourceMark mark, YAML::anchor_t anchor) {
    if (frames_.size() >= kMaxYamlDepth)
      throw ScenarioError(file_, mark, "collections are nested too deeply here");
    Frame frame;
    frame.node.kind = kind;
    frame.node.mark = mark;
    frame.anchor = anchor;
    frames_.push_back(std::move(frame));
  }
  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    add(std::move(frame.node), frame.anchor);
  }
  void add(YamlNode node, YAML::anchor_t anchor) {
    count(node.mark);
    if (anchor != 0)
      anchors_[anchor] = node;
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.is_sequence()) {
      frame.node.items.push_back(std::move(node));
    } else if (frame.key) {
      frame.key->value = std::move(node);
      frame.node.entries.push_back(std::move(*frame.key));
      frame.key.reset();
    } else {
      begin_entry(frame, std::move(node));
    }
  }
  void begin_entry(Frame& frame, YamlNode key) {
    if (!key.is_scalar())
      throw ScenarioError(file_, key.mark, "a key has to be a word");
    const auto [first, is_new] = frame.keys.try_emplace(key.text, key.mark);
    if (!is_new)
      throw ScenarioError(file_, key.mark,
                          "the key '" + printable(key.text) +
                              "' stands here twice; it was on line " +
                              std::to_string(first->second.line) + " already");
    frame.key = YamlEntry{std::move(key.text), key.mark, {}};
  }

  std::string file_;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, YamlNode> anchors_;
  std::size_t elements_ = 0, aliased_ = 0;
  YamlNode root_;
};

// The parser would take other encodings for nothing, or for other text.
void require_utf8(std::string_view text, const std::string& file) {
  SourceMark mark{1, 1};
  char32_t code = 0;
  for (std::size_t length = 0; !text.empty(); text.remove_prefix(length)) {
    length = utf8_length(text, code);
    if (length == 0)
      throw ScenarioError(
          file, mark,
          fmt::format("this is not UTF-8: octet 0x{:02x}", static_cast<unsigned char>(text[0])));
    mark = code == U'\n' ? SourceMark{mark.line + 1, 1} : SourceMark{mark.line, mark.column + 1};
  }
}

// Whether a tab stands in front of the first word of this line, counted from 1.
bool indented_with_tab(std::string_view text, std::uint32_t line) {
  for (; line > 1 && !text.empty(); --line)
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  const std::size_t word = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(0, word).find('\t') != std::string_view::npos;
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const YamlEntry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

YamlNode parse_yaml(std::string_view text, const std::string& file) {
  if (text.size() > kMaxScenarioBytes)
    throw ScenarioError(file, {}, "the file is larger than 32 MiB");
  require_utf8(text, file);
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(file);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder))
      throw ScenarioError(file, {}, "the file is empty; expected a scenario");
    YamlNode root = builder.take();
    TreeBuilder second(file);
    if (parser.HandleNextDocument(second))
      throw ScenarioError(file, second.take().mark, "a second document; expected one scenario");
    return root;
  } catch (const YAML::Exception& error) {
    throw ScenarioError(file, place(error.mark),
                        "this is no YAML: " + printable(error.msg) +
                            (indented_with_tab(text, place(error.mark).line)
                                 ? " (the line is indented with a tab; YAML takes spaces)"
                                 : ""));
  }
}

}  // namespace parley::sim
