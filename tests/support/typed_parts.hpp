#pragma once

#include <heed/cells/context_gru.hpp>
#include <heed/cells/gru.hpp>
#include <heed/cells/gru_reset_before.hpp>
#include <heed/cells/layer_norm_gru.hpp>
#include <heed/cells/layer_norm_lstm.hpp>
#include <heed/cells/lstm.hpp>
#include <heed/cells/projected_lstm.hpp>
#include <heed/cells/rnn.hpp>
#include <heed/scorers/additive.hpp>
#include <heed/scorers/concat.hpp>
#include <heed/scorers/convolutional.hpp>
#include <heed/scorers/coverage.hpp>
#include <heed/scorers/dot.hpp>
#include <heed/scorers/general.hpp>
#include <heed/scorers/location.hpp>
#include <heed/scorers/normed_additive.hpp>
#include <heed/scorers/scaled_dot.hpp>
#include <heed/scorers/scaled_general.hpp>

#include <gtest/gtest.h>

#include <tuple>
#include <type_traits>
#include <utility>

/// Lists of all cells and all scorers with dynamic sizes for typed tests. A new one needs one entry in its list. Fixed
/// sizes, which take long to compile, are compared with dynamic sizes in the test file of each cell and scorer.
namespace typed {

using heed::Dynamic;
using heed::Index;

/// The sizes of the cells and scorers in the lists.
inline constexpr int input = 3, hidden = 4, query = 3, memory = 4, alignment = 5;

template <class CellType>
struct MakeCell {
  using Part = CellType;
  static Part make(bool bias) { return sized(input, hidden, bias); }
  static Part sized(Index inputs, Index outputs, bool bias = true) {
    if constexpr (std::is_constructible_v<Part, Index, Index, Index, bool>) {
      return Part(inputs, outputs + 3, outputs, bias);  // more units than outputs
    } else {
      return Part(inputs, outputs, bias);
    }
  }
};

/// The last two inputs are the context.
template <class S>
struct MakeCell<heed::ContextGruCell<S>> {
  using Part = heed::ContextGruCell<S>;
  static Part make(bool bias) { return sized(input, hidden, bias); }
  static Part sized(Index inputs, Index outputs, bool bias = true) { return Part(inputs, outputs, bias, 2); }
};

template <class S, heed::GruForm Form>
using Gru = heed::GruCell<S, Dynamic, Dynamic, Form>;

template <class S>
using Cells = std::tuple<        //
    MakeCell<heed::RnnCell<S>>,  //
    MakeCell<heed::RnnCell<S, Dynamic, Dynamic, heed::Relu>>,
    MakeCell<heed::LstmCell<S>>,  //
    MakeCell<heed::GruCell<S>>,   //
    MakeCell<Gru<S, heed::GruForm{false, true}>>, MakeCell<Gru<S, heed::gru_forms::cho>>,
    MakeCell<Gru<S, heed::gru_forms::bahdanau>>, MakeCell<heed::ContextGruCell<S>>,
    MakeCell<heed::ProjectedLstmCell<S>>, MakeCell<heed::LayerNormLstmCell<S>>, MakeCell<heed::LayerNormGruCell<S>>>;

/// `options` follow the sizes in the constructor.
template <class ScorerType, bool... options>
struct MakeScorer {
  using Part = ScorerType;
  static Part make() {
    if constexpr (std::is_constructible_v<Part, Index, Index, Index>) {
      return Part(query, memory, alignment, options...);
    } else if constexpr (std::is_constructible_v<Part, Index, Index>) {
      return Part(query, memory, options...);
    } else {
      return Part(memory, options...);  // query and memory have the same size
    }
  }
};

/// A scorer whose scores depend on the position, for sentences of up to `longest` words.
inline constexpr int longest = 40;
template <class S>
struct MakeLocationScorer {
  using Part = heed::LocationScorer<S>;
  static Part make() { return Part(query, memory, longest); }
};
template <class S>
struct MakeConvolutionalScorer {
  using Part = heed::ConvolutionalScorer<S>;
  static Part make() {
    return Part({.query_size = query, .memory_size = memory, .alignment_size = alignment, .filters = 3, .width = 7});
  }
};

/// Scorers that use only the query and one memory column. `Scorers` also has those that use positions or earlier
/// weights.
template <class S>
using ContentScorers = std::tuple<        //
    MakeScorer<heed::DotScorer<S>>,       //
    MakeScorer<heed::GeneralScorer<S>>,   //
    MakeScorer<heed::AdditiveScorer<S>>,  //
    MakeScorer<heed::AdditiveScorer<S>, true>, MakeScorer<heed::ConcatScorer<S>>, MakeScorer<heed::ScaledDotScorer<S>>,
    MakeScorer<heed::ScaledGeneralScorer<S>>, MakeScorer<heed::NormedAdditiveScorer<S>>>;
template <class S>
using Scorers = decltype(std::tuple_cat(
    ContentScorers<S>(),
    std::tuple<MakeLocationScorer<S>, MakeScorer<heed::CoverageScorer<S>>, MakeConvolutionalScorer<S>>()));

/// Entry `I` of a list, for any scalar type.
template <std::size_t I>
struct CellAt {
  template <class S>
  using Make = std::tuple_element_t<I, Cells<S>>;
};
template <std::size_t I>
struct ScorerAt {
  template <class S>
  using Make = std::tuple_element_t<I, Scorers<S>>;
};

template <template <std::size_t> class At, std::size_t... I>
testing::Types<At<I>...> lines(std::index_sequence<I...>);

using EachCell = decltype(lines<CellAt>(std::make_index_sequence<std::tuple_size_v<Cells<double>>>{}));
using EachScorer = decltype(lines<ScorerAt>(std::make_index_sequence<std::tuple_size_v<Scorers<double>>>{}));
using EachContentScorer =
    decltype(lines<ScorerAt>(std::make_index_sequence<std::tuple_size_v<ContentScorers<double>>>{}));

}  // namespace typed
