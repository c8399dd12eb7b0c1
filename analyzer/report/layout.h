#pragma once

// Text in columns: tables whose columns fit their content, paragraphs with a hanging indent,
// optional colors. Knows nothing of calls. Widths count characters, not octets.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace parley::analyzer {

// Characters of UTF-8 text.
std::size_t display_width(std::string_view text);

// `first` then the words of `text`, broken at `width`; later lines begin with `hang` spaces. No
// line ends inside a quantity ("600 s"), an RFC's name or a short reference ("[peerA 5..8]").
std::string paragraph(std::string_view first, std::string_view text, std::size_t hang,
                      std::size_t width);

struct Column {
  std::string title;
  bool right = false;
  // Columns with a higher number go first when the table is too wide; 0 always stays.
  unsigned drop_order = 0;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add_row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }
  // How wide it is with all its columns.
  std::size_t natural_width(std::size_t indent) const;
  // Every line indented; columns that are empty in every row are left out.
  std::string render(std::size_t indent, std::size_t width) const;
  // The titles of the columns that give way at this width.
  std::vector<std::string> left_out(std::size_t indent, std::size_t width) const;

 private:
  std::vector<std::size_t> widths() const;
  // Those of the columns that stay; 0 for the others.
  std::vector<std::size_t> fitting_widths(std::size_t indent, std::size_t width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

enum class Paint { Plain, Bold, Good, Bad, Caution, Dim };
std::string painted(std::string_view text, Paint paint, bool color);

}  // namespace parley::analyzer
