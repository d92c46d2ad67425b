#include "translate/training_report.hpp"

#include "support/refusal.hpp"
#include "support/temporary_folder.hpp"
#include "support/xml.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace training_report_test {

/// The report of a log with these lines.
class TrainingReport : public testing::Test {
 protected:
  std::string report(const std::string& log) const {
    const std::string path = (folder_.path() / "log.jsonl").string(), html = (folder_.path() / "report.html").string();
    std::ofstream(path) << log;
    examples::write_report(path, html);
    std::ifstream in(html);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  const heed::test::TemporaryFolder folder_;
};

const std::string start = R"({"event":"start","settings":{"epochs":"3"},"environment":{"compiler":"<13>"}})"
                          "\n";

std::string epoch(int number, double bleu) {
  return R"({"event":"epoch","epoch":)" + std::to_string(number) + R"(,"training_loss":1.5,"dev_loss":1.25,"bleu":)" +
         std::to_string(bleu) + R"(,"chrf":60,"exact_match":5,"saved":true})" + "\n";
}

TEST_F(TrainingReport, ShowsCurvesTablesAndSamples) {
  const std::string html = report(
      start +
      R"({"event":"updates","epoch":1,"update":10,"loss":2,"gradient_norm":0.5,"largest_gradient_norm":0.75,)"
      R"("learning_rate":0.1,"words":300,"seconds":2})"
      "\n" +
      R"({"event":"lengths","epoch":1,"from":3,"to":9,"sentences":12,"bleu":33.25,"exact_match":8})"
      "\n" +
      R"({"event":"sample","epoch":1,"source":["a","<b>"],"reference":["r","s"],"translation":["x"],"weights":[[0.25,0.75]]})"
      "\n" +
      epoch(1, 41.25) + R"({"event":"end","time":"T","seconds":65})" + "\n");
  for (const char* const text :
       {"training: 1.50", "dev: 1.25", "BLEU: 41.3", "chrF: 60.0", "exact match: 5.0", "maximum: 0.75", "mean: 0.50",
        "words per second: 150", "<td>3 to 9</td><td>12</td><td>33.2</td><td>8.0</td>", "a &lt;b&gt;",
        "<td>reference</td><td>r s</td>", "<td>epoch 1</td><td>x</td>", "0.750", "<td>compiler</td><td>&lt;13&gt;</td>",
        "<td>epochs</td><td>3</td>", "after 1:05"}) {
    EXPECT_NE(html.find(text), std::string::npos) << text << '\n' << html;
  }
  const auto body = html.find("<body>");
  EXPECT_EQ(heed::test::xml_fault(html.substr(body, html.find("</html>") - body)), "");
  for (const char* const reference : {"src=", "href=", "url(", "@import", "<script"}) {
    EXPECT_EQ(html.find(reference), std::string::npos) << "it refers to another file: " << reference;
  }
}

TEST_F(TrainingReport, IgnoresWhatAResumedRunRepeats) {
  const std::string resume = R"({"event":"resume","epoch":2,"update":20,"settings":{},"environment":{}})"
                             "\n";
  const std::string killed = start + epoch(1, 10) + epoch(2, 20) + epoch(3, 99);
  const std::string html = report(killed + resume + epoch(2, 30));
  EXPECT_NE(html.find("BLEU: 30.0"), std::string::npos);
  EXPECT_EQ(html.find("99.0"), std::string::npos);
  EXPECT_NE(html.find("not ended yet"), std::string::npos);
  EXPECT_EQ(report(killed + start + epoch(1, 11)).find("20.0</title>"), std::string::npos) << "another run";
}

TEST_F(TrainingReport, AcceptsALogWithoutDevDataOrSamples) {
  const std::string html = report(start + R"({"event":"epoch","epoch":1,"training_loss":1.5,"saved":false})" + "\n");
  EXPECT_NE(html.find("training: 1.50"), std::string::npos);
  EXPECT_EQ(html.find("BLEU"), std::string::npos);
  EXPECT_EQ(html.find("<h2>Translations"), std::string::npos);
}

TEST_F(TrainingReport, RejectsInvalidLogs) {
  const auto refusal_of = [&](const std::string& log) { return refusal([&] { report(log); }); };
  const std::string path = (folder_.path() / "log.jsonl").string();
  EXPECT_EQ(refusal_of(start + "{\n"), "accepted") << "a line that was cut off";
  EXPECT_EQ(refusal_of(start + "[1]\n"), path + ":2: expected a JSON object with the keys event and epoch");
  EXPECT_EQ(refusal_of(start + R"({"event":3})" + "\n"),
            path + ":2: expected a JSON object with the keys event and epoch");
  EXPECT_EQ(refusal_of(start + R"({"event":"x"})" + "\n"), path + ":2: unknown event \"x\"");
  EXPECT_EQ(refusal_of(epoch(1, 2)), path + ": has no record of the start of a run");
  EXPECT_EQ(refusal([&] { examples::write_report(path + ".missing", path + ".html"); }).find(path + ".missing"), 0u);
}

/// Wrong types and missing values in records are missing points of the curves.
TEST_F(TrainingReport, AcceptsIncompleteRecords) {
  const std::string html = report(start + R"({"event":"epoch","epoch":1,"training_loss":"x"})" + "\n" +
                                  R"({"event":"sample","epoch":1,"source":"a","translation":[1],"weights":[[null]]})" +
                                  "\n" + R"({"event":"updates","epoch":1,"update":null,"words":null})" + "\n" +
                                  R"({"event":"lengths","epoch":1})" + "\n");
  EXPECT_EQ(html.find("<svg"), std::string::npos) << "there are no values";
}

}  // namespace training_report_test
