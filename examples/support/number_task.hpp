#pragma once

#include <heed/models/seq2seq.hpp>
#include <heed/search/search.hpp>
#include <heed/training/gradient_check.hpp>
#include <heed/training/initialization.hpp>
#include <heed/training/trainer.hpp>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <span>
#include <vector>

namespace examples {

/// The task of the examples own_*.cpp: repeat the digits of a number, or reverse them.
struct NumberTask {
  std::size_t shortest = 3, longest = 8;  ///< digits
  bool reversed = false;
};

/// The vocabulary of the task: three special tokens, then the digits.
inline constexpr int first_digit = 3, number_words = first_digit + 10;

/// Random numbers and their targets.
struct Numbers {
  std::vector<std::vector<heed::Token>> numbers, wanted;
  std::vector<std::span<const heed::Token>> sources, targets;

  Numbers(const NumberTask& task, std::size_t count, heed::Random& random) : numbers(count) {
    const auto digit = [&] { return first_digit + static_cast<heed::Token>(random.below(10)); };
    for (auto& number : numbers) {
      const auto digits = task.shortest + random.below(task.longest - task.shortest + 1);
      std::generate_n(std::back_inserter(number), digits, digit);
    }
    wanted = numbers;
    for (auto& number : wanted) {
      if (task.reversed) std::reverse(number.begin(), number.end());
    }
    sources.assign(numbers.begin(), numbers.end());
    targets.assign(wanted.begin(), wanted.end());
  }
};

/// The largest error of the derivatives of a model's loss by its parameters, compared with central differences.
template <class Model>
double gradient_error(Model model, const NumberTask& task, heed::Random& random) {
  const Numbers few(task, 4, random);
  heed::Seq2SeqTape<typename Model::Scalar> tape;
  auto grad = heed::zeros_like(model);
  model.loss_and_gradient(few.sources, few.targets, tape, grad);
  const auto check = heed::check_gradients(model, grad, [&] { return model.loss(few.sources, few.targets, tape); });
  std::printf("%td derivatives checked, largest error %.0e\n", check.checked, check.error);
  return check.error;
}

/// Trains a model with 500 updates. Returns the exact match on 500 new numbers, in percent.
template <class Model>
double percent_right(Model& model, const NumberTask& task, heed::Random& random) {
  constexpr int updates = 500, unseen = 500;
  heed::Trainer trainer(model, heed::Adam(model), {});
  for (int i = 0; i < updates; ++i) {
    const Numbers batch(task, 32, random);
    trainer.optimizer.rate = 5e-3 * (1 - static_cast<double>(i) / updates);
    trainer.update(batch.sources, batch.targets, static_cast<std::uint64_t>(i));
  }
  const Numbers fresh(task, unseen, random);
  heed::SearchWorkspace<typename Model::Scalar> work;
  std::vector<heed::Hypothesis<typename Model::Scalar>> found;
  heed::search(model, fresh.sources, {}, work, found);
  int right = 0;
  for (std::size_t b = 0; b < unseen; ++b) right += found[b].tokens == fresh.wanted[b];
  std::printf("%d of %d numbers are correct\n", right, unseen);
  return 100.0 * right / unseen;
}

/// Checks all derivatives of a small model and trains a large one; `make_model(hidden)` creates them. Returns the exit
/// code: 0 if the largest error is below 1e-6 and at least 95 % of the new numbers are correct.
template <class MakeModel>
int check_and_train(const MakeModel& make_model, int small, int large, const NumberTask& task) {
  heed::Random random(1);
  const auto initialized = [&](int hidden) {
    auto model = make_model(hidden);
    heed::initialize(model, random);
    return model;
  };
  const double error = gradient_error(initialized(small), task, random);
  auto model = initialized(large);
  return error < 1e-6 && percent_right(model, task, random) >= 95 ? 0 : 1;
}

}  // namespace examples
