// Compares heed with plain Eigen, each expression in its fastest form, and with scalar loops.

#include "eigen_attention.hpp"
#include "eigen_recurrent.hpp"

int main(int argc, char** argv) {
  return compare::run(argc, argv, {{"eigen", compare::eigen()}, {"scalar", "loops"}},
                      [](compare::Comparison& comparison) {
                        compare::add_eigen_recurrent(comparison);
                        compare::add_eigen_small_cells(comparison);
                        compare::add_eigen_attention(comparison);
                      });
}
