#pragma once

#include "comparison.hpp"
#include "ready.hpp"

#include <string>
#include <type_traits>
#include <vector>

namespace compare {

template <class C>
struct CellTraits;
template <int Input, int Hidden>
struct CellTraits<heed::LstmCell<float, Input, Hidden>> {
  static constexpr const char* name = "lstm";
  static constexpr Index gates = 4;
  static constexpr int input = Input, hidden = Hidden;
  static constexpr int rows = heed::detail::times(4, Hidden), state = heed::detail::times(2, Hidden),
                       saved = heed::detail::times(5, Hidden);
};
template <int Input, int Hidden>
struct CellTraits<heed::GruCell<float, Input, Hidden>> {
  static constexpr const char* name = "gru";
  static constexpr Index gates = 3;
  static constexpr int input = Input, hidden = Hidden;
  static constexpr int rows = heed::detail::times(3, Hidden), state = Hidden, saved = heed::detail::times(4, Hidden);
};

template <class C>
inline constexpr bool is_lstm = CellTraits<C>::gates == 4;

/// One recurrent layer over a batch of sentences of equal length, from a zero state.
///
/// `cell` holds the weights in PyTorch's convention: W is weight_ih and U weight_hh, both column-major, the gates
/// stacked in the order i f g o or r z n; b_W and b_U are the two biases. Column t * batch + b of `x`, and of the
/// outputs, is word t of sentence b; as a row-major array they are words x batch x size.
template <heed::Cell C>
class RecurrentLayer {
 public:
  static constexpr Index words = 50;

  C cell;
  Index batch, size;
  Stored stored;
  Matrix x;

  RecurrentLayer(Index batch_, Index size_, Stored stored_ = Stored::float32)
      : cell(size_, size_),
        batch(batch_),
        size(size_),
        stored(stored_),
        packing_(std::vector<Index>(static_cast<std::size_t>(batch_), words)) {
    heed::Random random(1);
    randomize_parameters(cell, size, random);
    x = random_matrix(size, words * batch, random);
    tape_.save_activations = false;  // as for the rivals, which run in inference mode
    encoder_.layers.push_back({ready(cell, stored), std::nullopt});
  }

  static std::string name(Index batch, Index size, Stored stored = Stored::float32) {
    const std::string sizes = "/batch:" + std::to_string(batch) + "/H:" + std::to_string(size);
    return CellTraits<C>::name + sizes + (stored == Stored::float32 ? "" : '/' + name_of(stored));
  }

  void heed() { encoder_.forward(x, packing_, tape_); }
  const auto& outputs() const { return tape_.outputs(); }

  /// A contest against `rival`. `call` writes its outputs to `rival_outputs`, size x (words * batch).
  Contest contest(const std::string& rival, std::function<void()> call, const float* rival_outputs) {
    Contest contest{.workload = name(batch, size, stored), .rival = rival};
    contest.family = std::string(CellTraits<C>::name) + ", batch " + std::to_string(batch);
    if (stored != Stored::float32) {
      contest.family += ", 16-bit weights";
      contest.tolerance = 5e-3;  // the rounding of the weights, over all words
    }
    contest.work = work();
    contest.heed_call = [this] { heed(); };
    contest.rival_call = std::move(call);
    contest.difference = [this, rival_outputs] {
      return difference(outputs(), Eigen::Map<const Matrix>(rival_outputs, size, words * batch));
    };
    return contest;
  }

  /// Projects all inputs in one product. Then reads U once per word.
  Work work() const {
    const double weights = static_cast<double>(CellTraits<C>::gates * size * size);
    const double bytes = (stored == Stored::float32 ? 4 : 2) * weights;
    const double flops = 2 * weights * static_cast<double>(batch * words);
    return {{flops, bytes, 1}, {flops, bytes, static_cast<double>(words)}};
  }

 private:
  heed::Encoder<C> encoder_;
  heed::EncoderTape<float> tape_;
  heed::PackedBatch packing_;
};

/// Calls `use(layer)` for every selected recurrent layer.
template <class Use>
void for_each_recurrent_layer(const Comparison& comparison, const Use& use) {
  const auto all = [&]<class C>(std::type_identity<C>) {
    const auto one = [&](Index batch, Index size, Stored stored) {
      if (!comparison.wants(RecurrentLayer<C>::name(batch, size, stored))) return;
      RecurrentLayer<C> layer(batch, size, stored);
      use(layer);
    };
    for (const Index batch : {1, 32}) {
      for (const Index size : {256, 512}) one(batch, size, Stored::float32);
    }
    one(1, 512, Stored::bfloat16);
    one(1, 512, Stored::half);
  };
  all(std::type_identity<heed::LstmCell<float>>{});
  all(std::type_identity<heed::GruCell<float>>{});
}

}  // namespace compare
