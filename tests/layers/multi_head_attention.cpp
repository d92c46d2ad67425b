#include <heed/layers/multi_head_attention.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/oracles.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace multi_head_attention_test {

using heed::Index;
using heed::Matrix;
using heed::MultiHeadAttention;

using Starts = std::vector<Index>;

/// Vaswani et al. 2017, section 3.2.2, for one query that attends to the first `visible` columns of one sentence.
struct Attended {
  oracle::Column y, mean_weights;
};
template <class S, int Size, class Memory>
Attended paper_attention(const MultiHeadAttention<S, Size>& attention, const oracle::Column& x, const Memory& memory,
                         Index visible) {
  const Index size = attention.size(), depth = size / attention.heads;
  const auto projected = [&](const oracle::Column& column, Index kind, Index head, Index k) {
    return oracle::affine(attention.W, 0, column, attention.b, kind * size + head * depth + k);
  };
  Attended result{{}, oracle::Column(oracle::at(memory.cols()))};
  oracle::Column heads;
  for (Index head = 0; head < attention.heads; ++head) {
    oracle::Column scores;
    for (Index j = 0; j < visible; ++j) {
      oracle::Real score = 0;
      for (Index k = 0; k < depth; ++k) {
        score += projected(x, 0, head, k) * projected(oracle::column(memory, j), 1, head, k);
      }
      scores.push_back(score / std::sqrt(static_cast<oracle::Real>(depth)));
    }
    const oracle::Column weights = oracle::softmax(scores);
    for (Index k = 0; k < depth; ++k) {
      heads.push_back(0);
      for (Index j = 0; j < visible; ++j) {
        heads.back() += weights[oracle::at(j)] * projected(oracle::column(memory, j), 2, head, k);
      }
    }
    for (Index j = 0; j < visible; ++j) {
      result.mean_weights[oracle::at(j)] += weights[oracle::at(j)] / static_cast<oracle::Real>(attention.heads);
    }
  }
  for (Index k = 0; k < size; ++k) result.y.push_back(oracle::affine(attention.W_out, 0, heads, attention.b_out, k));
  return result;
}

/// Queries of three sentences and memories of three sentences. In self-attention, the queries are also the memory.
template <int Size = heed::Dynamic>
struct Trial {
  heed::Random random{211};
  MultiHeadAttention<double, Size> attention;
  bool self;
  Starts queries{0, 4, 5, 12}, memory{0, 2, 21, 22};
  Matrix<double> x, h, d_y;
  heed::MultiHeadTape<double> tape;

  Trial(Index size, Index heads, bool self_, bool causal = false, bool bias = true)
      : attention({.size = size, .heads = heads, .bias = bias, .causal = causal}), self(self_) {
    randomize(attention, random);
    x = random_matrix(size, queries.back(), random);
    h = random_matrix(size, memory.back(), random);
    d_y = random_matrix(size, queries.back(), random);
  }
  const Starts& keys() const { return self ? queries : memory; }
  const Matrix<double>& values() const { return self ? x : h; }

  Matrix<double> y() {
    Matrix<double> result = Matrix<double>::Constant(x.rows(), x.cols(), 99);  // overwritten
    if (self) {
      attention.forward(x, queries, tape, result);
    } else {
      attention.forward(x, queries, h, memory, tape, result);
    }
    return result;
  }
  Matrix<double> mean_weights() {
    Matrix<double> result = Matrix<double>::Constant(heed::SentenceRanges(keys()).longest(), x.cols(), 99);
    attention.mean_weights(tape, result);
    return result;
  }
  /// Call `y` first.
  void backward(MultiHeadAttention<double, Size>& grad, Matrix<double>& d_x, Matrix<double>& d_h) {
    if (self) {
      attention.backward(x, queries, tape, d_y, grad, d_x);
    } else {
      attention.backward(x, queries, h, memory, tape, d_y, grad, d_x, d_h);
    }
  }
};

/// Calls use(trial) for several sizes, with and without bias, for self-attention, causal and cross attention.
template <class Use>
void for_each_trial(const Use& use) {
  for (const auto& [size, heads] : {std::pair<Index, Index>{6, 1}, {6, 2}, {6, 6}, {24, 2}}) {
    for (const bool bias : {true, false}) {
      for (const auto& [self, causal] : {std::pair{true, false}, {true, true}, {false, false}}) {
        SCOPED_TRACE(std::to_string(heads) + " heads of " + std::to_string(size) + (self ? ", self" : ", cross") +
                     (causal ? ", causal" : "") + (bias ? ", bias" : ""));
        Trial<> trial(size, heads, self, causal, bias);
        use(trial);
      }
    }
  }
}

TEST(MultiHeadAttention, MatchesSection322OfPaper) {
  for_each_trial([](Trial<>& trial) {
    const Matrix<double> y = trial.y(), weights = trial.mean_weights();
    for (std::size_t s = 0; s + 1 < trial.queries.size(); ++s) {
      const Index start = trial.keys()[s], length = trial.keys()[s + 1] - start;
      const Matrix<double> sentence = trial.values().middleCols(start, length);
      for (Index i = trial.queries[s]; i < trial.queries[s + 1]; ++i) {
        const Index visible = trial.attention.causal ? i - trial.queries[s] + 1 : length;
        const Attended expected = paper_attention(trial.attention, oracle::column(trial.x, i), sentence, visible);
        EXPECT_LE(difference(y.col(i), oracle::matrix({expected.y})), 1e-14);
        EXPECT_LE(difference(weights.col(i).head(length), oracle::matrix({expected.mean_weights})), 1e-14);
        EXPECT_EQ(weights.col(i).tail(weights.rows() - visible).squaredNorm(), 0);
      }
    }
  });
}

TEST(MultiHeadAttention, GradientsMatchDifferencesAndAccumulate) {
  for_each_trial([](Trial<>& trial) {
    if (trial.attention.size() > 6) return;
    auto grad = heed::zeros_like(trial.attention);
    Matrix<double> d_x = Matrix<double>::Zero(trial.x.rows(), trial.x.cols());
    Matrix<double> d_h = Matrix<double>::Zero(trial.h.rows(), trial.h.cols());
    trial.y();
    trial.backward(grad, d_x, d_h);
    heed::MultiHeadAttention<double> twice = grad;
    Matrix<double> d_x_twice = d_x, d_h_twice = d_h;
    trial.backward(twice, d_x_twice, d_h_twice);

    const auto loss = [&] { return trial.y().cwiseProduct(trial.d_y).sum(); };
    auto check = heed::check_gradients(trial.attention, grad, loss);
    heed::check_gradient("x", trial.x, d_x, loss, check);
    heed::check_gradient("h", trial.h, d_h, loss, check);
    EXPECT_LE(check.error, 1e-8) << check.name;
    EXPECT_EQ(check.checked, heed::parameter_count(trial.attention) + trial.x.size() + trial.h.size());

    heed::scale(grad, 2.0);
    EXPECT_LE(part_difference(twice, grad), 1e-14);
    EXPECT_LE(difference(d_x_twice, 2 * d_x), 1e-14);
    EXPECT_LE(difference(d_h_twice, 2 * d_h), 1e-14);
  });
}

TEST(MultiHeadAttention, ResultsAreBitwiseEqualInAnyBatch) {
  heed::Random random(223);
  for (const bool causal : {false, true}) {
    MultiHeadAttention<float> attention({.size = 24, .heads = 3, .causal = causal});
    randomize(attention, random);
    for (const Index length : {1, 5, 19}) {
      const Matrix<float> x = random_matrix<float>(24, length, random);
      const auto run = [&](Index before, Index after) {
        Matrix<float> all = random_matrix<float>(24, before + length + after, random), y = all;
        all.middleCols(before, length) = x;
        Starts starts{0};
        for (const Index part : {before, length, after}) {
          if (part > 0) starts.push_back(starts.back() + part);
        }
        heed::MultiHeadTape<float> tape;
        attention.forward(all, starts, tape, y);
        return Matrix<float>(y.middleCols(before, length));
      };
      const Matrix<float> alone = run(0, 0);
      for (const auto& [before, after] : {std::pair<Index, Index>{0, 7}, {3, 0}, {13, 40}, {1, 1}}) {
        EXPECT_EQ(run(before, after), alone) << length << ' ' << before << ' ' << after;
      }
    }
  }
}

TEST(MultiHeadAttention, CausalIgnoresLaterColumns) {
  heed::Random random(227);
  MultiHeadAttention<float> attention({.size = 24, .heads = 3, .causal = true});
  randomize(attention, random);
  const Matrix<float> x = random_matrix<float>(24, 21, random);
  heed::MultiHeadTape<float> tape;
  Matrix<float> whole(24, 21);
  attention.forward(x, Starts{0, 21}, tape, whole);
  for (Index length = 1; length < 21; ++length) {
    Matrix<float> y(24, length);
    attention.forward(x.leftCols(length), Starts{0, length}, tape, y);
    EXPECT_EQ(y, whole.leftCols(length)) << length;

    Matrix<float> next(24, 1);  // one query over all columns so far, as in search
    attention.causal = false;
    attention.forward(x.col(length - 1), Starts{0, 1}, x.leftCols(length), Starts{0, length}, tape, next);
    attention.causal = true;
    EXPECT_EQ(next, whole.col(length - 1)) << length;
  }
}

TEST(MultiHeadAttention, ResultIsInvariantToMemoryOrder) {
  Trial<> trial(12, 3, false);
  const Matrix<double> y = trial.y(), weights = trial.mean_weights();
  const Matrix<double> h = trial.h;
  for (Index j = 2; j < 21; ++j) trial.h.col(j) = h.col(22 - j);
  EXPECT_LE(difference(trial.y(), y), 1e-14);
  EXPECT_LE(difference(trial.mean_weights().col(4).head(19), weights.col(4).head(19).reverse()), 1e-14);
}

using Mask = Eigen::Matrix<bool, Eigen::Dynamic, Eigen::Dynamic>;

/// A mask with one boolean for each of 22 memory columns, and a 19 x 12 mask with one for each query and column.
struct Masks {
  Eigen::Matrix<bool, Eigen::Dynamic, 1> memory = Eigen::Matrix<bool, Eigen::Dynamic, 1>::Constant(22, true);
  Mask queries = Mask::Constant(19, 12, true);

  Masks() {
    for (const Index j : {1, 2, 7, 20}) memory(j) = false;
    for (Index i = 0; i < 12; ++i) {
      for (Index j = 0; j < 19; ++j) queries(j, i) = (i + j) % 3 != 1 || (i >= 5 && j == 0);
    }
    for (Index i = 0; i < 4; ++i) queries(i % 2, i) = true;
    queries.row(0).tail(7).setConstant(true);
  }
  heed::ValidMask view(bool of_memory) const {
    return of_memory ? heed::ValidMask::of_memory(memory) : heed::ValidMask::of_queries(queries);
  }
  bool valid(bool of_memory, Index j, Index i, Index start) const {
    return of_memory ? memory(start + j) : queries(j, i);
  }
};

TEST(MultiHeadAttention, MaskMatchesMemoryWithoutExcludedColumns) {
  Trial<> trial(6, 2, false);
  const Masks masks;
  for (const bool of_memory : {false, true}) {
    SCOPED_TRACE(of_memory ? "one boolean for each memory column" : "one for each memory column and query");
    Matrix<double> y(6, 12), weights(19, 12), alone(6, 1);
    trial.attention.forward(trial.x, trial.queries, trial.h, trial.memory, trial.tape, y, masks.view(of_memory));
    trial.attention.mean_weights(trial.tape, weights);
    for (std::size_t b = 0; b < 3; ++b) {
      for (Index i = trial.queries[b]; i < trial.queries[b + 1]; ++i) {
        Matrix<double> left(6, 0);
        for (Index j = 0; j < trial.memory[b + 1] - trial.memory[b]; ++j) {
          if (!masks.valid(of_memory, j, i, trial.memory[b])) {
            EXPECT_EQ(weights(j, i), 0) << "memory column " << j << ", query " << i;
            continue;
          }
          left.conservativeResize(6, left.cols() + 1);
          left.rightCols(1) = trial.h.col(trial.memory[b] + j);
        }
        heed::MultiHeadTape<double> tape;
        trial.attention.forward(trial.x.col(i), Starts{0, 1}, left, Starts{0, left.cols()}, tape, alone);
        EXPECT_LE(difference(y.col(i), alone), 1e-13) << "query " << i;
      }
    }
  }
}

TEST(MultiHeadAttention, GradientsMatchDifferencesWithMask) {
  const Masks masks;
  for (const bool of_memory : {false, true}) {
    Trial<> trial(6, 2, false);
    Matrix<double> y(6, 12);
    const auto loss = [&] {
      trial.attention.forward(trial.x, trial.queries, trial.h, trial.memory, trial.tape, y, masks.view(of_memory));
      return y.cwiseProduct(trial.d_y).sum();
    };
    loss();
    auto grad = heed::zeros_like(trial.attention);
    Matrix<double> d_x = Matrix<double>::Zero(6, 12), d_h = Matrix<double>::Zero(6, 22);
    trial.attention.backward(trial.x, trial.queries, trial.h, trial.memory, trial.tape, trial.d_y, grad, d_x, d_h);
    auto check = heed::check_gradients(trial.attention, grad, loss);
    heed::check_gradient("x", trial.x, d_x, loss, check);
    heed::check_gradient("h", trial.h, d_h, loss, check);
    EXPECT_LE(check.error, 1e-7) << check.name;
  }
}

TEST(MultiHeadAttention, RejectsMaskThatExcludesAllOfCausalQuery) {
  Trial<> trial(6, 2, true, true);
  Eigen::Matrix<bool, Eigen::Dynamic, 1> valid = Eigen::Matrix<bool, Eigen::Dynamic, 1>::Constant(12, true);
  Matrix<double> y(6, 12);
  valid(6) = false;
  trial.attention.forward(trial.x, trial.queries, trial.tape, y, heed::ValidMask::of_memory(valid));
  valid(5) = false;  // the first column of the third sentence, the only one that its first query may attend to
  EXPECT_EQ(
      refusal(
          [&] { trial.attention.forward(trial.x, trial.queries, trial.tape, y, heed::ValidMask::of_memory(valid)); }),
      "MultiHeadAttention.forward: the mask excludes all memory columns of query 5, there is nothing to attend to");
  const Eigen::Matrix<bool, Eigen::Dynamic, 1> eleven = valid.head(11);
  EXPECT_EQ(refusal([&] {
              trial.attention.forward(trial.x, trial.queries, trial.tape, y, heed::ValidMask::of_memory(eleven));
            }),
            "MultiHeadAttention.forward: the mask must be 12 x 1, got 11 x 1");
}

TEST(MultiHeadAttention, FixedSizesMatchDynamicSizes) {
  for (const bool self : {true, false}) {
    Trial<> trial(6, 2, self);
    Trial<6> fixed(6, 2, self);
    copy_parameters(trial.attention, fixed.attention);
    EXPECT_LE(difference(fixed.y(), trial.y()), 1e-15);
    auto expected = heed::zeros_like(trial.attention);
    auto grad = heed::zeros_like(fixed.attention);
    Matrix<double> d_x = Matrix<double>::Zero(6, 12), d_h = Matrix<double>::Zero(6, 22), expected_x = d_x,
                   expected_h = d_h;
    trial.backward(expected, expected_x, expected_h);
    fixed.backward(grad, d_x, d_h);
    EXPECT_LE(part_difference(grad, expected), 1e-15);
    EXPECT_LE(difference(d_x, expected_x), 1e-15);
    EXPECT_LE(difference(d_h, expected_h), 1e-15);
  }
}

TEST(MultiHeadAttention, SupportsFloatAndLongDouble) {
  Trial<> trial(6, 2, true);
  const Matrix<double> expected = trial.y();
  const auto compare = [&]<class S>(S, double tolerance) {
    MultiHeadAttention<S> attention({.size = 6, .heads = 2});
    copy_parameters(trial.attention, attention);
    heed::MultiHeadTape<S> tape;
    Matrix<S> y(6, 12);
    attention.forward(trial.x.cast<S>(), trial.queries, tape, y);
    EXPECT_LE(difference(y, expected), tolerance);
  };
  compare(0.0f, 1e-5);
  compare(0.0L, 1e-14);
}

TEST(MultiHeadAttention, RejectsInvalidHeadsAndSizes) {
  EXPECT_EQ(refusal([] { MultiHeadAttention<float>({.size = 12, .heads = 5}); }),
            "MultiHeadAttention: heads must be at least 1 and divide size (12), got 5");
  EXPECT_EQ(refusal([] { MultiHeadAttention<float>({.size = 12, .heads = 0}); }),
            "MultiHeadAttention: heads must be at least 1 and divide size (12), got 0");
  MultiHeadAttention<float> attention({.size = 4, .heads = 2});
  heed::MultiHeadTape<float> tape;
  Matrix<float> y(4, 3);
  const auto message = [&](Index x_rows, Index x_cols, const Starts& queries, Index h_rows, const Starts& memory) {
    const Matrix<float> x = Matrix<float>::Zero(x_rows, x_cols), h = Matrix<float>::Zero(h_rows, memory.back());
    return refusal([&] { attention.forward(x, queries, h, memory, tape, y); });
  };
  EXPECT_EQ(message(4, 3, {0, 3}, 4, {0, 2}), "accepted");
  EXPECT_EQ(message(5, 3, {0, 3}, 4, {0, 2}), "MultiHeadAttention.forward: x must be 4 x 3, got 5 x 3");
  EXPECT_EQ(message(4, 2, {0, 3}, 4, {0, 2}), "MultiHeadAttention.forward: x must be 4 x 3, got 4 x 2");
  EXPECT_EQ(message(4, 3, {0, 3}, 3, {0, 2}), "MultiHeadAttention.forward: h must be 4 x 2, got 3 x 2");
  EXPECT_EQ(message(4, 3, {0, 3}, 4, {0, 1, 2}), "MultiHeadAttention.forward: memory must have 1 sentences, got 2");
  attention.causal = true;
  EXPECT_EQ(message(4, 3, {0, 1, 3}, 4, {0, 1, 4}),
            "MultiHeadAttention: causal attention needs as many keys as queries, but sentence 1 has 2 queries and 3 "
            "keys");
}

}  // namespace multi_head_attention_test
