#include <heed/io/line_chart.hpp>

#include "support/xml.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace line_chart_test {

using heed::test::count_of;
using heed::test::xml_fault;

constexpr double gap = std::numeric_limits<double>::quiet_NaN();

heed::ChartOptions options() {
  return {.title = "the title", .x_label = "words", .y_label = "percent", .x_ticks = {"1-5", "6-10", "11-15"}};
}

std::string refusal(const heed::ChartOptions& options, const std::vector<heed::Series>& series) {
  try {
    heed::line_chart_svg(options, series);
  } catch (const heed::Error& error) {
    return error.what();
  }
  return "(accepted)";
}

TEST(LineChart, DrawsValuesTextsAndNames) {
  const std::vector<heed::Series> series{{"attention", {99, 95.25, 90}, {}}, {"plain", {80, 20, 0}, "teal"}};
  const std::string svg = heed::line_chart_svg(options(), series);
  EXPECT_EQ(xml_fault(svg), "");
  for (const std::string text : {">the title</text>", ">words<", ">percent<", ">1-5<", ">11-15<", ">attention: 90.0<",
                                 ">plain: 0.0<", ">attention, 6-10: 95.3<", "fill=\"teal\"", ">0<", ">20<", ">100<"}) {
    EXPECT_EQ(count_of(svg, text), text == "fill=\"teal\"" ? 2U : 1U) << text;
  }
  EXPECT_EQ(count_of(svg, "</circle>"), 3U);
  EXPECT_EQ(count_of(svg, "</rect>"), 3U);
}

TEST(LineChart, PutsLargerValuesHigher) {
  const std::string svg = heed::line_chart_svg(options(), std::vector<heed::Series>{{"a", {0, 50, 100}, {}}});
  const auto y_of = [&](const std::string& tick) {
    const std::size_t end = svg.find("a, " + tick);
    return std::stod(svg.substr(svg.rfind("cy=\"", end) + 4));
  };
  EXPECT_DOUBLE_EQ(y_of("1-5") - y_of("6-10"), y_of("6-10") - y_of("11-15"));
  EXPECT_GT(y_of("1-5"), y_of("11-15"));
}

TEST(LineChart, UsesTheRangeOfTheOptions) {
  heed::ChartOptions narrow = options();
  narrow.y_min = -0.1, narrow.y_max = 0.35;
  const std::string svg = heed::line_chart_svg(narrow, std::vector<heed::Series>{{"a", {-0.05, 0, 0.3}, {}}});
  for (const std::string tick : {">-0.1<", ">0<", ">0.1<", ">0.3<"}) EXPECT_EQ(count_of(svg, tick), 1U) << tick;
  EXPECT_EQ(count_of(svg, ">100<"), 0U);
}

TEST(LineChart, LeavesAGapForNaN) {
  const std::string svg = heed::line_chart_svg(options(), std::vector<heed::Series>{{"a", {1, gap, 3}, {}}});
  EXPECT_EQ(count_of(svg, "</circle>"), 2U);
  EXPECT_EQ(count_of(svg, "nan"), 0U);
  EXPECT_EQ(xml_fault(heed::line_chart_svg(options(), std::vector<heed::Series>{{"a", {gap, gap, gap}, {}}})), "");
}

TEST(LineChart, SeparatesLabels) {
  std::vector<double> places{100, 101, 99, 300};
  heed::detail::spread(places, 18, 50, 300);
  EXPECT_EQ(places[3], 300);
  EXPECT_GE(places[1] - places[0], 18);
  EXPECT_GE(places[0] - places[2], 18);
  std::vector<double> crowded{300, 300, 300};
  heed::detail::spread(crowded, 18, 50, 300);
  EXPECT_EQ(crowded, (std::vector<double>{264, 282, 300}));
}

TEST(LineChart, ChoosesRoundGridLines) {
  EXPECT_DOUBLE_EQ(heed::detail::grid_step(100), 20);
  EXPECT_DOUBLE_EQ(heed::detail::grid_step(1), 0.2);
  EXPECT_DOUBLE_EQ(heed::detail::grid_step(0.45), 0.1);
  EXPECT_DOUBLE_EQ(heed::detail::grid_step(30), 5);
}

TEST(LineChart, EscapesArbitraryBytes) {
  heed::ChartOptions hostile = options();
  hostile.title = "</svg>", hostile.x_label = "\"<&", hostile.y_label = "\x1b\xff", hostile.x_ticks = {"<", ">", "\n"};
  const std::string svg = heed::line_chart_svg(hostile, std::vector<heed::Series>{{"<b>", {1, 2, 3}, "\"><script>"}});
  EXPECT_EQ(xml_fault(svg), "");
  EXPECT_EQ(count_of(svg, "<script>"), 0U);
}

TEST(LineChart, RejectsInvalidSeriesAndRanges) {
  EXPECT_EQ(refusal(options(), {{"a", {1, 2}, {}}}),
            "line chart: series \"a\" must have one value per x tick, got 2 values and 3 x ticks");
  EXPECT_EQ(refusal(options(), {}), "line chart: there are no series");
  EXPECT_EQ(refusal({}, {{"a", {}, {}}}), "line chart: there are no x ticks");
  EXPECT_NE(refusal(options(), {{"a", {1, 2, 101}, {}}}).find("has the value 101.000000, outside 0.0"),
            std::string::npos);
  EXPECT_NE(refusal(options(), {{"a", {1, 2, std::numeric_limits<double>::infinity()}, {}}}).find("outside"),
            std::string::npos);
  for (const auto& [low, high] : {std::pair{1.0, 1.0}, {2.0, 1.0}, {0.0, gap}, {0.0, 1e300}, {1e8, 1e8 + 1e-7}}) {
    heed::ChartOptions bad = options();
    bad.y_min = low, bad.y_max = high;
    EXPECT_NE(refusal(bad, {{"a", {1, 2, 3}, {}}}).find("y_min must be less than y_max"), std::string::npos)
        << low << high;
  }
}

}  // namespace line_chart_test
