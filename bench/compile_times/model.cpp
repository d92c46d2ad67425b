// One model, to see what it adds to a program: the loss of a batch and the search for translations.

#include <heed/cells/gru.hpp>
#include <heed/decoders/bahdanau.hpp>
#include <heed/encoders/encoder.hpp>
#include <heed/models/seq2seq.hpp>
#include <heed/scorers/additive.hpp>
#include <heed/search/search.hpp>

using Cell = heed::GruCell<float>;
using Model = heed::Seq2Seq<heed::Encoder<Cell>, heed::BahdanauDecoder<Cell, heed::AdditiveScorer<float>>>;
using Sentences = std::vector<std::span<const heed::Token>>;

auto loss(const Model& model, const Sentences& sources, const Sentences& targets, heed::Seq2SeqTape<float>& tape) {
  return model.loss(sources, targets, tape);
}

void translate(const Model& model, const Sentences& sources, heed::SearchWorkspace<float>& work,
               std::vector<heed::Hypothesis<float>>& found) {
  heed::search(model, sources, {}, work, found);
}
