#pragma once

#include "translate/options.hpp"

#include <array>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace examples {

/// What a model's weights can be kept as while it translates. The first is the default.
inline constexpr std::array<std::string_view, 3> weight_names = {"float32", "bfloat16", "half"};

/// --weights, as every command has it that is given a model.
inline void add_weights(CLI::App& command, std::string& weights) {
  command.add_option("--weights", weights, "what the weights are kept as; 16 bits are half the bytes, and less exact")
      ->check(detail::one_of(weight_names))
      ->capture_default_str();
}

/// A model packed to be read, its weights as the user chose.
class PackedModel {
 public:
  /// `weights` is one of `weight_names`. Throws if half does not hold one of the model's.
  PackedModel(const heed::TranslationModel<float>& model, std::string_view weights) {
    if (weights == "bfloat16") {
      model_ = heed::pack<Eigen::bfloat16>(model);
    } else if (weights == "half") {
      model_ = heed::pack<Eigen::half>(model);
    } else {
      model_ = heed::pack(model);
    }
  }

  double loss(heed::Sentences sources, heed::Sentences targets, heed::Seq2SeqTape<float>& tape) const {
    return std::visit([&](const auto& model) { return model.loss(sources, targets, tape); }, model_);
  }
  friend void search(const PackedModel& packed, heed::Sentences sources, const heed::SearchOptions& options,
                     heed::SearchWorkspace<float>& work, heed::Hypotheses<float>& found) {
    std::visit([&](const auto& model) { heed::search(model, sources, options, work, found); }, packed.model_);
  }
  friend void sample(const PackedModel& packed, heed::Sentences sources, const heed::SampleOptions& options,
                     heed::SampleWorkspace<float>& work, heed::Hypotheses<float>& found) {
    std::visit([&](const auto& model) { heed::sample(model, sources, options, work, found); }, packed.model_);
  }
  friend void score_pairs(const PackedModel& packed, heed::Sentences sources, heed::Sentences targets,
                          heed::Seq2SeqTape<float>& tape, std::vector<heed::PairScore>& scores) {
    std::visit([&](const auto& model) { heed::score_pairs(model, sources, targets, tape, scores); }, packed.model_);
  }
  friend void align_pairs(const PackedModel& packed, heed::Sentences sources, heed::Sentences targets,
                          heed::Seq2SeqTape<float>& tape, std::vector<heed::Buffer<float>>& weights) {
    std::visit([&](const auto& model) { heed::align_pairs(model, sources, targets, tape, weights); }, packed.model_);
  }

 private:
  template <class T>
  using KeptAs = heed::TranslationModel<heed::Packed<T>>;
  std::variant<KeptAs<float>, KeptAs<Eigen::bfloat16>, KeptAs<Eigen::half>> model_;
};

}  // namespace examples
