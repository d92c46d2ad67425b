#pragma once

#include <heed/attention/monotonic.hpp>
#include <heed/cells/any_cell.hpp>
#include <heed/cells/projected_lstm.hpp>
#include <heed/decoders/readout.hpp>
#include <heed/decoders/stack.hpp>
#include <heed/encoders/encoder.hpp>
#include <heed/encoders/transformer_encoder_layer.hpp>
#include <heed/io/checkpoint.hpp>
#include <heed/io/pytorch_tokens.hpp>
#include <heed/layers/attention_pooling.hpp>
#include <heed/layers/embedding.hpp>
#include <heed/models/output_layer.hpp>
#include <heed/scorers/additive.hpp>
#include <heed/scorers/concat.hpp>
#include <heed/scorers/general.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace heed { inline namespace v0_2 {

/// Maps names of layers and parameters of a model to their names in a state dict: {"decoder.stack", "decoder.gru"}.
///
/// Both names are full paths. The path in the state dict includes its prefix, if there is one. Everything below a
/// renamed layer is renamed with it. If a recurrent layer of an encoder or a stack has a separate entry
/// ("encoder.layers.0.forward"), it is an nn.GRUCell, nn.LSTMCell or nn.RNNCell in the state dict.
using PytorchNames = std::map<std::string, std::string, std::less<>>;

namespace detail {

/// Shape of a parameter in a state dict: (n), (1, n), (rows, cols) or (cols, rows).
enum class PytorchForm { vector, row, matrix, transposed };

/// PyTorch's name of a member of a layer, and the member's shape there. `form` is not used if the member is a layer.
struct PytorchRule {
  std::string_view ours, theirs;
  PytorchForm form = PytorchForm::matrix;
};

inline constexpr PytorchRule linear_rules[] = {{"W", "weight"}, {"b", "bias", PytorchForm::vector}};
inline constexpr PytorchRule embedding_rules[] = {{"table", "weight", PytorchForm::transposed}};
inline constexpr PytorchRule norm_rules[] = {{"gain", "weight", PytorchForm::vector},
                                             {"b", "bias", PytorchForm::vector}};
inline constexpr PytorchRule multi_head_rules[] = {{"W", "in_proj_weight"},
                                                   {"b", "in_proj_bias", PytorchForm::vector},
                                                   {"W_out", "out_proj.weight"},
                                                   {"b_out", "out_proj.bias", PytorchForm::vector}};
inline constexpr PytorchRule transformer_rules[] = {{"attention", "self_attn"},
                                                    {"attention_norm", "norm1"},
                                                    {"inner", "linear1"},
                                                    {"outer", "linear2"},
                                                    {"feed_forward_norm", "norm2"}};
inline constexpr PytorchRule cell_rules[] = {{"W", "weight_ih"},
                                             {"U", "weight_hh"},
                                             {"P", "weight_hr"},
                                             {"b_W", "bias_ih", PytorchForm::vector},
                                             {"b_U", "bias_hh", PytorchForm::vector}};
/// PyTorch has no such scorers and no such pooling. A module that implements one has an nn.Linear for every matrix, and
/// v is nn.Linear(alignment, 1). Each may have a bias: see `Members::bias_beside`.
inline constexpr PytorchRule scorer_rules[] = {
    {"W", "W.weight"}, {"U", "U.weight"}, {"b", "U.bias", PytorchForm::vector}, {"v", "v.weight", PytorchForm::row}};
inline constexpr PytorchRule general_rules[] = {{"W", "W.weight"}};
inline constexpr PytorchRule pooling_rules[] = {
    {"W", "W.weight"}, {"b", "W.bias", PytorchForm::vector}, {"v", "v.weight", PytorchForm::row}};

/// Returns the rules of a layer. A member without a rule has the same name in the state dict. The function takes a
/// pointer, so that a derived layer uses the overload of its base class.
using PytorchRules = std::span<const PytorchRule>;
constexpr PytorchRules pytorch_rules(const void*) { return {}; }
template <class T, int Input, int Output>
constexpr PytorchRules pytorch_rules(const Linear<T, Input, Output>*) {
  return linear_rules;
}
template <class T>
constexpr PytorchRules pytorch_rules(const OutputLayer<T>*) {
  return linear_rules;
}
template <class T>
constexpr PytorchRules pytorch_rules(const JointProjection<T>*) {
  return linear_rules;
}
template <class S, int Size>
constexpr PytorchRules pytorch_rules(const Embedding<S, Size>*) {
  return embedding_rules;
}
template <class S, int Size>
constexpr PytorchRules pytorch_rules(const LayerNorm<S, Size>*) {
  return norm_rules;
}
template <class S, int Size>
constexpr PytorchRules pytorch_rules(const MultiHeadAttention<S, Size>*) {
  return multi_head_rules;
}
template <class S>
constexpr PytorchRules pytorch_rules(const TransformerEncoderLayer<S>*) {
  return transformer_rules;
}
template <class T, int Input, int Hidden, int Gates>
constexpr PytorchRules pytorch_rules(const GateParameters<T, Input, Hidden, Gates>*) {
  return cell_rules;
}
template <class T, int Input, int Units, int Hidden>
constexpr PytorchRules pytorch_rules(const ProjectedLstmCell<T, Input, Units, Hidden>*) {
  return cell_rules;
}
template <class T, int Query, int MemorySize, int Alignment>
constexpr PytorchRules pytorch_rules(const AdditiveScorer<T, Query, MemorySize, Alignment>*) {
  return scorer_rules;
}
template <class T, int Query, int MemorySize, int Alignment>
constexpr PytorchRules pytorch_rules(const ConcatScorer<T, Query, MemorySize, Alignment>*) {
  return scorer_rules;
}
template <class T, int Query, int MemorySize>
constexpr PytorchRules pytorch_rules(const GeneralScorer<T, Query, MemorySize>*) {
  return general_rules;
}
template <class S, int Size, int Alignment>
constexpr PytorchRules pytorch_rules(const AttentionPooling<S, Size, Alignment>*) {
  return pooling_rules;
}

/// Throws if PyTorch has no such cell: its GRU resets after the product, and its z keeps the old state.
inline void require_pytorch_form(const void*) {}
template <class T, int Input, int Hidden, GruForm Form>
void require_pytorch_form(const GruCell<T, Input, Hidden, Form>*) {
  require(!Form.reset_before, "PyTorch has no GRU with reset_before");
  require(!Form.update_gate_selects_new,
          "the update gate of PyTorch's GRU keeps the old state; call flip_update(cell) first");
}

/// One parameter: its path in the model, and its name and shape in the state dict.
struct PytorchTensor {
  std::string ours, theirs;
  PytorchForm form = PytorchForm::matrix;
  std::string same = {};     ///< for another use of the target embedding's table, the name of its tensor; else empty
  std::string added = {};    ///< name of another bias that is added to this one if the file has it; else empty
  std::string ignored = {};  ///< name of a bias without effect, which the file may have; else empty
  Index ignored_size = 1;    ///< size of that bias
  const PytorchTokens* tokens = nullptr;  ///< the order of its rows in the state dict, if it is not heed's
};

/// True if a value that is added to all scores changes the weights of an attention mechanism.
template <class P>
inline constexpr bool depends_on_score_bias = false;
template <class C>
inline constexpr bool depends_on_score_bias<MonotonicAttention<C>> = true;

template <class P>
inline constexpr bool is_encoder = false;
template <class C>
inline constexpr bool is_encoder<Encoder<C>> = true;
template <class P>
inline constexpr bool is_stack = false;
template <class C>
inline constexpr bool is_stack<Stack<C>> = true;

/// Calls use(tensor, x) for every parameter x of a model.
template <class Use>
class PytorchVisitor {
 public:
  PytorchVisitor(const PytorchNames& names, const Use& use) : names_(names), use_(use) {}

  /// Visits a layer with the path `ours` in the model and `theirs` in the state dict. The state-dict names of its
  /// members end with `suffix`.
  template <class P>
  void part(P& p, const std::string& ours, const std::string& theirs, const std::string& suffix = "") const {
    using T = std::remove_const_t<P>;
    require_pytorch_form(&p);
    if constexpr (is_encoder<T>) {
      for (std::size_t l = 0; l < p.layers.size(); ++l) {
        const std::string layer = joined(ours, "layers." + std::to_string(l)), end = "_l" + std::to_string(l);
        cell(p.layers[l].forward, layer + ".forward", theirs, end);
        if (p.layers[l].backward) cell(*p.layers[l].backward, layer + ".backward", theirs, end + "_reverse");
      }
    } else if constexpr (is_stack<T>) {
      for (std::size_t l = 0; l < p.layers.size(); ++l) {
        cell(p.layers[l], joined(ours, "layers." + std::to_string(l)), theirs, "_l" + std::to_string(l));
      }
    } else {
      PytorchVisitor members = *this;
      members.ignores_score_bias_ = ignores_score_bias_ && !depends_on_score_bias<T>;
      T::visit_parameters(Members{members, ours, theirs, suffix, pytorch_rules(&p)}, p);
    }
    if constexpr (requires { p.tied(); }) {
      const auto weight = [&](std::string_view layer, std::string_view matrix) {
        const std::string path = joined(ours, layer), name = named(path, joined(theirs, layer));
        return named(joined(path, matrix), joined(name, "weight"));
      };
      const auto copy = [&](std::string_view layer, std::string_view matrix) {
        const std::string path = joined(joined(ours, layer), matrix);
        use_({path, weight(layer, matrix), PytorchForm::transposed, weight("target", "table")}, p.target.table);
      };
      if (p.tied()) copy("output", "W");
      if (p.shared()) copy("source", "table");
    }
  }

 private:
  /// Visits the members of a layer.
  struct Members {
    const PytorchVisitor& walk;
    const std::string &ours, &theirs, &suffix;
    PytorchRules rules;

    template <class X>
    void operator()(std::string_view name, X& x) const {
      const PytorchRule* rule = rule_of(name);
      std::string name_there = joined(theirs, rule ? rule->theirs : name) + suffix;
      PytorchTensor tensor;
      const bool scorer = rules.data() == scorer_rules, pooling = rules.data() == pooling_rules;
      if ((scorer || pooling) && name == "b") {
        if (const std::string beside = bias_beside(scorer ? "U" : "W"); !beside.empty()) name_there = beside;
        if (scorer) tensor.added = bias_beside("W");
      } else if ((scorer || pooling) && name == "v" && walk.ignores_score_bias_) {
        tensor.ignored = bias_beside("v");
      } else if (rules.data() == general_rules && name == "W" && walk.ignores_score_bias_) {
        if constexpr (requires { x.rows(); }) tensor.ignored_size = x.rows();
        tensor.ignored = bias_beside("W");
      }
      walk.member(x, joined(ours, name), name_there, rule ? std::optional(rule->form) : std::nullopt, tensor);
    }

    const PytorchRule* rule_of(std::string_view name) const {
      const auto rule = std::find_if(rules.begin(), rules.end(), [&](const PytorchRule& r) { return r.ours == name; });
      return rule == rules.end() ? nullptr : &*rule;
    }

    /// The name of the bias of the nn.Linear whose weight is the member `name` of a scorer or of a pooling. Empty if
    /// the name of the weight does not end with "weight": it is an nn.Parameter, which has no bias.
    ///
    /// A scorer of heed has one bias, b. A W.bias in the file is added to it, because
    /// W q + b_W + U h + b_U = W q + U h + (b_W + b_U). A v.bias in the file is ignored: it adds the same value to all
    /// scores of a query, which does not change their softmax. So does the W.bias of a general scorer, q' b.
    std::string bias_beside(std::string_view name) const {
      std::string tensor = walk.named(joined(ours, name), joined(theirs, rule_of(name)->theirs));
      constexpr std::string_view weight = "weight";
      if (tensor != weight && !tensor.ends_with(".weight")) return {};
      return tensor.replace(tensor.size() - weight.size(), weight.size(), "bias");
    }

    /// A layer that is chosen at run time has the path of the variant that holds it.
    template <class P>
    void alternative(P& p) const {
      walk.part(p, ours, theirs, suffix);
    }
  };

  template <class C>
  void cell(C& c, const std::string& ours, const std::string& layers, const std::string& end) const {
    part(c, ours, named(ours, layers), names_.contains(ours) ? std::string() : end);
  }

  /// `tensor` has the names of further biases.
  template <class X>
  void member(X& x, const std::string& ours, const std::string& unless_named, std::optional<PytorchForm> form,
              const PytorchTensor& tensor = {}) const {
    using T = std::remove_const_t<X>;
    const std::string theirs = named(ours, unless_named);
    if constexpr (Part<T>) {
      part(x, ours, theirs);
    } else if constexpr (is_vector<T>) {
      for (std::size_t i = 0; i < x.size(); ++i) {
        member(x[i], joined(ours, std::to_string(i)), joined(theirs, std::to_string(i)), form);
      }
    } else if constexpr (is_optional<T>) {
      if (x) member(*x, ours, theirs, form);
    } else if constexpr (!std::is_arithmetic_v<T>) {  // arithmetic members are settings, not parameters
      if (x.size() == 0) return;
      auto& matrix = matrix_of(x);
      constexpr bool vector = std::remove_reference_t<decltype(matrix)>::ColsAtCompileTime == 1;
      PytorchTensor full = tensor;
      full.ours = ours;
      full.theirs = theirs;
      full.form = form.value_or(vector ? PytorchForm::vector : PytorchForm::matrix);
      use_(full, matrix);
    }
  }

  std::string named(const std::string& ours, const std::string& unless_named) const {
    const auto found = names_.find(ours);
    return found == names_.end() ? unless_named : found->second;
  }

  const PytorchNames& names_;
  const Use& use_;
  bool ignores_score_bias_ = true;  ///< false inside an attention mechanism that uses the values of its scores
};

}  // namespace detail

}}  // namespace heed::v0_2
