#pragma once

/// heed: attention on Eigen. Everything but files, pictures and text, in the order data flows.

// The order is the lesson, and not the alphabet's.
// clang-format off

// Words
#include <heed/errors.hpp>
#include <heed/threads.hpp>
#include <heed/scalar.hpp>
#include <heed/types.hpp>
#include <heed/parameters.hpp>
#include <heed/variant.hpp>
#include <heed/packing.hpp>
#include <heed/sentence_ranges.hpp>
#include <heed/grid.hpp>
#include <heed/random.hpp>

// Arithmetic
#include <heed/kernels/rational_tanh.hpp>
#include <heed/kernels/packets.hpp>
#include <heed/kernels/storage.hpp>
#include <heed/kernels/tile.hpp>
#include <heed/kernels/product.hpp>
#include <heed/kernels/panels.hpp>
#include <heed/kernels/small_matrix.hpp>
#include <heed/kernels/packed_matrix.hpp>
#include <heed/kernels/packed_backward.hpp>
#include <heed/kernels/outer_product.hpp>
#include <heed/kernels/transposed_product.hpp>
#include <heed/kernels/weighted_sum.hpp>
#include <heed/kernels/dot.hpp>
#include <heed/kernels/shared_division.hpp>
#include <heed/kernels/exponential_columns.hpp>
#include <heed/kernels/tanh_match.hpp>
#include <heed/kernels/tanh_tile.hpp>
#include <heed/kernels/additive.hpp>
#include <heed/kernels/softmax.hpp>
#include <heed/kernels/threshold.hpp>
#include <heed/kernels/lstm_gates.hpp>
#include <heed/kernels/standardize.hpp>
#include <heed/kernels/one_pass.hpp>
#include <heed/kernels/narrow_columns.hpp>
#include <heed/products.hpp>
#include <heed/math.hpp>
#include <heed/loss.hpp>
#include <heed/init.hpp>
#include <heed/attention_penalty.hpp>

// Parts
#include <heed/layers/dropout.hpp>
#include <heed/layers/embedding.hpp>
#include <heed/layers/linear.hpp>
#include <heed/layers/layer_norm.hpp>
#include <heed/layers/positional_encoding.hpp>
#include <heed/layers/multi_head_attention.hpp>
#include <heed/layers/attention_pooling.hpp>
#include <heed/layers/conv2d.hpp>
#include <heed/layers/pool2d.hpp>
#include <heed/cells/cell.hpp>
#include <heed/cells/rnn.hpp>
#include <heed/cells/gru.hpp>
#include <heed/cells/gru_reset_before.hpp>
#include <heed/cells/context_gru.hpp>
#include <heed/cells/lstm.hpp>
#include <heed/cells/projected_lstm.hpp>
#include <heed/cells/layer_norm.hpp>
#include <heed/cells/layer_norm_lstm.hpp>
#include <heed/cells/layer_norm_gru.hpp>
#include <heed/cells/conventions.hpp>
#include <heed/cells/any_cell.hpp>
#include <heed/scorers/scorer.hpp>
#include <heed/scorers/dot.hpp>
#include <heed/scorers/general.hpp>
#include <heed/scorers/additive.hpp>
#include <heed/scorers/concat.hpp>
#include <heed/scorers/scaled_dot.hpp>
#include <heed/scorers/scaled_general.hpp>
#include <heed/scorers/normed_additive.hpp>
#include <heed/scorers/location.hpp>
#include <heed/scorers/coverage.hpp>
#include <heed/scorers/convolutional.hpp>
#include <heed/scorers/any_scorer.hpp>
#include <heed/normalizers/normalizer.hpp>
#include <heed/normalizers/softmax.hpp>
#include <heed/normalizers/temperature.hpp>
#include <heed/normalizers/sparsemax.hpp>
#include <heed/normalizers/entmax.hpp>

// Mechanisms
#include <heed/memory.hpp>
#include <heed/annotations.hpp>
#include <heed/look.hpp>
#include <heed/attention.hpp>
#include <heed/local_attention.hpp>
#include <heed/monotonic_attention.hpp>
#include <heed/any_look.hpp>
#include <heed/gated_attention.hpp>
#include <heed/recurrence.hpp>
#include <heed/encoder.hpp>
#include <heed/image_encoder.hpp>
#include <heed/transformer_encoder_layer.hpp>
#include <heed/stack.hpp>
#include <heed/bridge.hpp>
#include <heed/readout.hpp>
#include <heed/maxout_readout.hpp>
#include <heed/deep_output.hpp>

// Decoders
#include <heed/decoders/decoder.hpp>
#include <heed/decoders/context_decoder.hpp>
#include <heed/decoders/attentional_decoder.hpp>
#include <heed/decoders/plain.hpp>
#include <heed/decoders/cho.hpp>
#include <heed/decoders/sutskever.hpp>
#include <heed/decoders/bahdanau.hpp>
#include <heed/decoders/caption.hpp>
#include <heed/decoders/luong.hpp>
#include <heed/decoders/any_decoder.hpp>

// The model
#include <heed/seq2seq.hpp>
#include <heed/pack.hpp>
#include <heed/search.hpp>
#include <heed/gradient_check.hpp>
#include <heed/optimizer.hpp>
#include <heed/train.hpp>
