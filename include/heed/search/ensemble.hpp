#pragma once

#include <heed/search/search.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace heed { inline namespace v0_2 {

/// Models that decode together: the probability of the next word is the mean of the probabilities of all models. The
/// models have the same type and the same vocabularies, of which only the sizes are checked. `search` and `sample`
/// accept an ensemble in place of a model. Attention weights of a hypothesis are the mean of those of all models with
/// attention, or empty if the first model has no attention.
///
///     const heed::Ensemble ensemble({&first, &second, &third});
///     heed::search(ensemble, sources, options);
template <class Model>
struct Ensemble {
  using Scalar = typename Model::Scalar;
  using S = Scalar;

  std::vector<const Model*> models;  ///< one or more; they must outlive the ensemble
  const Embedding<S>& target;        ///< target embedding of the first model, for the size of the vocabulary

  /// Throws heed::Error if there are no models, or if their vocabularies differ in size.
  explicit Ensemble(std::vector<const Model*> models_)
      : models(checked(std::move(models_))), target(models.front()->target) {}
  explicit Ensemble(std::initializer_list<const Model*> models_) : Ensemble(std::vector<const Model*>(models_)) {}

  /// Encodes the sources with every model.
  void encode_sources(Sentences sources, const SearchOptions& options, SearchWorkspace<S>& work) const {
    detail::encode(*models.front(), sources, options, work.tape);
    work.members.resize(models.size() - 1);
    for (std::size_t m = 0; m < work.members.size(); ++m) {
      detail::encode(*models[m + 1], sources, options, work.members[m].tape);
    }
  }

  /// Starts the decoders of all models with the columns of `work.step.state.sentences`.
  void start_search(SearchWorkspace<S>& work) const {
    for (std::size_t m = 0; m < work.members.size(); ++m) {
      auto& member = work.members[m];
      member.step.state.sentences = work.step.state.sentences;
      models[m + 1]->decoder.start(member.tape.memory, member.step.state, member.step.decoder);
    }
    models.front()->decoder.start(*work.memory, work.step.state, work.step.decoder);
  }

  /// Runs one step of all models. Afterwards work.step.logits holds the logarithms of the mean probabilities (the
  /// logits, if there is one model), and work.step.decoder.attention.weights the mean attention weights.
  void take_search_step(SearchWorkspace<S>& work) const {
    take_step(*models.front(), work.tokens, *work.memory, work.step);
    if (work.members.empty()) return;
    auto& logits = work.step.logits;
    auto& weights = work.step.decoder.attention.weights;
    to_log_probabilities(logits);
    S attending(weights.rows() > 0 ? 1 : 0);
    for (std::size_t m = 0; m < work.members.size(); ++m) {
      auto& member = work.members[m];
      take_step(*models[m + 1], work.tokens, member.tape.memory, member.step);
      to_log_probabilities(member.step.logits);
      add_probabilities(member.step.logits, logits);
      const auto& others = member.step.decoder.attention.weights;
      if (weights.rows() == 0 || others.rows() == 0) continue;
      weights += others;
      attending += S(1);
    }
    using std::log;
    logits.array() -= log(static_cast<S>(models.size()));
    if (weights.rows() > 0) weights /= attending;
  }

 private:
  static std::vector<const Model*> checked(std::vector<const Model*> models) {
    require(!models.empty(), "Ensemble: there must be at least one model");
    const auto sizes = [](const Model& model) {
      return std::to_string(model.source_embedding().vocabulary()) + " source and " +
             std::to_string(model.target.vocabulary()) + " target words";
    };
    for (const Model* const model : models) require(model != nullptr, "Ensemble: a model is a null pointer");
    for (const Model* const model : models) {
      require(sizes(*model) == sizes(*models.front()), [&] {
        return "Ensemble: all models must have " + sizes(*models.front()) + ", as the first one, got " + sizes(*model);
      });
    }
    return models;
  }

  /// Overwrites logits by the logarithms of their softmax, column by column.
  static void to_log_probabilities(Buffer<S>& logits) {
    for (Index c = 0; c < logits.cols(); ++c) {
      using std::log;
      const S most = logits.col(c).maxCoeff();
      logits.col(c).array() -= most + log((logits.col(c).array() - most).exp().sum());
    }
  }

  /// sum = log(e^sum + e^x), without underflow.
  static void add_probabilities(const Buffer<S>& x, Buffer<S>& sum) {
    for (Index c = 0; c < sum.cols(); ++c) {
      for (Index i = 0; i < sum.rows(); ++i) {
        using std::exp, std::log1p;
        const S low = std::min(sum(i, c), x(i, c)), high = std::max(sum(i, c), x(i, c));
        if (high > std::numeric_limits<S>::lowest()) sum(i, c) = high + log1p(exp(low - high));
      }
    }
  }
};

}}  // namespace heed::v0_2
