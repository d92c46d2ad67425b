#include <heed/encoders/transformer_encoder_layer.hpp>

#include <gtest/gtest.h>
#include <support/pytorch.hpp>

#include <map>
#include <set>

namespace transformer_test {

using heed::Index;
using heed::Matrix;
using heed::test::PytorchFixture;

constexpr double tolerance = 1e-12;

/// PyTorch's name of a parameter of these layers: self_attn.in_proj_weight for attention.W.
std::string pytorch_name(const std::string& parameter) {
  using Names = std::map<std::string, std::string>;
  static const Names parts = {{"attention", "self_attn."},
                              {"attention_norm", "norm1."},
                              {"feed_forward_norm", "norm2."},
                              {"inner", "linear1."},
                              {"outer", "linear2."}};
  static const Names of_attention = {
      {"W", "in_proj_weight"}, {"b", "in_proj_bias"}, {"W_out", "out_proj.weight"}, {"b_out", "out_proj.bias"}};
  static const Names of_others = {{"W", "weight"}, {"gain", "weight"}, {"b", "bias"}};
  const std::size_t dot = parameter.find('.');
  const std::string part = parameter.substr(0, dot), leaf = parameter.substr(dot + 1);
  return parts.at(part) + (part == "attention" ? of_attention : of_others).at(leaf);
}

/// The ranges of sentences of these lengths.
std::vector<Index> starts_of(const std::vector<Index>& lengths) {
  std::vector<Index> starts{0};
  for (const Index length : lengths) starts.push_back(starts.back() + length);
  return starts;
}

class Transformer : public testing::Test {
 protected:
  explicit Transformer(std::string_view fixture = heed::test::transformer_fixture) : fixture_(fixture) {}

  /// A tensor of the compared layer, with one column per item.
  Matrix<double> batch(const std::string& tensor) { return fixture_.matrix<double>(prefix_ + tensor).transpose(); }

  template <class Layer>
  void read(Layer& layer) {
    heed::for_each_parameter(
        [&](const heed::ParameterName& name, auto& x) {
          const Matrix<double> stored = fixture_.matrix<double>(prefix_ + name_of(name.str()));
          ASSERT_EQ(stored.rows(), x.rows()) << name.str();
          ASSERT_EQ(stored.cols(), x.cols()) << name.str();
          x = stored;
        },
        layer);
  }

  template <class Layer>
  void expect_gradient(const Layer& grad) {
    heed::for_each_parameter(
        [&](const heed::ParameterName& name, const auto& d) {
          const auto expected = fixture_.matrix<double>(prefix_ + "gradient." + name_of(name.str()));
          EXPECT_LE(heed::test::distance(d, expected), tolerance) << prefix_ << name.str();
        },
        grad);
    EXPECT_EQ(fixture_.unread(prefix_), std::vector<std::string>());
  }

  void expect(const Matrix<double>& actual, const std::string& tensor) {
    EXPECT_LE(heed::test::distance(actual, batch(tensor)), tolerance) << prefix_ << tensor;
  }

  /// PyTorch's name of a parameter. `part_` is the name of a sublayer that is compared alone, or empty.
  std::string name_of(const std::string& parameter) const {
    if (part_.empty()) return pytorch_name(parameter);
    const std::string name = pytorch_name(part_ + '.' + parameter);
    return name.substr(name.find('.') + 1);
  }

  void compare_attention(const std::string& name, bool causal, bool bias, const heed::ValidMask& valid = {}) {
    prefix_ = name + '.';
    part_ = "attention";
    const bool cross = fixture_.has(prefix_ + "memory");
    const Matrix<double> x = batch("input"), h = cross ? batch("memory") : x, d_y = batch("gradient.outputs");
    const auto& keys = cross ? keys_ : queries_;
    heed::MultiHeadAttention<double> attention(
        {.size = x.rows(), .heads = fixture_.number<Index>("heads"), .bias = bias, .causal = causal});
    read(attention);
    heed::MultiHeadTape<double> tape;
    Matrix<double> y(x.rows(), x.cols()), d_x = Matrix<double>::Zero(x.rows(), x.cols());
    auto grad = heed::zeros_like(attention);
    if (cross) {
      Matrix<double> d_h = Matrix<double>::Zero(h.rows(), h.cols());
      attention.forward(x, queries_, h, keys, tape, y, valid);
      attention.backward(x, queries_, h, keys, tape, d_y, grad, d_x, d_h);
      expect(d_h, "gradient.memory");
    } else {
      attention.forward(x, queries_, tape, y);
      attention.backward(x, queries_, tape, d_y, grad, d_x);
    }
    expect(y, "outputs");
    expect(d_x, "gradient.input");
    Matrix<double> weights(heed::SentenceRanges(keys).longest(), x.cols());
    attention.mean_weights(tape, weights);
    for (std::size_t s = 0; s + 1 < queries_.size(); ++s) {
      const Matrix<double> of_sentence =
          weights.block(0, queries_[s], keys[s + 1] - keys[s], queries_[s + 1] - queries_[s]);
      expect(of_sentence, "weights." + std::to_string(s));
    }
    expect_gradient(grad);
  }

  void compare_layer(const std::string& name, bool norm_first, const heed::ValidMask& valid = {}) {
    prefix_ = name + '.';
    const Matrix<double> x = batch("input"), d_y = batch("gradient.outputs");
    heed::TransformerEncoderLayer<double> layer({.size = x.rows(),
                                                 .heads = fixture_.number<Index>("heads"),
                                                 .inner_size = fixture_.number<Index>("inner"),
                                                 .norm_first = norm_first});
    read(layer);
    heed::TransformerEncoderTape<double> tape;
    Matrix<double> y(x.rows(), x.cols()), d_x = Matrix<double>::Zero(x.rows(), x.cols());
    auto grad = heed::zeros_like(layer);
    layer.forward(x, queries_, tape, y, nullptr, valid);
    layer.backward(x, queries_, tape, d_y, grad, d_x);
    expect(y, "outputs");
    expect(d_x, "gradient.input");
    expect_gradient(grad);
  }

  /// The prefixes of the names of all tensors in the fixture.
  std::set<std::string> prefixes() const {
    std::set<std::string> found;
    for (const auto& [tensor, view] : fixture_.file().tensors()) found.insert(tensor.substr(0, tensor.find('.')));
    return found;
  }

  PytorchFixture fixture_;
  std::string prefix_, part_;
  std::vector<Index> queries_ = starts_of(fixture_.numbers<Index>("queries"));
  std::vector<Index> keys_ = starts_of(fixture_.numbers<Index>("keys"));
};

TEST_F(Transformer, LayerNormMatchesPytorch) {
  prefix_ = "norm.";
  part_ = "attention_norm";
  const Matrix<double> x = batch("input"), d_y = batch("gradient.outputs");
  heed::LayerNorm<double> norm(x.rows());
  read(norm);
  Matrix<double> y(x.rows(), x.cols()), saved(norm.saved_size(), x.cols());
  Matrix<double> d_x = Matrix<double>::Zero(x.rows(), x.cols());
  auto grad = heed::zeros_like(norm);
  norm.forward(x, y, saved);
  norm.backward(saved, d_y, d_x);
  norm.accumulate(saved, d_y, grad);
  expect(y, "outputs");
  expect(d_x, "gradient.input");
  expect_gradient(grad);
}

TEST_F(Transformer, SelfAttentionMatchesPytorch) { compare_attention("self", false, true); }
TEST_F(Transformer, CausalAttentionMatchesPytorch) { compare_attention("causal", true, true); }
TEST_F(Transformer, CrossAttentionMatchesPytorch) { compare_attention("cross", false, false); }

TEST_F(Transformer, NormLastLayerMatchesPytorch) { compare_layer("norm-last", false); }
TEST_F(Transformer, NormFirstLayerMatchesPytorch) { compare_layer("norm-first", true); }

TEST_F(Transformer, FixtureContainsOnlyComparedTensors) {
  EXPECT_EQ(prefixes(), (std::set<std::string>{"norm", "self", "causal", "cross", "norm-last", "norm-first"}));
}

class TransformerMasks : public Transformer {
 protected:
  using Booleans = Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic>;
  using Vector = Eigen::Array<bool, Eigen::Dynamic, 1>;

  TransformerMasks() : Transformer(heed::test::masks_fixture) {}

  /// The valid memory columns of the sentences of a case: key_padding_mask.
  Vector of_memory(const std::string& name, const std::vector<Index>& starts) {
    Vector valid(starts.back());
    for (std::size_t s = 0; s + 1 < starts.size(); ++s) {
      valid.segment(starts[s], starts[s + 1] - starts[s]) = sentence(name, s).array() != 0;
    }
    return valid;
  }
  /// The valid memory columns of each query: attn_mask.
  Booleans of_queries(const std::string& name) {
    Booleans valid = Booleans::Constant(heed::SentenceRanges(keys_).longest(), queries_.back(), true);
    for (std::size_t s = 0; s + 1 < queries_.size(); ++s) {
      const Matrix<double> own = sentence(name, s).transpose();
      valid.block(0, queries_[s], own.rows(), own.cols()) = own.array() != 0;
    }
    return valid;
  }

 private:
  Matrix<double> sentence(const std::string& name, std::size_t s) {
    return fixture_.matrix<double>(name + ".valid." + std::to_string(s));
  }
};

TEST_F(TransformerMasks, KeyPaddingMasksMatchPytorch) {
  const Vector valid = of_memory("padding", keys_);
  compare_attention("padding", false, true, heed::ValidMask::of_memory(valid));
}
TEST_F(TransformerMasks, AttentionMasksMatchPytorch) {
  const Booleans valid = of_queries("full");
  compare_attention("full", false, true, heed::ValidMask::of_queries(valid));
}
TEST_F(TransformerMasks, LayerKeyPaddingMasksMatchPytorch) {
  const Vector valid = of_memory("layer", queries_);
  compare_layer("layer", false, heed::ValidMask::of_memory(valid));
}
TEST_F(TransformerMasks, FixtureContainsOnlyComparedTensors) {
  EXPECT_EQ(prefixes(), (std::set<std::string>{"padding", "full", "layer"}));
}

}  // namespace transformer_test
