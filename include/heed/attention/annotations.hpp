#pragma once

#include <heed/attention/memory.hpp>
#include <heed/layers/windows.hpp>

#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// Lays the maps that a convolutional network made of a batch of images (layers/windows.hpp) out as a memory, Xu et al. 2015
/// (Show, Attend and Tell): the channels of a place are one annotation a_i (section 3.1.1), and the summary, from which
/// the decoder begins, is the mean of an image's annotations (section 3.1.2).
///
/// The keys are left to the attention that will match them. Does not allocate once the buffers have grown. Throws if the
/// maps are not those of whole images.
template <class Maps, class S>
void make_memory(const Eigen::MatrixBase<Maps>& maps, Grid grid, std::vector<Index>& lengths, Memory<S>& memory) {
  const Index places = grid.places();
  require(places > 0 && maps.cols() % places == 0, [&] {
    return "make_memory: expected images of " + std::to_string(grid.height) + " x " + std::to_string(grid.width) +
           " places side by side, not " + std::to_string(maps.cols()) + " columns";
  });
  lengths.assign(static_cast<std::size_t>(maps.cols() / places), places);
  memory.resize(maps.rows(), lengths);
  memory.values = maps;
  for (Index b = 0; b < memory.sentences(); ++b) memory.summary.col(b) = memory.values_of(b).rowwise().mean();
}

/// Backward of `make_memory`: overwrites d_maps. Throws unless d_memory has values and a summary of one size.
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
