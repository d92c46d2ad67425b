#pragma once

#include <heed/io/translator.hpp>
#include <heed/sample.hpp>
#include <heed/teacher_forcing.hpp>

#include <array>
#include <string_view>
#include <variant>
#include <vector>

namespace examples {

/// What a model's weights can be kept as while it translates. The first is the default.
inline constexpr std::array<std::string_view, 3> weight_names = {"float32", "bfloat16", "half"};

/// A model packed to be read, its weights as the user chose: what every program translates with. It is compiled once.
class PackedModel {
 public:
  /// `weights` is one of `weight_names`. Throws if a parameter is too large for half precision; the message begins with
  /// `name`, the file of the model.
  explicit PackedModel(const heed::TranslationModel<float>& model, std::string_view weights = weight_names.front(),
                       std::string_view name = "model");

  double loss(heed::Sentences sources, heed::Sentences targets, heed::Seq2SeqTape<float>& tape) const;
  void search(heed::Sentences sources, const heed::SearchOptions& options, heed::SearchWorkspace<float>& work,
              heed::Hypotheses<float>& found) const;
  void sample(heed::Sentences sources, const heed::SampleOptions& options, heed::SampleWorkspace<float>& work,
              heed::Hypotheses<float>& found) const;
  void score_pairs(heed::Sentences sources, heed::Sentences targets, heed::Seq2SeqTape<float>& tape,
                   std::vector<heed::PairScore>& scores) const;
  void align_pairs(heed::Sentences sources, heed::Sentences targets, heed::Seq2SeqTape<float>& tape,
                   std::vector<heed::Buffer<float>>& weights) const;

 private:
  template <class T>
  using KeptAs = heed::TranslationModel<heed::Packed<T>>;
  std::variant<KeptAs<float>, KeptAs<Eigen::bfloat16>, KeptAs<Eigen::half>> model_;
};

}  // namespace examples
