#include "translate/training_log.hpp"

#include <heed/core/errors.hpp>

#include <nlohmann/json.hpp>

#include <sys/utsname.h>

#include <cmath>
#include <ctime>
#include <thread>

namespace examples {

namespace {

using Json = nlohmann::ordered_json;

/// Weights with three decimals, one array per translated word.
Json rounded(const heed::Matrix<float>& weights) {
  Json columns = Json::array();
  for (heed::Index i = 0; i < weights.cols(); ++i) {
    Json& column = columns.emplace_back(Json::array());
    for (const float weight : weights.col(i)) column.push_back(std::round(static_cast<double>(weight) * 1000) / 1000);
  }
  return columns;
}

Json object(const Settings& settings) {
  Json result = Json::object();
  for (const auto& [name, value] : settings) result[name] = value;
  return result;
}

std::string now() {
  const std::time_t time = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace

TrainingLog::TrainingLog(const std::string& path, bool resume) : path_(path), resumed_(resume) {}

void TrainingLog::start(const Settings& settings, const Settings& machine, int epoch, long update) {
  if (!enabled()) return;
  bool cut_off = false;  // in the last line, if the program was killed
  if (resumed_) {
    std::ifstream old(path_, std::ios::binary | std::ios::ate);
    cut_off = old.is_open() && old.tellg() > 0 && old.seekg(-1, std::ios::end).get() != '\n';
  }
  out_.open(path_, std::ios::binary | (resumed_ ? std::ios::app : std::ios::trunc));
  heed::require(out_.is_open(), [&] { return path_ + ": cannot be opened for writing"; });
  if (cut_off) out_ << '\n';
  Json line;
  line["event"] = resumed_ ? "resume" : "start";
  line["time"] = now();
  line["epoch"] = epoch;
  line["update"] = update;
  line["settings"] = object(settings);
  line["environment"] = object(machine);
  write(line.dump());
}

void TrainingLog::add(const UpdateRecord& record) {
  Json line;
  line["event"] = "updates";
  line["epoch"] = record.epoch;
  line["update"] = record.update;
  line["loss"] = record.loss;
  line["gradient_norm"] = record.gradient_norm;
  line["largest_gradient_norm"] = record.largest_norm;
  line["learning_rate"] = record.learning_rate;
  line["words"] = record.words;
  line["seconds"] = record.seconds;
  write(line.dump());
}

void TrainingLog::add(const EpochRecord& record, bool has_dev) {
  Json line;
  line["event"] = "epoch";
  line["epoch"] = record.epoch;
  line["training_loss"] = record.training_loss;
  if (has_dev) {
    line["dev_loss"] = record.dev_loss;
    line["bleu"] = record.bleu;
    line["chrf"] = record.chrf;
    line["exact_match"] = record.exact_match;
  }
  line["saved"] = record.saved;
  write(line.dump());
}

void TrainingLog::add(const LengthRecord& record) {
  Json line;
  line["event"] = "lengths";
  line["epoch"] = record.epoch;
  line["from"] = record.from;
  line["to"] = record.to;
  line["sentences"] = record.sentences;
  line["bleu"] = record.bleu;
  line["exact_match"] = record.exact_match;
  write(line.dump());
}

void TrainingLog::add(const SampleRecord& record) {
  Json line;
  line["event"] = "sample";
  line["epoch"] = record.epoch;
  line["source"] = record.source;
  line["reference"] = record.reference;
  line["translation"] = record.translation;
  if (record.weights.rows() > 0) line["weights"] = rounded(record.weights);
  write(line.dump());
}

void TrainingLog::end(double seconds) {
  Json line;
  line["event"] = "end";
  line["time"] = now();
  line["seconds"] = seconds;
  write(line.dump());
}

void TrainingLog::write(const std::string& line) {
  if (!enabled()) return;
  out_ << line << '\n' << std::flush;
  heed::require(out_.good(), [&] { return path_ + ": cannot be written"; });
}

Settings environment(int threads) {
  utsname system{};
  uname(&system);
  return {{"heed", HEED_VERSION},
          {"compiler", __VERSION__},
          {"instruction sets", Eigen::SimdInstructionSetsInUse()},
          {"system", std::string(system.sysname) + ' ' + system.release + ' ' + system.machine},
          {"processors", std::to_string(std::thread::hardware_concurrency())},
          {"threads", std::to_string(threads)}};
}

}  // namespace examples
