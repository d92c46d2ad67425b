#include "translate/model.hpp"

#include <heed/models/prepack.hpp>
#include <heed/training/fit.hpp>

#include <string>

namespace examples {

void prepare_weights(Model& model, std::string_view weights, std::string_view name) {
  if (weights == weight_names.front()) return heed::prepack(model);
  try {
    heed::convert(model, weights == "half" ? heed::Precision::half : heed::Precision::bfloat16);
  } catch (const heed::Error& error) {
    heed::fail(std::string(name) + ": " + error.what());
  }
}

namespace compiled {

double mean_loss(const Model& model, heed::Sentences sources, heed::Sentences targets,
                 const std::vector<std::vector<heed::Index>>& batches, int threads) {
  return heed::mean_loss(model, {sources, targets}, batches, threads);
}

void search(const Model& model, heed::Sentences sources, const heed::SearchOptions& options,
            heed::SearchWorkspace<float>& work, heed::Hypotheses<float>& found) {
  heed::search(model, sources, options, work, found);
}

void search(const heed::Ensemble<Model>& models, heed::Sentences sources, const heed::SearchOptions& options,
            heed::SearchWorkspace<float>& work, heed::Hypotheses<float>& found) {
  heed::search(models, sources, options, work, found);
}

void sample(const heed::Ensemble<Model>& models, heed::Sentences sources, const heed::SampleOptions& options,
            heed::SampleWorkspace<float>& work, heed::Hypotheses<float>& found) {
  heed::sample(models, sources, options, work, found);
}

void sample(const Model& model, heed::Sentences sources, const heed::SampleOptions& options,
            heed::SampleWorkspace<float>& work, heed::Hypotheses<float>& found) {
  heed::sample(model, sources, options, work, found);
}

void score_pairs(const Model& model, heed::Sentences sources, heed::Sentences targets, heed::Seq2SeqTape<float>& tape,
                 std::vector<heed::PairScore>& scores) {
  heed::score_pairs(model, sources, targets, tape, scores);
}

void align_pairs(const Model& model, heed::Sentences sources, heed::Sentences targets, heed::Seq2SeqTape<float>& tape,
                 std::vector<heed::Buffer<float>>& weights) {
  heed::align_pairs(model, sources, targets, tape, weights);
}

}  // namespace compiled

}  // namespace examples
