#include <heed/cells/conventions.hpp>
#include <heed/decoders/bahdanau.hpp>
#include <heed/decoders/luong.hpp>
#include <heed/io/pytorch.hpp>
#include <heed/models/seq2seq.hpp>
#include <heed/scorers/any_scorer.hpp>

#include <gtest/gtest.h>
#include <support/refusal.hpp>
#include <support/stored.hpp>

namespace pytorch_names_test {

using heed::Index;
using heed::PytorchNames;

using Cell = heed::AnyCell<float>;
using Scorer = heed::AnyScorer<float>;
using Lines = std::vector<std::string>;

/// Returns "name shape" of every written tensor.
template <class P>
Lines tensors(const P& part, std::string_view prefix = "", const PytorchNames& names = {}) {
  const auto file = heed::test::stored(
      [&](heed::SafetensorsWriter& writer) { heed::to_pytorch(writer, part, prefix, {.names = names}); });
  Lines lines;
  for (const auto& [name, view] : file.tensors()) lines.push_back(name + ' ' + heed::detail::shape_text(view.shape));
  return lines;
}

Cell gru(Index input, Index hidden) { return heed::GruCell<float>(input, hidden); }

TEST(PytorchNames, MatchThePytorchModules) {
  EXPECT_EQ(tensors(heed::Linear<float>(2, 3), "out"), (Lines{"out.bias (3)", "out.weight (3, 2)"}));
  EXPECT_EQ(tensors(heed::Linear<float>(2, 3, false)), (Lines{"weight (3, 2)"}));
  EXPECT_EQ(tensors(heed::Embedding<float>(2, 5)), (Lines{"weight (5, 2)"}));
  EXPECT_EQ(tensors(heed::LayerNorm<float>(4)), (Lines{"bias (4)", "weight (4)"}));
  EXPECT_EQ(tensors(heed::MultiHeadAttention<float>({.size = 4, .heads = 2})),
            (Lines{"in_proj_bias (12)", "in_proj_weight (12, 4)", "out_proj.bias (4)", "out_proj.weight (4, 4)"}));
  EXPECT_EQ(tensors(heed::LstmCell<float>(2, 3)),
            (Lines{"bias_hh (12)", "bias_ih (12)", "weight_hh (12, 3)", "weight_ih (12, 2)"}));
}

TEST(PytorchNames, DistinguishOneColumnMatricesFromVectors) {
  EXPECT_EQ(tensors(heed::Linear<float, 1, 3>()), (Lines{"bias (3)", "weight (3, 1)"}));
  EXPECT_EQ(tensors(heed::Embedding<float, 1>(1, 5)), (Lines{"weight (5, 1)"}));
}

TEST(PytorchNames, NumberLayersAndDirections) {
  const auto make = [](Index input, Index hidden) { return heed::ProjectedLstmCell<float>(input, 3, hidden, false); };
  const heed::Encoder<heed::ProjectedLstmCell<float>> encoder(
      {.input_size = 4, .hidden_size = 2, .layers = 2, .bidirectional = true}, make);
  EXPECT_EQ(
      tensors(encoder, "rnn"),
      (Lines{"rnn.weight_hh_l0 (12, 2)", "rnn.weight_hh_l0_reverse (12, 2)", "rnn.weight_hh_l1 (12, 2)",
             "rnn.weight_hh_l1_reverse (12, 2)", "rnn.weight_hr_l0 (2, 3)", "rnn.weight_hr_l0_reverse (2, 3)",
             "rnn.weight_hr_l1 (2, 3)", "rnn.weight_hr_l1_reverse (2, 3)", "rnn.weight_ih_l0 (12, 4)",
             "rnn.weight_ih_l0_reverse (12, 4)", "rnn.weight_ih_l1 (12, 4)", "rnn.weight_ih_l1_reverse (12, 4)"}));
}

TEST(PytorchNames, ScorersMatchLinearModules) {
  EXPECT_EQ(tensors(heed::AdditiveScorer<float>(2, 3, 4, true)),
            (Lines{"U.bias (4)", "U.weight (4, 3)", "W.weight (4, 2)", "v.weight (1, 4)"}));
  EXPECT_EQ(tensors(Scorer(heed::ConcatScorer<float>(2, 3, 4))), (Lines{"W.weight (4, 5)", "v.weight (1, 4)"}));
  EXPECT_EQ(tensors(Scorer(heed::GeneralScorer<float>(2, 3))), (Lines{"W.weight (2, 3)"}));
  // PyTorch has no such module, so the name is heed's own.
  EXPECT_EQ(tensors(Scorer(heed::LocationScorer<float>(2, 3, 5))), (Lines{"W (5, 2)"}));
}

TEST(PytorchNames, DefaultToPathsOfTheModel) {
  const heed::LuongDecoder<Cell, Scorer> decoder(
      {.word_size = 2, .memory_size = 6, .hidden_size = 3, .layers = 2, .feature_size = 5},
      {heed::GeneralScorer<float>(3, 6), {}}, gru);
  EXPECT_EQ(tensors(decoder),
            (Lines{"W (5, 9)", "attention.scorer.W.weight (3, 6)", "bridge.layers.0.bias (3)",
                   "bridge.layers.0.weight (3, 6)", "bridge.layers.1.bias (3)", "bridge.layers.1.weight (3, 6)",
                   "stack.bias_hh_l0 (9)", "stack.bias_hh_l1 (9)", "stack.bias_ih_l0 (9)", "stack.bias_ih_l1 (9)",
                   "stack.weight_hh_l0 (9, 3)", "stack.weight_hh_l1 (9, 3)", "stack.weight_ih_l0 (9, 7)",
                   "stack.weight_ih_l1 (9, 3)"}));
  EXPECT_EQ(tensors(decoder, "",
                    {{"W", "combine.weight"},
                     {"attention.scorer", "attn"},
                     {"bridge.layers", "start"},
                     {"stack", "gru"},
                     {"stack.layers.1", "cells.top"}}),
            (Lines{"attn.W.weight (3, 6)", "cells.top.bias_hh (9)", "cells.top.bias_ih (9)",
                   "cells.top.weight_hh (9, 3)", "cells.top.weight_ih (9, 3)", "combine.weight (5, 9)",
                   "gru.bias_hh_l0 (9)", "gru.bias_ih_l0 (9)", "gru.weight_hh_l0 (9, 3)", "gru.weight_ih_l0 (9, 7)",
                   "start.0.bias (3)", "start.0.weight (3, 6)", "start.1.bias (3)", "start.1.weight (3, 6)"}));
}

TEST(PytorchNames, ContainATiedOutputLayerTwice) {
  const heed::BahdanauDecoder<Cell, Scorer> decoder(
      {.word_size = 2, .memory_size = 3, .hidden_size = 3, .feature_size = 2}, {heed::DotScorer<float>(3), {}}, gru);
  const heed::Seq2Seq<heed::Encoder<Cell>, heed::BahdanauDecoder<Cell, Scorer>> model(
      {.source_vocabulary = 5, .target_vocabulary = 7, .tied_embeddings = true},
      heed::Encoder<Cell>({.input_size = 4, .hidden_size = 3}, gru), decoder);
  const auto ours = tensors(model), named = tensors(model, "", {{"target", "words"}, {"output", "out"}});
  const auto has = [](const Lines& lines, const std::string& line) {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  };
  EXPECT_TRUE(has(ours, "target.weight (7, 2)") && has(ours, "output.weight (7, 2)") && has(ours, "output.bias (7)"));
  EXPECT_TRUE(has(named, "words.weight (7, 2)") && has(named, "out.weight (7, 2)") && has(named, "out.bias (7)"));
}

TEST(PytorchNames, ContainASharedTableOncePerName) {
  const heed::BahdanauDecoder<Cell, Scorer> decoder(
      {.word_size = 2, .memory_size = 3, .hidden_size = 3, .feature_size = 2}, {heed::DotScorer<float>(3), {}}, gru);
  const heed::Seq2Seq<heed::Encoder<Cell>, heed::BahdanauDecoder<Cell, Scorer>> model(
      {.source_vocabulary = 7, .target_vocabulary = 7, .tied_embeddings = true, .shared_embeddings = true},
      heed::Encoder<Cell>({.input_size = 2, .hidden_size = 3}, gru), decoder);
  const auto count = [](const Lines& lines, const std::string& line) {
    return std::count(lines.begin(), lines.end(), line);
  };
  const Lines three = tensors(model);
  for (const char* const line : {"source.weight (7, 2)", "target.weight (7, 2)", "output.weight (7, 2)"}) {
    EXPECT_EQ(count(three, line), 1) << line;
  }
  const Lines two = tensors(model, "", {{"source", "words"}, {"target", "words"}});
  EXPECT_EQ(two.size() + 1, three.size());
  EXPECT_EQ(count(two, "words.weight (7, 2)"), 1);
  EXPECT_EQ(count(two, "output.weight (7, 2)"), 1);
}

TEST(PytorchNames, RejectGrusThatPytorchDoesNotHave) {
  const heed::GruCell<float, heed::Dynamic, heed::Dynamic, heed::GruForm{false, true}> flipped(2, 3);
  EXPECT_EQ(refusal([&] { tensors(flipped); }),
            "the update gate of PyTorch's GRU keeps the old state; call flip_update(cell) first");
  EXPECT_EQ(refusal([&] { tensors(heed::flip_update(flipped)); }), "accepted");
  const Cell before = heed::GruCell<float, heed::Dynamic, heed::Dynamic, heed::gru_forms::cho>(2, 3);
  EXPECT_EQ(refusal([&] { tensors(before); }), "PyTorch has no GRU with reset_before");
}

}  // namespace pytorch_names_test
