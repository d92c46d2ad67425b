# The input filter of Doxygen. It prints a header or a page of docs/ with the changes that Doxygen needs.
#
#   awk -f docs/reference/comments.awk include/heed/cells/gru.hpp
#
# In a header, a declaration without a comment gets one. The first source that has a comment is used:
#
#   1. the contract table of its concept: `project` of all cells is documented once, in cells/cell.hpp;
#   2. its name: d_x is dL/dx;
#   3. the comment above its group of declarations, which ends at an empty line.
#
# If a declaration has several names, each name gets the comment. Formulas, which are indented by three spaces, become Markdown
# code blocks. Defaulted and deleted functions are left out. So is the inline namespace, because Doxygen adds it to every name.
# The script expects the layout of clang-format: the indentation of a line shows its scope.

FNR == 1 {
  root = FILENAME
  sub(/include\/heed\/.*/, "include/heed/", root)
  header = substr(FILENAME, length(root) + 1)
  read_table("core/parameters")
  if (header ~ /^cells\//) read_table("cells/cell")
  else if (header ~ /^scorers\//) read_table("scorers/scorer")
  else if (header ~ /^normalizers\//) read_table("normalizers/normalizer")
  else if (header ~ /^attention\// && header !~ /attention_layer/) read_table("attention/attention_mechanism")
  else if (header ~ /^decoders\/plain/) read_table("attention/attention_mechanism")
  else if (header ~ /^decoders\//) read_table("decoders/decoder")
  else if (header ~ /^training\/(optimizers|schedules)\.hpp/) read_table(substr(header, 1, length(header) - 4))
}

# Sets meaning[name] to the text of the row `name(...)` in the tables of a header. A row without a name continues the row above.
function read_table(of, path, line, cells, count, names, i, last) {
  path = root of ".hpp"
  while ((getline line < path) > 0) {
    if (line !~ /^\/\/\/? \| +`/) continue
    count = split(line, cells, /\|/)
    if (cells[2] !~ /^ `[A-Za-z]/) {  # continues the call above
      if (last != "") meaning[last] = meaning[last] " " trimmed(cells[count - 1])
      continue
    }
    gsub(/\([^`]*/, "", cells[2])
    gsub(/<[^`]*/, "", cells[2])
    last = ""
    for (i = split(cells[2], names, /`/) - 1; i >= 2; i -= 2) {
      last = names[i]
      meaning[last] = trimmed(cells[count - 1])
      if (count > 4 && trimmed(cells[3]) != "") meaning[last] = "Once per " trimmed(cells[3]) ": " meaning[last]
    }
  }
  close(path)
}

function trimmed(text) {
  gsub(/^ +| +$/, "", text)
  return text
}

# The comment for a declaration without its own comment, or an empty string.
function comment_on(name, base) {
  sub(/\(\)/, "", name)
  if (name in meaning) return meaning[name]
  if (name == class) return group != "" ? group : meaning["constructor"]
  if (name ~ /^operator(==|<=>)/) return "Member by member."
  if (name ~ /^d_/) return "dL/d(" substr(name, 3) ")."
  base = name
  if (sub(/_backward$/, "", base) && base in meaning) return "Backward of `" base "`."
  return group
}

# The name of a page, from its path.
function page_of(path) {
  sub(/.*\//, "", path)
  sub(/\.md$/, "", path)
  return tolower(path)
}

# The anchor of a heading, as GitHub makes it.
function anchor_of(heading) {
  sub(/^#+ */, "", heading)
  heading = tolower(heading)
  gsub(/[^a-z0-9 _-]/, "", heading)
  gsub(/ /, "-", heading)
  return heading
}

# The line with its links to headings replaced by the anchors of `page_of` and `anchor_of`.
function with_anchors(line, done, link, place) {
  done = ""
  while (match(line, /\]\([A-Za-z0-9_.\/]*#[^)]*\)/)) {
    link = substr(line, RSTART + 2, RLENGTH - 3)
    done = done substr(line, 1, RSTART + 1)
    line = substr(line, RSTART + RLENGTH)
    place = index(link, "#")
    done = done "#" page_of(place == 1 ? FILENAME : substr(link, 1, place - 1)) "-" substr(link, place + 1) ")"
  }
  return done line
}

function indent_of(line) {
  match(line, /^ */)
  return RLENGTH
}

# The first name that a declaration declares.
function name_in(text) {
  if (text ~ /^ *using /) {
    sub(/^ *using /, "", text)
    sub(/[^A-Za-z0-9_].*/, "", text)
    return text
  }
  gsub(/<[^<>()]*>/, "", text)
  gsub(/<[^<>()]*>/, "", text)
  gsub(/<[^<>()]*>/, "", text)
  if (text ~ /operator/) {
    match(text, /operator *(\(\)|[^ (]+)/)
    return substr(text, RSTART, RLENGTH)
  }
  sub(/[(={;,[].*/, "", text)
  sub(/ +$/, "", text)
  sub(/.*[^A-Za-z0-9_]/, "", text)
  return text
}

# True if a declaration initialises one or more variables.
function is_data(text) {
  return text ~ /^[^(]*[^(=!<>]=[^=]/ && text !~ /operator|^ *(using|concept|template) /
}

# True if a declaration has several names.
function has_several(text) {
  return text ~ /,/ && templated == "" && held !~ /\n/ && (text !~ /\(/ || is_data(text))
}

# Prints a declaration of variables as one declaration for each name, each with the comment. Returns 0 if it finds no type.
function print_data(text, comment, type, names, rest, depth, i, c, lead) {
  lead = substr(text, 1, indent_of(text))
  rest = substr(text, length(lead) + 1)
  sub(/;.*/, "", rest)
  depth = 0
  type = ""
  for (i = 1; i <= length(rest); ++i) {  # the type ends at the last space before the first name
    c = substr(rest, i, 1)
    if (c ~ /[<({[]/) ++depth
    if (c ~ /[>)}\]]/) --depth
    if (depth == 0 && c == " " && substr(rest, i) ~ /^ [A-Za-z_*][A-Za-z0-9_]*( =|,|$|\[|\{)/) {
      type = substr(rest, 1, i - 1)
      break
    }
  }
  if (type == "") return 0
  rest = substr(rest, i + 1)
  names = ""
  for (i = 1; i <= length(rest) + 1; ++i) {
    c = substr(rest, i, 1)
    if (c ~ /[<({[]/) ++depth
    if (c ~ /[>)}\]]/) --depth
    if (c == "" || (depth == 0 && c == ",")) {
      print lead "/// " comment "\n" lead type " " trimmed(names) ";"
      names = ""
    } else names = names c
  }
  return 1
}

function flush_comment() {
  if (comment != "") printf "%s", comment
  comment = ""
}

# Pages: every heading gets an anchor of page and heading, and links to headings use it: `faq.md#may-i` becomes `#faq-may-i`.
FILENAME ~ /\.md$/ {
  if (FNR == 1) in_code = 0
  if ($0 ~ /^```/) in_code = !in_code
  if (!in_code && $0 ~ /^##+ /) $0 = $0 " {#" page_of(FILENAME) "-" anchor_of($0) "}"
  if (!in_code) $0 = with_anchors($0)
  print
  next
}

{
  sub(/namespace heed \{ inline namespace v0_2 \{/, "namespace heed {")
  if (/^\}\}+  \/\/ namespace heed::v0_2/) sub(/\}/, "")
}

# Inside a function body, which ends with a closing brace at the indentation of the function.
in_body != "" {
  print
  if (index($0, in_body) == 1) in_body = ""
  next
}

/^ *$/ {
  flush_comment()
  print
  group = ""
  next
}

# The end of a class or a namespace.
/^ *};?( |$)/ && !held {
  flush_comment()
  print
  if (depth > 0 && indent_of($0) == 2 * (depth - 1)) class = classes[--depth]
  group = ""
  next
}

/^ *\/\/\// && !held {
  sub(/\/\/\/   /, "///       ")
  if (comment == "") text_of_comment = ""
  comment = comment $0 "\n"
  line = $0
  sub(/^ *\/\/\/ ?/, "", line)
  text_of_comment = text_of_comment (text_of_comment == "" ? "" : " ") line
  group = ""
  next
}

/^ *\/\// || /^#/ || /^ *(public|private|protected):/ || /^namespace/ || /^ *static_assert/ && !held && /;$/ {
  flush_comment()
  print
  next
}

# A declaration, which may take several lines.
{
  held = held (held == "" ? "" : "\n") $0
  line = $0
  trailing = ""
  if (match(line, / *\/\/\/< /)) {
    trailing = substr(line, RSTART + RLENGTH)
    line = substr(line, 1, RSTART - 1)
  } else sub(/ *\/\/ .*/, "", line)
  joined = joined (joined == "" ? line : " " trimmed(line))
  if (line ~ /^ *(template <.*>|requires .*)$/ && joined !~ /[;{]$/) {  # the declaration follows
    templated = held
    joined = ""
    next
  }
  if (line !~ /[;}]$/ && line !~ /\{$/ || is_data(joined) && line !~ /;$/) next

  lead = substr("                ", 1, 2 * depth)
  is_class = joined ~ /^ *(requires\(.*\) )?(struct|class) / && line ~ /\{$/
  name = name_in(joined)
  if (joined ~ /= (default|delete);$/ && name !~ /^operator(==|<=>)/) {
    comment = held = joined = templated = ""
    next
  }
  if (comment != "") group = text_of_comment
  said = trailing
  own = comment != "" || trailing != ""
  if (trailing == "" && comment != "") said = text_of_comment
  if (own && has_several(joined) && print_data(joined, said)) {
    comment = ""
  } else {
    flush_comment()
    if (!own && !is_class && joined !~ /^ *enum / && joined !~ /^ *using [A-Za-z_]*(::|<)/) {
      said = name == class && index(joined, name "()") ? "" : comment_on(name)
      if (said != "" && has_several(joined) && print_data(joined, said)) held = ""
      else if (said != "") print lead "/// " said
    }
    if (held != "") print held
  }
  if (trailing != "") group = ""
  if (is_class) {
    classes[depth++] = class
    class = joined
    sub(/^ *(requires\(.*\) )?(struct|class) /, "", class)
    sub(/[^A-Za-z0-9_].*/, "", class)
    group = ""
  } else if (line ~ /\{$/) in_body = lead "}"
  held = joined = templated = ""
  next
}

# If the script did not understand the header, Doxygen gets an undocumented name, and the test `reference` fails.
END {
  if (in_body != "" || depth > 0 || held != "") print "namespace heed {\nvoid comments_awk_does_not_understand_this_header();\n}"
}
