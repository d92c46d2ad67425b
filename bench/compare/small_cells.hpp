#pragma once

#include "recurrent.hpp"

#include <string>
#include <type_traits>
#include <utility>

namespace compare {

/// A small cell of static size that gets one input at a time, as in an audio effect. A call runs `steps` steps; the
/// times are times per step.
///
/// `cell` holds the weights as in `RecurrentLayer`. Column t of `x` is input t; column t of the outputs is the hidden
/// state after it.
template <heed::Cell C>
class SmallCell {
 public:
  using Traits = CellTraits<C>;
  static constexpr Index steps = 64;

  C cell;
  heed::Matrix<float, Traits::input> x;

  SmallCell() {
    heed::Random random(1);
    randomize_parameters(cell, Traits::hidden, random);
    x = random_matrix(Traits::input, steps, random);
    outputs_.resize(Traits::hidden, steps);
    ready_ = ready(cell);
  }

  static std::string name() {
    return std::string("small-") + Traits::name + "/in:" + std::to_string(Traits::input) +
           "/H:" + std::to_string(Traits::hidden);
  }

  /// Alternates between two states, and between the two directions in which a step reads the weights.
  void heed() {
    states_[1].setZero();
    for (Index t = 0; t < steps; ++t) {
      const auto& before = states_[(t + 1) % 2];
      auto& after = states_[t % 2];
      ready_.project(x.col(t), trace_);
      ready_.step(trace_, before, after, {t % 2 == 1});
      outputs_.col(t) = after.template head<Traits::hidden>();
    }
  }

  /// A contest against `rival`. `call` writes its outputs to `rival_outputs`, hidden x steps.
  Contest contest(const std::string& rival, std::function<void()> call, const float* rival_outputs) {
    Contest contest{.workload = name(), .family = std::string("small ") + Traits::name, .rival = rival};
    const auto weights = static_cast<double>(cell.W.size() + cell.U.size());
    contest.work = {{2 * weights, 4 * weights}};
    contest.units = static_cast<double>(steps);
    contest.tolerance = 1e-5;
    contest.heed_call = [this] { heed(); };
    contest.rival_call = std::move(call);
    contest.difference = [this, rival_outputs] {
      return difference(outputs_, Eigen::Map<const Matrix>(rival_outputs, Traits::hidden, steps));
    };
    return contest;
  }

 private:
  C ready_;
  heed::Vector<float, Traits::saved> trace_;
  heed::Vector<float, Traits::state> states_[2];
  heed::Matrix<float, Traits::hidden> outputs_;
};

/// Calls `use(small)` for every selected small cell. Each has a different type.
template <class Use>
void for_each_small_cell(const Comparison& comparison, const Use& use) {
  const auto one = [&]<class C>(std::type_identity<C>) {
    if (!comparison.wants(SmallCell<C>::name())) return;
    SmallCell<C> small;
    use(small);
  };
  const auto both = [&]<int In, int Hidden>(std::integer_sequence<int, In, Hidden>) {
    one(std::type_identity<heed::LstmCell<float, In, Hidden>>{});
    one(std::type_identity<heed::GruCell<float, In, Hidden>>{});
  };
  const auto size = [&]<int Hidden>(std::integral_constant<int, Hidden>) {
    both(std::integer_sequence<int, 1, Hidden>{});
    both(std::integer_sequence<int, Hidden, Hidden>{});
  };
  size(std::integral_constant<int, 8>{});
  size(std::integral_constant<int, 16>{});
  size(std::integral_constant<int, 24>{});
  size(std::integral_constant<int, 32>{});
  size(std::integral_constant<int, 64>{});
}

}  // namespace compare
