// Classifies sequences of feature vectors, such as frames of sound or of a sensor, with a training loop of its own:
// forward, backward, Adam. Sequences of different lengths form a batch without padding.
//
// A column holds the features of a frame. One frame of each sequence is loud (feature 0), and the sign of its feature 1
// is the class. The mean of all frames hardly shows it; attention pooling learns a weighted mean that does.
//
// Output:
//   correct labels, rounded: mean pooling 70 %, attention pooling 100 %

#include <heed/heed.hpp>

#include <cstdio>
#include <vector>

using heed::Index, Eigen::MatrixXf;
constexpr Index batch_size = 100;

/// The parameters of the model. Its gradient is an object of the same type.
struct Classifier {
  using Scalar = float;
  heed::AttentionPooling<float> pooling{4, 8};  ///< features, alignment size
  heed::Linear<float> output{4, 2};             ///< features, classes
  static void visit_parameters(auto&& visit, auto&&... self) {
    visit("pooling", self.pooling...), visit("output", self.output...);
  }
};

/// Random sequences of 5 to 20 frames. Sequence b has the columns starts[b] to starts[b + 1] - 1 of x.
struct Batch {
  std::vector<Index> starts = {0};
  std::vector<heed::Token> labels;
  MatrixXf x;
  explicit Batch(heed::Random& random) {
    const auto below = [&](Index n) { return static_cast<Index>(random.below(static_cast<std::uint64_t>(n))); };
    for (Index b = 0; b < batch_size; ++b) starts.push_back(starts.back() + 5 + below(16));
    x.resize(4, starts.back());
    for (float& value : x.reshaped()) value = static_cast<float>(random.uniform(-1, 1));
    for (std::size_t b = 0; b < batch_size; ++b) {
      labels.push_back(static_cast<heed::Token>(below(2)));
      x.col(starts[b] + below(starts[b + 1] - starts[b])).head(2) << 2, labels[b] == 0 ? -1 : 1;
    }
  }
};

/// Trains a model with 600 new batches. Returns the percentage of correct labels in the last 100, rounded to tens.
int train(Classifier model, heed::Random& random) {
  Classifier grad = heed::zeros_like(model);
  heed::Adam optimizer(model, 0.01);
  heed::AttentionPoolingTape<float> tape;
  MatrixXf pooled(4, batch_size), logits(2, batch_size);
  int right = 0;
  for (int i = 0; i < 600; ++i) {
    const Batch batch(random);
    model.pooling.forward(batch.x, batch.starts, tape, pooled);
    model.output.forward(pooled, logits);
    for (Index b = 0; i >= 500 && b < batch_size; ++b) {
      right += (logits(1, b) > logits(0, b)) == (batch.labels[static_cast<std::size_t>(b)] == 1);
    }
    heed::softmax_cross_entropy<float>(logits, batch.labels, 0, 1.f / batch_size);  // logits becomes its gradient
    heed::set_zero(grad);
    MatrixXf d_pooled = MatrixXf::Zero(4, batch_size), d_x = MatrixXf::Zero(4, batch.x.cols());
    model.output.accumulate(pooled, logits, grad.output);
    model.output.backward(logits, d_pooled);
    model.pooling.backward(batch.x, batch.starts, tape, d_pooled, grad.pooling, d_x);  // a network below would use d_x
    optimizer.update(model, grad);
  }
  return (right + 500) / 1000 * 10;
}

int main() {
  heed::Random random(1);
  Classifier model;
  heed::initialize(model.output, random);
  const int mean = train(model, random);  // the parameters of the pooling are 0, and so are their gradients
  heed::initialize(model, random);
  const int attention = train(model, random);
  std::printf("correct labels, rounded: mean pooling %d %%, attention pooling %d %%\n", mean, attention);
  return mean == 70 && attention == 100 ? 0 : 1;
}
