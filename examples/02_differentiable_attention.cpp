// Attention as a layer of your own network, with two calls: `forward` computes the contexts, `backward` the gradients.
//
// Each column of a memory holds a value, and one column also has a mark. The network learns to return the marked value.
// The loss does not contain the position of the mark: its gradient trains the attention to find it.
//
//   answer = output(context)        context = attention(query, memory)        loss = (answer - marked value)^2 / 2
//
// Output:
//   gradients match central differences: yes
//   mark     0 0 1 0 0 0
//   weights  0 0 1 0 0 0
//   new memories in which the mark has a weight above 0.9: 100 of 100

#include <heed/heed.hpp>

#include <iostream>

using Eigen::MatrixXd, heed::Index;

/// The parameters of the network. Its gradient is an object of the same type.
struct Network {
  using Scalar = double;
  MatrixXd query = MatrixXd::Ones(1, 1);  ///< learned: all memories have the same query
  heed::AttentionLayer<heed::AdditiveScorer<double>> attention{{1, 2, 8}, {}};  ///< sizes: query, memory, alignment
  heed::Linear<double> output{2, 1};
  static void visit_parameters(auto&& visit, auto&&... self) {
    visit("query", self.query...), visit("attention", self.attention...), visit("output", self.output...);
  }
};

/// A memory of six columns: values in row 0, and a mark in row 1.
struct Example {
  Index marked;
  MatrixXd memory = MatrixXd::Zero(2, 6);
  explicit Example(heed::Random& random) : marked(static_cast<Index>(random.below(6))) {
    for (Index j = 0; j < 6; ++j) memory(0, j) = random.uniform(-1, 1);
    memory(1, marked) = 1;
  }
};

/// Returns the loss and adds its gradient to grad.
double loss_and_gradient(const Network& net, const Example& example, auto& tape, Network& grad) {
  const auto& context = net.attention.forward(net.query, example.memory, tape);
  MatrixXd answer(1, 1), d_context = MatrixXd::Zero(2, 1), d_memory = MatrixXd::Zero(2, 6);
  net.output.forward(context, answer);
  const MatrixXd d_answer = answer - example.memory.block(0, example.marked, 1, 1);  // gradient of |d_answer|^2 / 2
  net.output.accumulate(context, d_answer, grad.output);
  net.output.backward(d_answer, d_context);
  net.attention.backward(d_context, tape, grad.attention, grad.query, d_memory);  // a network below would use d_memory
  return d_answer.squaredNorm() / 2;
}

int main() {
  heed::Random random(1);
  Network net, grad = heed::zeros_like(net), unused = grad;
  heed::AttentionLayerTape<double> tape;
  heed::initialize(net, random);
  const Example first(random);
  loss_and_gradient(net, first, tape, grad);
  const auto check = heed::check_gradients(net, grad, [&] { return loss_and_gradient(net, first, tape, unused); });

  heed::Adam optimizer(net, 0.01);
  for (int i = 0; i < 5000; ++i) {
    heed::set_zero(grad);
    loss_and_gradient(net, Example(random), tape, grad);
    optimizer.update(net, grad);
  }
  int found = 0;
  for (int i = 0; i < 100; ++i) {
    const Example example(random);
    net.attention.forward(net.query, example.memory, tape);
    found += tape.weights(example.marked, 0) > 0.9;
  }
  net.attention.forward(net.query, first.memory, tape);
  std::cout << "gradients match central differences: " << (check.error < 1e-6 ? "yes" : "no") << "\nmark     "
            << first.memory.row(1) << "\nweights  " << tape.weights.transpose().array().round()
            << "\nnew memories in which the mark has a weight above 0.9: " << found << " of 100\n";
  return check.error < 1e-6 && found == 100 ? 0 : 1;
}
