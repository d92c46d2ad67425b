#include "cli/program.hpp"
#include "support/xml.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace pairs_test {

using namespace heed::test;
using nlohmann::ordered_json;

/// `translate score` and `translate align`.
class TranslatePairs : public Program {
 protected:
  std::string run(const Arguments& arguments) const {
    const Outcome outcome = translate(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(outcome.err.empty() || outcome.err.starts_with("translate align: error rate")) << outcome.err;
    return outcome.out;
  }
};

TEST_F(TranslatePairs, WritesOneScorePerPair) {
  const std::string model = trained("model"), pairs = write("pairs.tsv", pairs_of("test_iid.tsv", 90));
  const Arguments command{"score", "--model", model, "--pairs", pairs};
  const std::string out = run(command);
  const auto lines = lines_of(out), targets = lines_of(column(contents(pairs), 1));
  ASSERT_EQ(lines.size(), 90U);
  double sum = 0, words = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const double log_probability = std::stod(column(lines[i], 0)), count = std::stod(column(lines[i], 1)),
                 perplexity = std::stod(column(lines[i], 2));
    EXPECT_EQ(count, static_cast<double>(count_of(targets[i], " ") + 2)) << targets[i];  // including eos
    EXPECT_LT(log_probability, 0);
    EXPECT_NEAR(perplexity, std::exp(-log_probability / count), 1e-5 * perplexity);
    sum += log_probability;
    words += count;
  }
  const ordered_json total = ordered_json::parse(run(command + Arguments{"--json"}));
  EXPECT_EQ(total.size(), 4U);
  EXPECT_EQ(total.at("pairs"), 90);
  EXPECT_EQ(total.at("words"), words);
  EXPECT_NEAR(total.at("log_probability"), sum, 1e-4);
  const double perplexity = total.at("perplexity");
  EXPECT_NEAR(perplexity, std::exp(-sum / words), 1e-5 * perplexity);
  const ordered_json measured = ordered_json::parse(run({"evaluate", "--json", "--model", model, "--pairs", pairs}));
  EXPECT_NEAR(measured.at("perplexity"), perplexity, 1e-4 * perplexity);
  EXPECT_EQ(run(command + Arguments{"--threads", "3"}), out);
  EXPECT_NE(run(command + Arguments{"--weights", "bfloat16"}), out);
}

TEST_F(TranslatePairs, ScoresMatchTheSearch) {
  const std::string model = trained("model", {"--learning-rate", "0.02"});
  const std::string source = column(pairs_of("train.tsv", 10), 0);
  const Outcome found =
      translate({"run", "--model", model, "--beam-size", "3", "--n-best", "2", "--length-penalty", "0"}, source);
  std::string pairs;
  for (const std::string& line : lines_of(found.out)) {
    const std::string number = column(line, 0), words = column(line, 2);
    if (words != "\n") pairs += lines_of(source)[std::stoul(number) - 1] + '\t' + words;
  }
  const auto scores = lines_of(run({"score", "--model", model, "--pairs", write("pairs.tsv", pairs)}));
  std::size_t i = 0;
  for (const std::string& line : lines_of(found.out)) {
    if (column(line, 2) == "\n") continue;
    ASSERT_LT(i, scores.size());
    EXPECT_NEAR(std::stod(column(scores[i++], 0)), std::stod(column(line, 1)), 1e-3) << line;
  }
  EXPECT_GE(i, 10U);
}

TEST_F(TranslatePairs, LinksEveryTargetWordToASourceWord) {
  const std::string model = trained("model"), pairs = write("pairs.tsv", pairs_of("test_iid.tsv", 70));
  const Arguments command{"align", "--model", model, "--pairs", pairs};
  const std::string out = run(command);
  const auto lines = lines_of(out), sources = lines_of(column(contents(pairs), 0)),
             targets = lines_of(column(contents(pairs), 1));
  ASSERT_EQ(lines.size(), 70U);
  std::set<unsigned long> positions;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::istringstream links(lines[i]);
    unsigned long source = 0, target = 0, expected = 0;
    for (char dash = 0; links >> source >> dash >> target; ++expected) {
      EXPECT_EQ(dash, '-');
      EXPECT_LE(source, count_of(sources[i], " "));
      EXPECT_EQ(target, expected);
      positions.insert(source);
    }
    EXPECT_EQ(expected, count_of(targets[i], " ") + 1);
  }
  EXPECT_GT(positions.size(), 3U);
  EXPECT_EQ(run(command + Arguments{"--threads", "3"}), out);
}

/// Gold links that are the output of `align` give an error rate of 0.
TEST_F(TranslatePairs, ReportsAgreementWithGoldLinks) {
  const std::string model = trained("model"), pairs = write("pairs.tsv", "the cat sleeps\tle chat dort\n");
  const Arguments command{"align", "--model", model, "--pairs", pairs};
  const Outcome unlinked = translate(command);
  EXPECT_EQ(unlinked.err, "");
  const std::string links = write("links", unlinked.out);
  EXPECT_EQ(translate(command + Arguments{"--links", links}).err,
            "translate align: error rate 0.00, precision 1.00, recall 1.00\n");
  const std::size_t wrong = unlinked.out.starts_with('0') ? 1 : 0;
  const std::string more =
      write("more", unlinked.out.substr(0, unlinked.out.size() - 1) + ' ' + std::to_string(wrong) + "-0\n");
  const Outcome outcome = translate(command + Arguments{"--links", more});
  EXPECT_EQ(outcome.err, "translate align: error rate 0.14, precision 1.00, recall 0.75\n");
  EXPECT_EQ(outcome.out, unlinked.out);
  const auto json =
      ordered_json::parse(run({"evaluate", "--json", "--model", model, "--pairs", pairs, "--links", more}));
  EXPECT_EQ(json.at("alignment_precision"), 1);
  EXPECT_EQ(json.at("alignment_recall"), 0.75);
  expect_error(translate(command + Arguments{"--links", links, "--on-error", "skip"}), {"--links", "--on-error"});
  expect_error(translate(command + Arguments{"--links", write("bad", "0-3\n")}), {"bad:1", "0-3", "3 target words"});
  expect_error(translate(command + Arguments{"--links", write("long", "0-0\n0-0\n")}), {"long", "1 pairs", "2 lines"});
}

TEST_F(TranslatePairs, WritesAlignmentPictures) {
  const std::string model = trained("model"), pairs = write("pairs.tsv", "the cat\tle <chat>\nthe & dog\tle chien\n");
  run({"align", "--model", model, "--pairs", pairs, "--alignment", path("picture.svg")});
  for (const auto& [file, word] : {std::pair("picture.svg", "&lt;chat&gt;"), std::pair("picture-2.svg", "&amp;")}) {
    const std::string svg = contents(path(file));
    EXPECT_NE(svg.find(word), std::string::npos) << file;
    EXPECT_EQ(xml_fault(svg), "") << file;
  }
  const std::string plain = trained("plain", {"--decoder", "plain"});
  expect_error(translate({"align", "--model", plain, "--pairs", pairs}), {plain, "plain decoder"});
  EXPECT_EQ(lines_of(run({"score", "--model", plain, "--pairs", pairs})).size(), 2U);
  expect_error(translate({"score", "--model", model}), {"--pairs", "required"});
}

}  // namespace pairs_test
