#pragma once

#include <heed/core/packed_batch.hpp>

#include <vector>

/// Converts between separate sentences, one matrix each, and the columns of a packed batch.
template <class S>
heed::Matrix<S> pack(const std::vector<heed::Matrix<S>>& sentences, const heed::PackedBatch& packing) {
  heed::Matrix<S> packed(sentences.front().rows(), packing.columns());
  for (heed::Index p = 0; p < packing.sentences(); ++p) {
    const auto& sentence = sentences[static_cast<std::size_t>(packing.sentence(p))];
    for (heed::Index t = 0; t < packing.length(p); ++t) packed.col(packing.column(t, p)) = sentence.col(t);
  }
  return packed;
}

template <class Packed>
heed::Matrix<typename Packed::Scalar> unpack(const Packed& packed, const heed::PackedBatch& packing,
                                             heed::Index sentence) {
  heed::Index p = 0;
  while (packing.sentence(p) != sentence) ++p;
  heed::Matrix<typename Packed::Scalar> result(packed.rows(), packing.length(p));
  for (heed::Index t = 0; t < packing.length(p); ++t) result.col(t) = packed.col(packing.column(t, p));
  return result;
}

/// The lengths of sentences with one column per word.
template <class S>
std::vector<heed::Index> lengths(const std::vector<heed::Matrix<S>>& sentences) {
  std::vector<heed::Index> result;
  for (const auto& sentence : sentences) result.push_back(sentence.cols());
  return result;
}
