#pragma once

#include "pytorch_adam.hpp"
#include "translation_search.hpp"
#include "translation_training.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

namespace compare {

/// One update of PyTorch's translator with Adam.
class PytorchTraining {
 public:
  PytorchTraining(const TranslationTraining& training, Wiring wiring)
      : model_(training.model(), wiring, true),
        adam_(model_, wiring, TranslationTraining::rate),
        sources_(words_in_rows(training.batch.source_rows(), translation::words)),
        targets_(words_in_rows(training.batch.target_rows(), translation::words + 1)) {}

  void operator()() {
    loss_before_ = adam_.update([&] { return model_.loss(sources_, targets_); });
  }

  /// The mean loss per word before and after the last update.
  double loss_before() const { return loss_before_; }
  double loss_after() const {
    const at::NoGradGuard no_gradient;
    return model_.loss(sources_, targets_).item<double>();
  }

  /// The gradient of the last update for a parameter, in heed's order.
  Matrix gradient(const heed::ParameterName& name, const auto& parameter) const {
    at::Tensor gradient = model_.parameters().at(name.str()).grad();
    if (gradient.dim() == 2 && name.leaf() != "table") gradient = gradient.t();
    gradient = gradient.contiguous();
    return Eigen::Map<const Matrix>(gradient.const_data_ptr<float>(), parameter.rows(), parameter.cols());
  }

 private:
  PytorchTranslator model_;
  PytorchAdam adam_;
  at::Tensor sources_, targets_;
  double loss_before_ = 0;
};

/// Greedy search and beam search in PyTorch, all hypotheses of all sentences as one batch.
class PytorchSearch {
 public:
  PytorchSearch(const TranslationSearch& search, Wiring wiring)
      : model_(search.model, wiring, false),
        sources_(words_in_rows(search.batch.source_rows(), translation::words)),
        beam_(search.beam) {}

  void operator()() { beam_ == 1 ? greedy() : beam(); }

  /// The words found, words x sentences.
  heed::Matrix<Token> found() const {
    const auto tokens = found_.to(at::kInt).contiguous();  // sentences x words
    return Eigen::Map<const heed::Matrix<Token>>(tokens.const_data_ptr<Token>(), tokens.size(1), tokens.size(0));
  }

 private:
  void greedy() {
    const auto memory = model_.encode(sources_);
    auto tokens = at::full({sources_.size(1)}, std::int64_t{heed::symbols::bos});
    auto state = memory.state;
    std::vector<at::Tensor> words;
    for (Index t = 0; t < translation::words; ++t) {
      at::Tensor scores;
      std::tie(scores, state) = model_.step(memory, tokens, state);
      tokens = std::get<1>(scores.max(1));  // three times as fast as argmax
      words.push_back(tokens);
    }
    found_ = at::stack(words, 1);
  }

  void beam() {
    const auto memory = model_.encode(sources_);
    const std::int64_t sentences = sources_.size(1);
    auto tokens = at::full({sentences}, std::int64_t{heed::symbols::bos});
    auto totals = at::zeros({sentences, 1});
    auto state = memory.state;
    at::Tensor words;
    for (Index t = 0; t < translation::words; ++t) {
      at::Tensor scores;
      std::tie(scores, state) = model_.step(memory, tokens, state);
      // Only the best of each hypothesis can be among the best of its sentence.
      const auto [best, which] = at::log_softmax(scores, 1).topk(beam_, 1);
      const auto candidates = best.view({sentences, -1, beam_}) + totals.unsqueeze(2);
      const auto [kept, places] = candidates.view({sentences, -1}).topk(beam_, 1);
      totals = kept;
      tokens = which.view({sentences, -1}).gather(1, places).view(-1);
      const auto firsts =
          at::arange(0, scores.size(0), scores.size(0) / sentences).unsqueeze(1);  // first hypothesis of each sentence
      const auto from = (firsts + at::div(places, beam_, "floor")).view(-1);
      state = state.index_select(0, from);
      words = t == 0 ? tokens.unsqueeze(1) : at::cat({words.index_select(0, from), tokens.unsqueeze(1)}, 1);
    }
    found_ = words.view({sentences, beam_, -1}).select(1, 0);
  }

  PytorchTranslator model_;
  at::Tensor sources_;
  std::int64_t beam_;
  at::Tensor found_;
};

/// The largest difference of the losses before and after the first update and of the gradients, each relative to its
/// largest value. The tolerance of the losses is a tenth of the other one, so their differences are multiplied by 10.
inline Difference difference(const TranslationTraining& training, const PytorchTraining& rival) {
  const auto of_loss = [](double a, double b) { return difference(a, b, 0.1 * std::abs(b)); };
  Difference worst =
      larger(of_loss(training.loss_before(), rival.loss_before()), of_loss(training.loss_after(), rival.loss_after()));
  Translator gradient = training.first_gradient();
  heed::for_each_parameter(
      [&](const heed::ParameterName& name, const auto& d) {
        const Matrix expected = rival.gradient(name, d);
        worst = larger(worst, difference(d, expected, static_cast<double>(expected.cwiseAbs().maxCoeff())));
      },
      gradient);
  return worst;
}

/// Adds a contest. Its name includes the variant of PyTorch's side.
inline void add(Comparison& comparison, Contest contest, Wiring wiring) {
  if (wiring == Wiring::tuned) {
    contest.workload += "/tuned";
    contest.family += " (tuned)";
  }
  comparison.add(contest);
}

inline void add_pytorch_training(Comparison& comparison) {
  for (const int threads : thread_counts()) {
    for (const Wiring wiring : {Wiring::layers, Wiring::tuned}) {
      if (!comparison.wants(TranslationTraining::name(threads))) continue;
      TranslationTraining training(threads);
      PytorchTraining rival(training, wiring);
      at::set_num_threads(threads);
      add(comparison,
          training.contest(
              "pytorch", [&] { rival(); }, [&] { return difference(training, rival); }),
          wiring);
      at::set_num_threads(1);
    }
  }
}

inline void add_pytorch_search(Comparison& comparison) {
  for_each_search(comparison, [&](TranslationSearch& search) {
    for (const Wiring wiring : {Wiring::layers, Wiring::tuned}) {
      PytorchSearch rival(search, wiring);
      add(comparison,
          search.contest(
              "pytorch", [&] { rival(); }, [&] { return rival.found(); }),
          wiring);
    }
  });
}

}  // namespace compare
