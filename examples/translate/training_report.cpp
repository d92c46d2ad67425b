#include "translate/training_report.hpp"

#include "support/files.hpp"
#include "support/progress.hpp"

#include <heed/io/alignment_picture.hpp>
#include <heed/io/line_chart.hpp>
#include <heed/text/line_reader.hpp>
#include <heed/text/words.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace examples {

namespace {

using Json = nlohmann::ordered_json;
using heed::detail::xml_text;

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

/// A number of a record, NaN if it has none.
double number(const Json& record, const char* key) {
  const Json value = record.value(key, Json());
  return value.is_number() ? value.get<double>() : missing;
}

/// A text of a record, empty if it has none.
std::string text(const Json& record, const char* key) {
  const Json value = record.value(key, Json());
  return value.is_string() ? value.get<std::string>() : "";
}

/// The records of a run, by epoch.
struct Run {
  Json start = Json::object(), end = Json::object();
  std::map<int, std::vector<Json>> updates, lengths, samples;
  std::map<int, Json> epochs;

  /// Removes the records after an update, and of all epochs from `epoch`.
  void resume(int epoch, double update) {
    for (auto* const records : {&lengths, &samples}) records->erase(records->lower_bound(epoch), records->end());
    epochs.erase(epochs.lower_bound(epoch), epochs.end());
    for (auto& entry : updates) {
      std::erase_if(entry.second, [&](const Json& record) { return number(record, "update") > update; });
    }
    std::erase_if(updates, [](const auto& entry) { return entry.second.empty(); });
  }
};

Run read_run(const std::string& path) {
  Run run;
  auto in = heed::detail::open_text(path);
  heed::LineReader line(in, path, {.max_words = 10'000'000});
  while (line.next()) {
    Json record = Json::parse(line.text(), nullptr, false);
    if (record.is_discarded()) continue;  // cut off when the run was killed
    const bool valid = record.is_object() && record.value("event", Json()).is_string() &&
                       record.value("epoch", Json(0)).is_number_integer();
    if (!valid) line.fail("expected a JSON object with the keys event and epoch");
    const std::string event = record["event"];
    const int epoch = record.value("epoch", 0);
    if (event == "start" || event == "resume") {
      if (event == "start") run = Run();
      run.resume(epoch, number(record, "update"));
      run.start = std::move(record);
    } else if (event == "end") {
      run.end = std::move(record);
    } else if (event == "epoch") {
      run.epochs[epoch] = std::move(record);
    } else if (event == "updates" || event == "lengths" || event == "sample") {
      auto& records = event == "updates" ? run.updates : event == "lengths" ? run.lengths : run.samples;
      records[epoch].push_back(std::move(record));
    } else {
      line.fail("unknown event " + heed::detail::in_quotes(event));
    }
  }
  heed::require(run.start.contains("settings"), [&] { return path + ": has no record of the start of a run"; });
  return run;
}

/// At most `most` elements, evenly spaced, the last one included.
template <class T>
std::vector<T> some_of(const std::vector<T>& all, std::size_t most) {
  std::vector<T> chosen;
  const std::size_t count = std::min(all.size(), most);
  for (std::size_t i = 1; i <= count; ++i) chosen.push_back(all[all.size() * i / count - 1]);
  return chosen;
}

/// A chart of values for epochs. Empty if there are no values.
std::string chart(const std::string& title, const std::vector<int>& epochs, std::vector<heed::Series> series,
                  double top = 0) {
  const auto no_values = [](const heed::Series& line) {
    return std::none_of(line.values.begin(), line.values.end(), [](double value) { return std::isfinite(value); });
  };
  std::erase_if(series, no_values);
  if (series.empty()) return "";
  for (heed::Series& line : series) {
    for (double& value : line.values) {
      if (!std::isfinite(value) || value < 0 || value > 1e8) value = missing;
      if (top == 0 || value > top) top = std::max(top, std::isnan(value) ? 0.0 : value);
    }
  }
  heed::ChartOptions options{.title = title, .x_label = "epoch", .y_max = std::max(top * 1.05, 1e-3)};
  for (const int epoch : epochs) options.x_ticks.push_back(std::to_string(epoch));
  return heed::line_chart_svg(options, series);
}

std::string charts(const Run& run) {
  std::vector<int> all;
  for (const auto& [epoch, record] : run.epochs) all.push_back(epoch);
  const std::vector<int> epochs = some_of(all, 12);
  const auto scores = [&](const char* name, const char* key) {
    heed::Series line{name, {}};
    for (const int epoch : epochs) line.values.push_back(number(run.epochs.at(epoch), key));
    return line;
  };
  heed::Series norm{"mean", {}}, largest{"maximum", {}}, speed{"words per second", {}};
  for (const int epoch : epochs) {
    double norms = 0, most = missing, words = 0, seconds = 0;
    const auto found = run.updates.find(epoch);
    const std::vector<Json> records = found == run.updates.end() ? std::vector<Json>() : found->second;
    for (const Json& record : records) {
      norms += number(record, "gradient_norm") / static_cast<double>(records.size());
      most = std::fmax(most, number(record, "largest_gradient_norm"));
      words += number(record, "words");
      seconds += number(record, "seconds");
    }
    norm.values.push_back(records.empty() ? missing : norms);
    largest.values.push_back(most);
    speed.values.push_back(seconds > 0 ? words / seconds : missing);
  }
  return chart("Loss per target word (nats)", epochs,
               {scores("training", "training_loss"), scores("dev", "dev_loss")}) +
         chart("Scores on the dev data (percent)", epochs,
               {scores("BLEU", "bleu"), scores("chrF", "chrf"), scores("exact match", "exact_match")}, 100 / 1.05) +
         chart("Norm of the gradient before clipping", epochs, {norm, largest}) +
         chart("Throughput (target words per second)", epochs, {speed});
}

std::string row(std::initializer_list<std::string> cells, const char* tag = "td") {
  std::string html = "<tr>";
  for (const std::string& cell : cells) html += '<' + std::string(tag) + '>' + xml_text(cell) + "</" + tag + '>';
  return html + "</tr>\n";
}

/// A table of names and values.
std::string table(const Json& values) {
  std::string html = "<table>\n";
  for (const auto& [name, value] : values.items()) {
    html += row({name, value.is_string() ? value.get<std::string>() : value.dump()});
  }
  return html + "</table>\n";
}

std::string length_table(const Run& run) {
  const auto whole = [](const Json& record, const char* key) { return detail::formatted("%.0f", number(record, key)); };
  if (run.lengths.empty()) return "";
  const auto& [epoch, records] = *run.lengths.rbegin();
  std::string html = "<h2>Scores by sentence length, epoch " + std::to_string(epoch) + "</h2>\n<table>\n" +
                     row({"source words", "sentences", "BLEU", "exact match"}, "th");
  for (const Json& record : records) {
    html += row({whole(record, "from") + " to " + whole(record, "to"), whole(record, "sentences"),
                 detail::formatted("%.1f", number(record, "bleu")),
                 detail::formatted("%.1f", number(record, "exact_match"))});
  }
  return html + "</table>\n";
}

heed::Words words(const Json& record, const char* key) {
  heed::Words all;
  for (const Json& word : record.value(key, Json::array())) {
    if (word.is_string()) all.push_back(word);
  }
  return all;
}

/// The attention weights of a sample, empty if they are missing or invalid.
heed::Matrix<double> weights(const Json& record, std::size_t source, std::size_t target) {
  const Json columns = record.value("weights", Json());
  heed::Matrix<double> result;
  if (!columns.is_array() || columns.size() < target || target == 0) return result;
  result.resize(static_cast<heed::Index>(source), static_cast<heed::Index>(target));
  for (std::size_t i = 0; i < target; ++i) {
    for (std::size_t j = 0; j < source; ++j) {
      const bool valid = columns[i].is_array() && j < columns[i].size() && columns[i][j].is_number();
      if (!valid) return {};
      result(static_cast<heed::Index>(j), static_cast<heed::Index>(i)) = columns[i][j];
    }
  }
  return result;
}

std::string sample_section(const Run& run) {
  if (run.samples.empty()) return "";
  std::vector<int> all;
  for (const auto& [epoch, records] : run.samples) all.push_back(epoch);
  const std::vector<int> epochs = some_of(all, 6);
  std::string html = "<h2>Translations of dev sentences</h2>\n";
  for (std::size_t k = 0; k < run.samples.rbegin()->second.size(); ++k) {
    const Json& last = run.samples.rbegin()->second[k];
    html += "<h3>" + xml_text(heed::join_words(words(last, "source"))) + "</h3>\n<table>\n" +
            row({"reference", heed::join_words(words(last, "reference"))});
    std::string pictures;
    for (const int epoch : epochs) {
      const auto& records = run.samples.at(epoch);
      if (k >= records.size()) continue;
      const heed::Words source = words(records[k], "source"), translation = words(records[k], "translation");
      html += row({"epoch " + std::to_string(epoch), heed::join_words(translation)});
      const auto matrix = weights(records[k], source.size(), translation.size());
      if (matrix.size() == 0 || !matrix.allFinite()) continue;
      pictures += heed::alignment_svg(matrix, source, translation, "epoch " + std::to_string(epoch));
    }
    html += "</table>\n<div class=\"pictures\">\n" + pictures + "</div>\n";
  }
  return html;
}

constexpr std::string_view style =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1f2933;"
    "background:#fff}table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{border-bottom:1px solid #d9e0e7;"
    "padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top}svg{max-width:100%;height:auto}"
    ".pictures{display:flex;flex-wrap:wrap;gap:1rem;align-items:flex-start}.pictures svg{max-width:26rem}";

}  // namespace

void write_report(const std::string& log, const std::string& report) {
  const Run run = read_run(log);
  const std::string started = text(run.start, "time"), ended = text(run.end, "time");
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<title>Training report</title>\n";
  html += "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n<style>" + std::string(style) +
          "</style>\n</head>\n<body>\n<h1>Training report</h1>\n<p>" +
          xml_text(run.end.contains("seconds")
                       ? "Ended " + ended + " after " + detail::duration(number(run.end, "seconds")) + '.'
                       : "Started " + started + ", not ended yet.") +
          "</p>\n";
  html += charts(run) + length_table(run) + sample_section(run);
  html += "<h2>Settings</h2>\n" + table(run.start["settings"]) + "<h2>Environment</h2>\n" +
          table(run.start.value("environment", Json::object()));
  write_text_file(report, html + "</body>\n</html>\n");
}

}  // namespace examples
