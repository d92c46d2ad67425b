#include "translate/packed_model.hpp"

#include <heed/pack.hpp>

namespace examples {

PackedModel::PackedModel(const heed::TranslationModel<float>& model, std::string_view weights, std::string_view name) {
  try {
    if (weights == "bfloat16") {
      model_ = heed::pack<Eigen::bfloat16>(model);
    } else if (weights == "half") {
      model_ = heed::pack<Eigen::half>(model);
    } else {
      model_ = heed::pack(model);
    }
  } catch (const heed::Error& error) {
    heed::fail(std::string(name) + ": " + error.what());
  }
}

double PackedModel::loss(heed::Sentences sources, heed::Sentences targets, heed::Seq2SeqTape<float>& tape) const {
  return std::visit([&](const auto& model) { return model.loss(sources, targets, tape); }, model_);
}

void PackedModel::search(heed::Sentences sources, const heed::SearchOptions& options,
                         heed::SearchWorkspace<float>& work, heed::Hypotheses<float>& found) const {
  std::visit([&](const auto& model) { heed::search(model, sources, options, work, found); }, model_);
}

void PackedModel::sample(heed::Sentences sources, const heed::SampleOptions& options,
                         heed::SampleWorkspace<float>& work, heed::Hypotheses<float>& found) const {
  std::visit([&](const auto& model) { heed::sample(model, sources, options, work, found); }, model_);
}

void PackedModel::score_pairs(heed::Sentences sources, heed::Sentences targets, heed::Seq2SeqTape<float>& tape,
                              std::vector<heed::PairScore>& scores) const {
  std::visit([&](const auto& model) { heed::score_pairs(model, sources, targets, tape, scores); }, model_);
}

void PackedModel::align_pairs(heed::Sentences sources, heed::Sentences targets, heed::Seq2SeqTape<float>& tape,
                              std::vector<heed::Buffer<float>>& weights) const {
  std::visit([&](const auto& model) { heed::align_pairs(model, sources, targets, tape, weights); }, model_);
}

}  // namespace examples
