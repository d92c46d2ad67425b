#pragma once

#include <heed/parameters.hpp>

#include <span>
#include <string>

namespace heed::inline v0_1 {

/// A learned vector for every word: column `token` of `table`.
template <class S, int Size = Dynamic>
struct Embedding {
  using Scalar = S;

  Parameter<S, Size, Dynamic> table;  ///< size x vocabulary (PyTorch's nn.Embedding.weight, transposed)

  Embedding() : Embedding(Size == Dynamic ? 0 : Size, 0) {}
  Embedding(Index size, Index vocabulary) : table(Matrix<S, Size, Dynamic>::Zero(size, vocabulary)) {}

  /// Rows of a word's vector, and how many words there are.
  Index size() const { return table.rows(); }
  Index vocabulary() const { return table.cols(); }

  /// y.col(i) = table.col(tokens[i]). Throws if a token is outside the vocabulary. Does not allocate.
  void forward(std::span<const Token> tokens, Out<S, Size> y) const {
    require(y.rows() == size() && static_cast<std::size_t>(y.cols()) == tokens.size(), [&] {
      return "Embedding: " + std::to_string(tokens.size()) + " tokens need room for " + std::to_string(size()) + " x " +
             std::to_string(tokens.size()) + " numbers, not " + std::to_string(y.rows()) + " x " +
             std::to_string(y.cols());
    });
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      require(tokens[i] >= 0 && tokens[i] < vocabulary(), [&] {
        return "Embedding: token " + std::to_string(tokens[i]) + " is outside the vocabulary of " +
               std::to_string(vocabulary());
      });
      y.col(static_cast<Index>(i)) = table.col(tokens[i]);
    }
  }

  /// grad.table.col(tokens[i]) += d_y.col(i).
  void backward(std::span<const Token> tokens, const In<S, Size>& d_y, Embedding& grad) const {
    for (std::size_t i = 0; i < tokens.size(); ++i) grad.table.col(tokens[i]) += d_y.col(static_cast<Index>(i));
  }

  static constexpr ParameterRole role(std::string_view) { return ParameterRole::embedding; }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("table", self.table...);
  }
};

}  // namespace heed::inline v0_1
