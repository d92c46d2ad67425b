#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace heed::test {

/// Describes the first error in a piece of XML; "" if it is well-formed: tags match, attributes are quoted, the only
/// entities are &amp; &lt; &gt; &quot; &#39;, and there are no control characters except line ends.
inline std::string xml_fault(std::string_view xml) {
  std::vector<std::string> open;
  const auto at_place = [](const std::string& what, std::size_t at) { return what + " at byte " + std::to_string(at); };
  for (std::size_t at = 0; at < xml.size(); ++at) {
    const auto byte = static_cast<unsigned char>(xml[at]);
    if ((byte < 0x20 && byte != '\n') || byte == 0x7f) return at_place("control character", at);
    if (byte == '&') {
      const std::string_view entity = xml.substr(at, xml.find(';', at) - at + 1);
      const bool known =
          entity == "&amp;" || entity == "&lt;" || entity == "&gt;" || entity == "&quot;" || entity == "&#39;";
      if (!known) return at_place("unknown entity", at);
    }
    if (byte != '<') continue;
    std::size_t end = at + 1;
    for (bool inside = false; end < xml.size() && (inside || xml[end] != '>'); ++end) {
      if (xml[end] == '"') inside = !inside;
      if (xml[end] == '<') return at_place("< inside a tag", end);
    }
    if (end >= xml.size()) return at_place("a tag does not end", at);
    const std::string_view tag = xml.substr(at + 1, end - at - 1);
    const std::string name(tag.substr(0, tag.find_first_of(" \n")));
    if (tag.front() == '/') {
      if (open.empty() || open.back() != tag.substr(1)) return at_place("</" + std::string(tag.substr(1)), at);
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(name);
    }
    std::size_t quotes = 0, equals = 0;
    for (const char c : tag) quotes += c == '"', equals += c == '=';
    if (quotes != 2 * equals) return at_place("attributes", at);
  }
  return open.empty() ? "" : "<" + open.back() + "> does not end";
}

/// The number of occurrences of `part` in `text`.
inline std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

}  // namespace heed::test
