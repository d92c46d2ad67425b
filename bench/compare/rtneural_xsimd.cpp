// xsimd with packets of at most 8 floats: with 16, RTNeural reads past the end of the weights of sizes such as 8 and
// 24.

#define RTNEURAL_NAMESPACE RTNeuralXsimd
#define RTNEURAL_USE_XSIMD 1
#define RTNEURAL_DEFAULT_ALIGNMENT 32

#include <xsimd/xsimd.hpp>

#include <cstddef>

namespace compare::RTNeuralXsimd {

using Batch = xsimd::simd_type<float>;

inline constexpr int batch_size = static_cast<int>(Batch::size);

/// The input in full packets.
template <class Layer>
using Input = Batch[static_cast<std::size_t>((Layer::in_size + batch_size - 1) / batch_size)];

template <class Layer>
void read(const float* from, Input<Layer>& to) {
  if constexpr (Layer::in_size == 1) {
    to[0] = Batch(*from);
  } else {
    for (Batch& batch : to) {
      batch = Batch::load_unaligned(from);
      from += batch_size;
    }
  }
}

template <class Layer>
void write(const Layer& layer, float* to) {
  for (const Batch& batch : layer.outs) {
    batch.store_unaligned(to);
    to += batch_size;
  }
}

}  // namespace compare::RTNeuralXsimd

#include "rtneural_layers.hpp"

namespace compare {

static_assert(RTNeuralXsimd::batch_size <= 8);

std::unique_ptr<RtneuralCell> make_rtneural_xsimd(const CellWeights& weights) {
  return RTNeuralXsimd::make<8, 16, 24, 32, 64>(weights);
}

}  // namespace compare
