#pragma once

#include <heed/attention/memory.hpp>
#include <heed/layers/windows.hpp>

#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// Copies the feature maps of a batch of images (layers/windows.hpp) into a memory, Xu et al. 2015 (Show, Attend and
/// Tell).
///
/// The channels of one position are one annotation a_i (section 3.1.1). The summary of an image is the mean of its
/// annotations (section 3.1.2). The decoder computes its initial state from the summary.
///
/// Shapes: maps channels x (images * positions). Overwrites `lengths` (positions of each image) and `memory`. Does not
/// compute the keys: `prepare(memory)` of the attention mechanism does. Does not allocate once the buffers are large
/// enough. Throws heed::Error if the grid is empty or the columns of maps are not a multiple of its positions.
template <class Maps, class S>
void make_memory(const Eigen::MatrixBase<Maps>& maps, Grid grid, std::vector<Index>& lengths, Memory<S>& memory) {
  const Index places = grid.places();
  require(places > 0 && maps.cols() % places == 0, [&] {
    return "make_memory: maps must contain whole images of " + std::to_string(grid.height) + " x " +
           std::to_string(grid.width) + " positions, got " + std::to_string(maps.cols()) + " columns";
  });
  lengths.assign(static_cast<std::size_t>(maps.cols() / places), places);
  memory.resize(maps.rows(), lengths);
  memory.values = maps;
  for (Index b = 0; b < memory.sentences(); ++b) memory.summary.col(b) = memory.values_of(b).rowwise().mean();
}

/// Backward of `make_memory`: overwrites d_maps.
///
/// Throws heed::Error if the shapes of d_memory.values, d_memory.summary and d_memory.starts do not match.
template <class S>
void make_memory_backward(const Memory<S>& d_memory, Buffer<S>& d_maps) {
  detail::check_values("make_memory_backward", d_memory, d_memory.size());
  detail::check_size("make_memory_backward", "d_memory.summary", d_memory.summary, d_memory.size(),
                     d_memory.sentences());
  d_maps.assign(d_memory.values);
  for (Index b = 0; b < d_memory.sentences(); ++b) {
    d_maps.middleCols(d_memory.start(b), d_memory.length(b)).colwise() +=
        d_memory.summary.col(b) / static_cast<S>(d_memory.length(b));  // was: mean
  }
}

}}  // namespace heed::v0_2
