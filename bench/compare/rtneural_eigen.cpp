#define RTNEURAL_NAMESPACE RTNeuralEigen
#define RTNEURAL_USE_EIGEN 1
#define RTNEURAL_DEFAULT_ALIGNMENT 32

// RTNeural stores all weights inside the layer, which exceeds Eigen's limit for objects on the stack.
#define EIGEN_STACK_ALLOCATION_LIMIT 0

#include <Eigen/Core>

namespace compare::RTNeuralEigen {

template <class Layer>
using Input = Eigen::Matrix<float, Layer::in_size, 1>;

template <class Layer>
void read(const float* from, Input<Layer>& to) {
  to = Eigen::Map<const Input<Layer>>(from);
}

template <class Layer>
void write(const Layer& layer, float* to) {
  Eigen::Map<Eigen::Matrix<float, Layer::out_size, 1>>{to} = layer.outs;
}

}  // namespace compare::RTNeuralEigen

#include "rtneural_layers.hpp"

namespace compare {

std::unique_ptr<RtneuralCell> make_rtneural_eigen(const CellWeights& weights) {
  return RTNeuralEigen::make<8, 16, 24, 32, 64>(weights);
}

}  // namespace compare
