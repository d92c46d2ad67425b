#pragma once

#include <heed/cells/any_cell.hpp>
#include <heed/cells/context_gru.hpp>
#include <heed/cells/gru_reset_before.hpp>
#include <heed/cells/layer_norm_gru.hpp>
#include <heed/cells/layer_norm_lstm.hpp>
#include <heed/cells/projected_lstm.hpp>
#include <heed/scorers/any_scorer.hpp>
#include <heed/scorers/normed_additive.hpp>
#include <heed/scorers/scaled_dot.hpp>
#include <heed/scorers/scaled_general.hpp>

#include <cmath>
#include <limits>
#include <variant>
#include <vector>

/// The papers' equations as scalar loops in long double. The code reads heed's parameters but does not call its
/// arithmetic.
namespace oracle {

using heed::Index;
using Real = long double;
using Column = std::vector<Real>;

inline std::size_t at(Index i) { return static_cast<std::size_t>(i); }

template <class X>
Column column(const X& x, Index j) {
  Column result;
  for (Index i = 0; i < x.rows(); ++i) result.push_back(static_cast<Real>(x(i, j)));
  return result;
}

inline Real sigmoid(Real x) { return 1 / (1 + std::exp(-x)); }

/// Row `row` of M x + b, where M starts at column `first` and b may be empty.
template <class M, class B>
Real affine(const M& matrix, Index first, const Column& x, const B& bias, Index row) {
  Real sum = bias.size() > 0 ? static_cast<Real>(bias(row)) : 0;
  for (std::size_t k = 0; k < x.size(); ++k)
    sum += static_cast<Real>(matrix(row, first + static_cast<Index>(k))) * x[k];
  return sum;
}

inline heed::Vector<Real> no_bias() { return {}; }

/// One step of one sentence. Returns the new state in heed's layout (h, then c).
template <class S, int I, int H, class Activation>
Column step(const heed::RnnCell<S, I, H, Activation>& cell, const Column& x, const Column& s) {
  Column h;
  for (Index k = 0; k < cell.hidden_size(); ++k) {
    const Real a = affine(cell.W, 0, x, cell.b_W, k) + affine(cell.U, 0, s, cell.b_U, k);
    h.push_back(std::is_same_v<Activation, heed::Relu> ? (a > 0 ? a : 0) : std::tanh(a));
  }
  return h;
}

template <class S, int I, int H>
Column step(const heed::LstmCell<S, I, H>& cell, const Column& x, const Column& s) {
  const Index size = cell.hidden_size();
  const Column h(s.begin(), s.begin() + size), c(s.begin() + size, s.end());
  Column result(s.size());
  for (Index k = 0; k < size; ++k) {
    const auto gate = [&](Index g) {
      return affine(cell.W, 0, x, cell.b_W, g * size + k) + affine(cell.U, 0, h, cell.b_U, g * size + k);
    };
    const Real i = sigmoid(gate(0)), f = sigmoid(gate(1)), g = std::tanh(gate(2)), o = sigmoid(gate(3));
    const Real next = f * c[at(k)] + i * g;
    result[at(k)] = o * std::tanh(next);
    result[at(size + k)] = next;
  }
  return result;
}

template <class S, int I, int N, int H>
Column step(const heed::ProjectedLstmCell<S, I, N, H>& cell, const Column& x, const Column& s) {
  const Index size = cell.hidden_size(), units = cell.units();
  const Column h(s.begin(), s.begin() + size), c(s.begin() + size, s.end());
  Column next, m;
  for (Index k = 0; k < units; ++k) {
    const auto gate = [&](Index g) {
      return affine(cell.W, 0, x, cell.b_W, g * units + k) + affine(cell.U, 0, h, cell.b_U, g * units + k);
    };
    const Real i = sigmoid(gate(0)), f = sigmoid(gate(1)), g = std::tanh(gate(2)), o = sigmoid(gate(3));
    next.push_back(f * c[at(k)] + i * g);
    m.push_back(o * std::tanh(next.back()));
  }
  Column result;
  for (Index k = 0; k < size; ++k) result.push_back(affine(cell.P, 0, m, no_bias(), k));
  result.insert(result.end(), next.begin(), next.end());
  return result;
}

/// If the reset precedes the product, the candidate has its own matrix U_n, separate from that of r and z.
template <class S, int I, int H, heed::GruForm Form>
Column step(const heed::GruCell<S, I, H, Form>& cell, const Column& x, const Column& h) {
  const Index size = cell.hidden_size();
  const auto from_x = [&](Index g, Index k) { return affine(cell.W, 0, x, cell.b_W, g * size + k); };
  const auto from_h = [&](Index g, Index k) { return affine(cell.U, 0, h, cell.b_U, g * size + k); };
  Column r, z, result, reset;
  for (Index k = 0; k < size; ++k) {
    r.push_back(sigmoid(from_x(0, k) + from_h(0, k)));
    z.push_back(sigmoid(from_x(1, k) + from_h(1, k)));
    reset.push_back(r[at(k)] * h[at(k)]);
  }
  for (Index k = 0; k < size; ++k) {
    Real n;
    if constexpr (Form.reset_before) {
      const Real bias = cell.b_U.size() > 0 ? static_cast<Real>(cell.b_U(2 * size + k)) : 0;
      n = std::tanh(from_x(2, k) + bias + affine(cell.U_n, 0, reset, no_bias(), k));
    } else {
      n = std::tanh(from_x(2, k) + r[at(k)] * from_h(2, k));
    }
    const Real keep = Form.update_gate_selects_new ? 1 - z[at(k)] : z[at(k)];
    result.push_back((1 - keep) * n + keep * h[at(k)]);
  }
  return result;
}

/// Cho et al. 2014, appendix A.1.2: the last inputs, c, are added to U h before the reset.
template <class S>
Column step(const heed::ContextGruCell<S>& cell, const Column& x_and_c, const Column& h) {
  const Index size = cell.hidden_size(), words = cell.input_size() - cell.context;
  const Column x(x_and_c.begin(), x_and_c.begin() + words), c(x_and_c.begin() + words, x_and_c.end());
  Column result;
  for (Index k = 0; k < size; ++k) {
    const auto from_x = [&](Index g) { return affine(cell.W, 0, x, cell.b_W, g * size + k); };
    const auto from_h_and_c = [&](Index g) {
      return affine(cell.U, 0, h, cell.b_U, g * size + k) + affine(cell.W, words, c, no_bias(), g * size + k);
    };
    const Real r = sigmoid(from_x(0) + from_h_and_c(0)), z = sigmoid(from_x(1) + from_h_and_c(1));
    const Real n = std::tanh(from_x(2) + r * from_h_and_c(2));
    result.push_back(z * h[at(k)] + (1 - z) * n);
  }
  return result;
}

/// (a - mean) / sqrt(variance + 1e-5) of `rows` rows of a from row `first` on.
inline Column normalized(const Column& a, Index first, Index rows) {
  Real mean = 0, variance = 0;
  for (Index k = first; k < first + rows; ++k) mean += a[at(k)] / static_cast<Real>(rows);
  for (Index k = first; k < first + rows; ++k) {
    variance += (a[at(k)] - mean) * (a[at(k)] - mean) / static_cast<Real>(rows);
  }
  Column result;
  for (Index k = first; k < first + rows; ++k) result.push_back((a[at(k)] - mean) / std::sqrt(variance + 1e-5L));
  return result;
}

/// gain N(M x) + b, where groups of `groups` rows are normalised together.
template <class M, class Vector>
Column normalized_product(const M& matrix, const Column& x, const Vector& gain, const Vector& bias,
                          const std::vector<Index>& groups) {
  Column product, result;
  for (Index k = 0; k < matrix.rows(); ++k) product.push_back(affine(matrix, 0, x, no_bias(), k));
  for (Index first = 0, g = 0; g < static_cast<Index>(groups.size()); first += groups[at(g++)]) {
    for (const Real number : normalized(product, first, groups[at(g)])) {
      const Index k = static_cast<Index>(result.size());
      result.push_back(static_cast<Real>(gain(k)) * number + (bias.size() > 0 ? static_cast<Real>(bias(k)) : 0));
    }
  }
  return result;
}

/// Ba, Kiros & Hinton 2016, equations 20 to 22 of its supplement.
template <class S, int I, int H>
Column step(const heed::LayerNormLstmCell<S, I, H>& cell, const Column& x, const Column& s) {
  const Index size = cell.hidden_size();
  const Column h(s.begin(), s.begin() + size), c(s.begin() + size, s.end());
  const Column from_x = normalized_product(cell.W, x, cell.gain_W, cell.b_W, {4 * size});
  const Column from_h = normalized_product(cell.U, h, cell.gain_U, cell.b_U, {4 * size});
  const auto sum = [&](Index g, Index k) { return from_x[at(g * size + k)] + from_h[at(g * size + k)]; };
  Column next, result;
  for (Index k = 0; k < size; ++k) {
    next.push_back(sigmoid(sum(1, k)) * c[at(k)] + sigmoid(sum(0, k)) * std::tanh(sum(2, k)));
  }
  const Column normal = normalized(next, 0, size);
  for (Index k = 0; k < size; ++k) {
    const Real bias = cell.b_c.size() > 0 ? static_cast<Real>(cell.b_c(k)) : 0;
    result.push_back(sigmoid(sum(3, k)) * std::tanh(static_cast<Real>(cell.gain_c(k)) * normal[at(k)] + bias));
  }
  result.insert(result.end(), next.begin(), next.end());
  return result;
}

/// Ba, Kiros & Hinton 2016, equations 26 to 28 of its supplement: z selects the candidate.
template <class S, int I, int H>
Column step(const heed::LayerNormGruCell<S, I, H>& cell, const Column& x, const Column& h) {
  const Index size = cell.hidden_size();
  const Column from_x = normalized_product(cell.W, x, cell.gain_W, cell.b_W, {2 * size, size});
  const Column from_h = normalized_product(cell.U, h, cell.gain_U, cell.b_U, {2 * size, size});
  Column result;
  for (Index k = 0; k < size; ++k) {
    const Real r = sigmoid(from_x[at(k)] + from_h[at(k)]), z = sigmoid(from_x[at(size + k)] + from_h[at(size + k)]);
    const Real n = std::tanh(from_x[at(2 * size + k)] + r * from_h[at(2 * size + k)]);
    result.push_back((1 - z) * h[at(k)] + z * n);
  }
  return result;
}

template <class S>
Column step(const heed::AnyCell<S>& any, const Column& x, const Column& s) {
  return std::visit([&](const auto& cell) { return step(cell, x, s); }, any.cell);
}

/// score(q, h) of one query and one memory.
template <class S, int N>
Real score(const heed::DotScorer<S, N>&, const Column& q, const Column& h) {
  Real sum = 0;
  for (std::size_t k = 0; k < q.size(); ++k) sum += q[k] * h[k];
  return sum;
}

template <class S, int Q, int M>
Real score(const heed::GeneralScorer<S, Q, M>& scorer, const Column& q, const Column& h) {
  Real sum = 0;
  for (std::size_t k = 0; k < q.size(); ++k) sum += q[k] * affine(scorer.W, 0, h, no_bias(), static_cast<Index>(k));
  return sum;
}

template <class S, int Q, int M, int A>
Real score(const heed::AdditiveScorer<S, Q, M, A>& scorer, const Column& q, const Column& h) {
  Real sum = 0;
  for (Index k = 0; k < scorer.v.size(); ++k) {
    const Real z = std::tanh(affine(scorer.W, 0, q, no_bias(), k) + affine(scorer.U, 0, h, scorer.b, k));
    sum += static_cast<Real>(scorer.v(k)) * z;
  }
  return sum;
}

template <class S, int Q, int M, int A>
Real score(const heed::ConcatScorer<S, Q, M, A>& scorer, const Column& q, const Column& h) {
  Column both = q;
  both.insert(both.end(), h.begin(), h.end());
  Real sum = 0;
  for (Index k = 0; k < scorer.v.size(); ++k) {
    sum += static_cast<Real>(scorer.v(k)) * std::tanh(affine(scorer.W, 0, both, no_bias(), k));
  }
  return sum;
}

/// Vaswani et al. 2017, equation 1.
template <class S, int N>
Real score(const heed::ScaledDotScorer<S, N>&, const Column& q, const Column& h) {
  Real sum = 0;
  for (std::size_t k = 0; k < q.size(); ++k) sum += q[k] * h[k];
  return sum / std::sqrt(static_cast<Real>(q.size()));
}

template <class S, int Q, int M>
Real score(const heed::ScaledGeneralScorer<S, Q, M>& scorer, const Column& q, const Column& h) {
  Real sum = 0;
  for (std::size_t k = 0; k < q.size(); ++k) sum += q[k] * affine(scorer.W, 0, h, no_bias(), static_cast<Index>(k));
  return static_cast<Real>(scorer.g(0)) * sum;
}

template <class S, int Q, int M, int A>
Real score(const heed::NormedAdditiveScorer<S, Q, M, A>& scorer, const Column& q, const Column& h) {
  Real sum = 0, squares = 0;
  for (Index k = 0; k < scorer.v.size(); ++k) {
    const Real v = static_cast<Real>(scorer.v(k));
    squares += v * v;
    sum += v * std::tanh(affine(scorer.W, 0, q, no_bias(), k) + affine(scorer.U, 0, h, scorer.b, k));
  }
  return static_cast<Real>(scorer.g(0)) * sum / std::sqrt(squares);
}

/// The score of memory column j of `values`, given the attention weights `earlier` of the previous steps. Most scorers
/// use neither the other columns nor the weights.
template <class ScorerType>
Real score(const ScorerType& scorer, const Column& q, const std::vector<Column>& values, std::size_t j,
           const std::vector<Column>&) {
  return score(scorer, q, values[j]);
}

/// Luong, Pham & Manning 2015, equation 8.
template <class S, int Q, int L>
Real score(const heed::LocationScorer<S, Q, L>& scorer, const Column& q, const std::vector<Column>&, std::size_t j,
           const std::vector<Column>&) {
  const Index row = static_cast<Index>(j);
  return row < scorer.W.rows() ? affine(scorer.W, 0, q, no_bias(), row) : -std::numeric_limits<Real>::infinity();
}

/// See, Liu & Manning 2017, equation 11.
template <class S, int Q, int M, int A>
Real score(const heed::CoverageScorer<S, Q, M, A>& scorer, const Column& q, const std::vector<Column>& values,
           std::size_t j, const std::vector<Column>& earlier) {
  Real covered = 0, sum = 0;
  for (const Column& weights : earlier) covered += weights[j];
  for (Index k = 0; k < scorer.v.size(); ++k) {
    const Real match = affine(scorer.W, 0, q, no_bias(), k) + affine(scorer.U, 0, values[j], scorer.b, k);
    sum += static_cast<Real>(scorer.v(k)) * std::tanh(match + static_cast<Real>(scorer.w(k)) * covered);
  }
  return sum;
}

/// Chorowski et al. 2015, equations 8 and 9, with a cross-correlation as the convolution.
template <class S, int Q, int M, int A>
Real score(const heed::ConvolutionalScorer<S, Q, M, A>& scorer, const Column& q, const std::vector<Column>& values,
           std::size_t j, const std::vector<Column>& earlier) {
  Column f;
  for (Index filter = 0; filter < scorer.F.rows(); ++filter) {
    Real sum = 0;
    for (Index k = 0; k < scorer.F.cols(); ++k) {
      const Index place = static_cast<Index>(j) + k - (scorer.F.cols() - 1) / 2;
      const bool inside = !earlier.empty() && place >= 0 && place < static_cast<Index>(values.size());
      sum += static_cast<Real>(scorer.F(filter, k)) * (inside ? earlier.back()[at(place)] : 0);
    }
    f.push_back(sum);
  }
  Real sum = 0;
  for (Index k = 0; k < scorer.v.size(); ++k) {
    const Real match = affine(scorer.W, 0, q, no_bias(), k) + affine(scorer.V, 0, values[j], scorer.b, k);
    sum += static_cast<Real>(scorer.v(k)) * std::tanh(match + affine(scorer.U, 0, f, no_bias(), k));
  }
  return sum;
}

template <class S>
Real score(const heed::AnyScorer<S>& any, const Column& q, const std::vector<Column>& values, std::size_t j,
           const std::vector<Column>& earlier) {
  return std::visit([&](const auto& scorer) { return score(scorer, q, values, j, earlier); }, any.scorer);
}

inline Column softmax(Column x) {
  Real most = x[0], sum = 0;
  for (const Real number : x) most = std::max(most, number);
  for (Real& number : x) sum += number = std::exp(number - most);
  for (Real& number : x) number /= sum;
  return x;
}

/// Bahdanau, Cho & Bengio 2015, equations 5 and 6, for one query.
struct Attended {
  Column weights, context;
};

template <class ScorerType>
Attended attend(const ScorerType& scorer, const Column& q, const std::vector<Column>& values,
                const std::vector<Column>& earlier) {
  Column scores;
  for (std::size_t j = 0; j < values.size(); ++j) scores.push_back(score(scorer, q, values, j, earlier));
  Attended result{softmax(scores), Column(values[0].size())};
  for (std::size_t j = 0; j < values.size(); ++j) {
    for (std::size_t k = 0; k < values[j].size(); ++k) result.context[k] += result.weights[j] * values[j][k];
  }
  return result;
}

/// The first step, without earlier weights.
template <class ScorerType, class Values>
Attended attend(const ScorerType& scorer, const Column& q, const Values& memory) {
  std::vector<Column> values;
  for (Index j = 0; j < memory.cols(); ++j) values.push_back(column(memory, j));
  return attend(scorer, q, values, {});
}

/// The columns as a matrix, to compare them with heed's results.
inline heed::Matrix<Real> matrix(const std::vector<Column>& columns) {
  heed::Matrix<Real> result(columns.empty() ? 0 : static_cast<Index>(columns[0].size()),
                            static_cast<Index>(columns.size()));
  for (Index j = 0; j < result.cols(); ++j) {
    for (Index i = 0; i < result.rows(); ++i) result(i, j) = columns[at(j)][at(i)];
  }
  return result;
}

}  // namespace oracle
