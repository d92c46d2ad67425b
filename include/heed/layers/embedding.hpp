#pragma once

#include <heed/core/parameters.hpp>

#include <span>
#include <string>

namespace heed { inline namespace v0_2 {

/// Embedding: maps every token to a learned vector, column `token` of `table`. Throws heed::Error if a token is outside
/// the vocabulary or a size does not fit.
template <class S, int Size = Dynamic>
struct Embedding {
  using Scalar = S;

  Parameter<S, Size, Dynamic> table;  ///< size x vocabulary (PyTorch's nn.Embedding.weight, transposed)
  bool tied = false;                  ///< whether an output layer uses the table too; matters only to `initialize`

  Embedding() : Embedding(Size == Dynamic ? 0 : Size, 0) {}
  Embedding(Index size, Index vocabulary) : table(Matrix<S, Size, Dynamic>::Zero(size, vocabulary)) {}

  /// The size of an embedding vector, and the number of tokens in the vocabulary.
  Index size() const { return table.rows(); }
  Index vocabulary() const { return table.cols(); }

  /// y.col(i) = table.col(tokens[i]). Overwrites y (size x tokens). Does not allocate.
  void forward(std::span<const Token> tokens, Out<S, Size> y) const {
    detail::check_size("Embedding.forward", "y", y, size(), static_cast<Index>(tokens.size()));
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      check(tokens[i]);
      y.col(static_cast<Index>(i)) = table.col(tokens[i]);
    }
  }

  /// grad.table.col(tokens[i]) += d_y.col(i).
  void backward(std::span<const Token> tokens, const In<S, Size>& d_y, Embedding& grad) const {
    detail::check_size("Embedding.backward", "d_y", d_y, size(), static_cast<Index>(tokens.size()));
    detail::check_grad("Embedding.backward", *this, grad);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      check(tokens[i]);
      grad.table.col(tokens[i]) += d_y.col(static_cast<Index>(i));
    }
  }

  ParameterRole role(std::string_view) const { return tied ? ParameterRole::tied_embedding : ParameterRole::embedding; }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("table", self.table...);
  }

 private:
  void check(Token token) const {
    require(token >= 0 && token < vocabulary(), [&] {
      return "Embedding: token " + std::to_string(token) + " is outside the vocabulary of " +
             std::to_string(vocabulary());
    });
  }
};

}}  // namespace heed::v0_2
