#pragma once

#include <heed/io/translator.hpp>
#include <heed/search/ensemble.hpp>
#include <heed/search/sampling.hpp>
#include <heed/search/scoring.hpp>

#include <array>
#include <string_view>
#include <vector>

namespace examples {

using Model = heed::TranslationModel<float>;

/// True if the tokens of two translators are the same.
inline bool same_tokens(const heed::Translator& a, const heed::Translator& b) {
  return a.source == b.source && a.target == b.target && a.source_subwords == b.source_subwords &&
         a.target_subwords == b.target_subwords;
}

/// The number formats of the weights during translation. The first is the default.
inline constexpr std::array<std::string_view, 3> weight_names = {"float32", "bfloat16", "half"};

/// Prepacks the weights of a model, or converts them to 16 bits; `weights` is one of `weight_names`. Throws if a
/// parameter is too large for half precision; the message begins with `name`, the file of the model.
void prepare_weights(Model& model, std::string_view weights, std::string_view name);

/// heed's functions on a model, compiled once for all programs.
namespace compiled {

double mean_loss(const Model& model, heed::Sentences sources, heed::Sentences targets,
                 const std::vector<std::vector<heed::Index>>& batches, int threads);
void search(const Model& model, heed::Sentences sources, const heed::SearchOptions& options,
            heed::SearchWorkspace<float>& work, heed::Hypotheses<float>& found);
void search(const heed::Ensemble<Model>& models, heed::Sentences sources, const heed::SearchOptions& options,
            heed::SearchWorkspace<float>& work, heed::Hypotheses<float>& found);
void sample(const heed::Ensemble<Model>& models, heed::Sentences sources, const heed::SampleOptions& options,
            heed::SampleWorkspace<float>& work, heed::Hypotheses<float>& found);
void sample(const Model& model, heed::Sentences sources, const heed::SampleOptions& options,
            heed::SampleWorkspace<float>& work, heed::Hypotheses<float>& found);
void score_pairs(const Model& model, heed::Sentences sources, heed::Sentences targets, heed::Seq2SeqTape<float>& tape,
                 std::vector<heed::PairScore>& scores);
void align_pairs(const Model& model, heed::Sentences sources, heed::Sentences targets, heed::Seq2SeqTape<float>& tape,
                 std::vector<heed::Buffer<float>>& weights);

}  // namespace compiled

}  // namespace examples
