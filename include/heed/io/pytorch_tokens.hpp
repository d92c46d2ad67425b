#pragma once

#include <heed/core/errors.hpp>
#include <heed/core/types.hpp>
#include <heed/text/vocabulary.hpp>

#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace heed { inline namespace v0_2 {

/// The ids of the special symbols in the vocabulary of a PyTorch model. A symbol without an id does not exist there.
struct PytorchSymbols {
  std::optional<Token> unk = {};  ///< an unknown word
  std::optional<Token> bos = {};  ///< the first decoder input, often called SOS
  std::optional<Token> eos = {};  ///< the end of a sentence
};

/// The token ids of a PyTorch model and their ids in heed.
///
/// heed's vocabularies begin with unk, bos and eos (`symbols`). All other tokens of the PyTorch model follow in the
/// order of their ids:
///
///     PyTorch  0 SOS  1 EOS  2 hello  3 world              PytorchTokens(4, {.bos = 0, .eos = 1})
///     heed     0 unk  1 bos  2 eos    3 hello  4 world
///
/// A symbol that the PyTorch model lacks gets parameters that never propose it: `from_pytorch` sets its embedding and
/// its row of the output layer to 0, and its bias in the output layer to `absent_logit`.
class PytorchTokens {
 public:
  /// The bias of a missing symbol. Its probability is 0 in float and double, because exp(-10^4) underflows, unless all
  /// other logits are below about -9000. It is finite, so that the model can be saved, loaded and trained.
  static constexpr double absent_logit = -1e4;

  /// `vocabulary` is the number of tokens of the PyTorch model. Throws heed::Error if it is too large for token ids, or
  /// if the id of a symbol is outside the vocabulary or used twice.
  PytorchTokens(Index vocabulary, const PytorchSymbols& symbols) {
    require(vocabulary >= 0 && vocabulary <= std::numeric_limits<Token>::max() - 3, [&] {
      return "PytorchTokens: the vocabulary must have from 0 to " +
             std::to_string(std::numeric_limits<Token>::max() - 3) + " tokens, got " + std::to_string(vocabulary);
    });
    rows_.reserve(static_cast<std::size_t>(vocabulary) + 3);
    ids_.assign(static_cast<std::size_t>(vocabulary), absent);
    add("unk", symbols.unk);
    add("bos", symbols.bos);
    add("eos", symbols.eos);
    for (Token id = 0; id < vocabulary; ++id) {
      if (detail::at(ids_, id) == absent) add(id);
    }
  }

  /// The number of tokens in heed's vocabulary, and in that of the PyTorch model.
  Index size() const { return static_cast<Index>(rows_.size()); }
  Index pytorch_size() const { return static_cast<Index>(ids_.size()); }

  /// The PyTorch id of every token of heed; `absent` for a symbol that the PyTorch model lacks.
  std::span<const Token> rows() const { return rows_; }
  static constexpr Token absent = -1;  ///< see `rows`

  /// Returns heed's ids of PyTorch's tokens. Throws heed::Error if one is outside the vocabulary.
  std::vector<Token> from_pytorch(std::span<const Token> tokens) const {
    std::vector<Token> result;
    for (const Token token : tokens) {
      detail::check_index("PytorchTokens.from_pytorch", "a token", token, pytorch_size());
      result.push_back(detail::at(ids_, token));
    }
    return result;
  }

  /// Returns PyTorch's ids of heed's tokens. Throws heed::Error if one is outside the vocabulary or is a symbol that
  /// the PyTorch model lacks.
  std::vector<Token> to_pytorch(std::span<const Token> tokens) const {
    std::vector<Token> result;
    for (const Token token : tokens) {
      detail::check_index("PytorchTokens.to_pytorch", "a token", token, size());
      result.push_back(detail::at(rows_, token));
      require(result.back() != absent, [&] {
        return "PytorchTokens.to_pytorch: the PyTorch model has no " +
               std::string(Vocabulary::specials[static_cast<std::size_t>(token)]);
      });
    }
    return result;
  }

  /// Returns heed's vocabulary for `words`, the words of the PyTorch model in the order of their ids. The names of its
  /// special symbols are not used. Throws heed::Error if the number of words differs from `pytorch_size()`, and as
  /// `Vocabulary::from_words`.
  Vocabulary vocabulary(const Words& words) const {
    detail::check_count("PytorchTokens.vocabulary", "words", words.size(), ids_.size());
    Words all(Vocabulary::specials.begin(), Vocabulary::specials.end());
    for (std::size_t i = all.size(); i < rows_.size(); ++i) all.push_back(detail::at(words, rows_[i]));
    return Vocabulary::from_words(std::move(all));
  }

 private:
  void add(Token id) {
    detail::at(ids_, id) = static_cast<Token>(rows_.size());
    rows_.push_back(id);
  }
  void add(const char* symbol, std::optional<Token> id) {
    if (!id) return rows_.push_back(absent);
    detail::check_index("PytorchTokens", symbol, *id, pytorch_size());
    require(detail::at(ids_, *id) == absent, [&] {
      return "PytorchTokens: " + std::string(symbol) + " must not be the id of another symbol, got " +
             std::to_string(*id);
    });
    add(*id);
  }

  std::vector<Token> rows_;  ///< by heed's id
  std::vector<Token> ids_;   ///< by PyTorch's id
};

/// The token ids of embeddings and output layers, by their paths in the model: {"source", ...}, {"output", ...}.
using PytorchTokenOrders = std::map<std::string, PytorchTokens, std::less<>>;

namespace detail {

/// Rows in the order of heed's tokens, from rows in the order of PyTorch's. Every row of a missing symbol is `missing`.
inline Matrix<double> in_heed_order(const PytorchTokens& tokens, const Matrix<double>& values, double missing) {
  Matrix<double> result = Matrix<double>::Constant(tokens.size(), values.cols(), missing);
  for (Index i = 0; i < result.rows(); ++i) {
    if (const Token row = at(tokens.rows(), i); row != PytorchTokens::absent) result.row(i) = values.row(row);
  }
  return result;
}

/// Rows in the order of PyTorch's tokens. Drops the rows of missing symbols.
template <class S>
Matrix<S> in_pytorch_order(const PytorchTokens& tokens, const Matrix<S>& values) {
  Matrix<S> result(tokens.pytorch_size(), values.cols());
  for (Index i = 0; i < values.rows(); ++i) {
    if (const Token row = at(tokens.rows(), i); row != PytorchTokens::absent) result.row(row) = values.row(i);
  }
  return result;
}

}  // namespace detail

}}  // namespace heed::v0_2
