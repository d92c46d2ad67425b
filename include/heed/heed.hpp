#pragma once

/// Includes all of heed except compiled/, io/ and text/. The folders are listed in the order of their
/// dependencies: a folder includes only itself and the folders above it.

// clang-format off

#include <heed/core/errors.hpp>
#include <heed/core/checks.hpp>
#include <heed/core/settings.hpp>
#include <heed/core/thread_pool.hpp>
#include <heed/core/scalar.hpp>
#include <heed/core/types.hpp>
#include <heed/core/sentences.hpp>
#include <heed/core/link.hpp>
#include <heed/core/parameters.hpp>
#include <heed/core/variant.hpp>
#include <heed/core/packed_batch.hpp>
#include <heed/core/sentence_ranges.hpp>
#include <heed/core/valid_mask.hpp>
#include <heed/core/random.hpp>
#include <heed/core/random_streams.hpp>

#include <heed/expressions/scores.hpp>
#include <heed/expressions/softmax.hpp>
#include <heed/expressions/cells.hpp>
#include <heed/expressions/decoders.hpp>

#include <heed/kernels/rational_tanh.hpp>
#include <heed/kernels/columns.hpp>
#include <heed/kernels/numbers.hpp>
#include <heed/kernels/packets.hpp>
#include <heed/kernels/storage.hpp>
#include <heed/kernels/accumulate_product.hpp>
#include <heed/kernels/tile.hpp>
#include <heed/kernels/eigen_product.hpp>
#include <heed/kernels/product.hpp>
#include <heed/kernels/walk.hpp>
#include <heed/kernels/gates.hpp>
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
#include <heed/kernels/tanh_kernel.hpp>
#include <heed/kernels/tanh_tile.hpp>
#include <heed/kernels/additive.hpp>
#include <heed/kernels/softmax.hpp>
#include <heed/kernels/threshold.hpp>
#include <heed/kernels/lstm_gates.hpp>
#include <heed/kernels/standardize.hpp>
#include <heed/kernels/online_softmax.hpp>
#include <heed/kernels/bfloat16_columns.hpp>
#include <heed/kernels/weight.hpp>
#include <heed/kernels/products.hpp>

#include <heed/layers/windows.hpp>
#include <heed/layers/activations.hpp>
#include <heed/layers/dropout.hpp>
#include <heed/layers/embedding.hpp>
#include <heed/layers/linear.hpp>
#include <heed/layers/layer_norm.hpp>
#include <heed/layers/positional_encoding.hpp>
#include <heed/layers/multi_head_attention.hpp>
#include <heed/layers/attention_pooling.hpp>
#include <heed/layers/conv2d.hpp>
#include <heed/layers/pool2d.hpp>

#include <heed/losses/cross_entropy.hpp>
#include <heed/losses/attention_penalty.hpp>
#include <heed/losses/guided_alignment.hpp>

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
#include <heed/normalizers/any_normalizer.hpp>

#include <heed/attention/memory.hpp>
#include <heed/attention/annotations.hpp>
#include <heed/attention/attention_mechanism.hpp>
#include <heed/attention/attention.hpp>
#include <heed/attention/attention_layer.hpp>
#include <heed/attention/local.hpp>
#include <heed/attention/monotonic.hpp>
#include <heed/attention/any_attention.hpp>
#include <heed/attention/gated.hpp>

#include <heed/encoders/recurrence.hpp>
#include <heed/encoders/encoder.hpp>
#include <heed/encoders/image_encoder.hpp>
#include <heed/encoders/transformer_encoder_layer.hpp>

#include <heed/decoders/stack.hpp>
#include <heed/decoders/bridge.hpp>
#include <heed/decoders/readout.hpp>
#include <heed/decoders/maxout_readout.hpp>
#include <heed/decoders/deep_output.hpp>
#include <heed/decoders/state_readout.hpp>
#include <heed/decoders/decoder_tape.hpp>
#include <heed/decoders/decoder_parts.hpp>
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

#include <heed/models/token_batch.hpp>
#include <heed/models/output_layer.hpp>
#include <heed/models/loss_options.hpp>
#include <heed/models/scheduled_sampling.hpp>
#include <heed/models/seq2seq.hpp>
#include <heed/models/sentence_classifier.hpp>
#include <heed/models/prepack.hpp>

#include <heed/search/hypothesis.hpp>
#include <heed/search/search_options.hpp>
#include <heed/search/candidates.hpp>
#include <heed/search/decoding.hpp>
#include <heed/search/search.hpp>
#include <heed/search/ensemble.hpp>
#include <heed/search/sampling.hpp>
#include <heed/search/streaming.hpp>
#include <heed/search/scoring.hpp>

#include <heed/training/initialization.hpp>
#include <heed/training/gradient_check.hpp>
#include <heed/training/optimizers.hpp>
#include <heed/training/schedules.hpp>
#include <heed/training/moving_average.hpp>
#include <heed/training/batches.hpp>
#include <heed/training/communicator.hpp>
#include <heed/training/trainer.hpp>
#include <heed/training/word_dropout.hpp>
#include <heed/training/fit.hpp>
