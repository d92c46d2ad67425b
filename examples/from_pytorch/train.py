"""Trains a translator with attention in PyTorch, in about a minute, and exports it for heed.

    pip install torch safetensors numpy
    python3 examples/from_pytorch/train.py --decoder bahdanau --save bahdanau.safetensors
    from_pytorch bahdanau.safetensors --check
    echo "the queen sleeps in the garden ." | from_pytorch bahdanau.safetensors

The file holds the state dict, the configuration and the vocabularies (metadata under "config." and "vocabulary."), a
test vector, and translations of test sentences that heed must reproduce.

The modules follow the papers and have the structure of heed's decoders:

    Bahdanau, Cho & Bengio 2015   the query is the previous state; the input of the GRU is [word; context]; the input of
                                  the readout is [state; context; word]
    Luong, Pham & Manning 2015    the query is the current state; h~ = tanh(W [c; h]) is the input of the output layer;
                                  the input of the GRU is [word; previous h~]; the initial state is the encoder's final
                                  state
"""

import argparse
import pathlib
import random
import sys
import time

import torch
from export import export
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

DATA = pathlib.Path(__file__).parent.parent / "data"
SPECIAL = ["<unk>", "<s>", "</s>"]
BEGIN, END = 1, 2


class Encoder(nn.Module):
    def __init__(self, words, embedding, hidden, bidirectional):
        super().__init__()
        self.embedding = nn.Embedding(words, embedding)
        self.gru = nn.GRU(embedding, hidden, bidirectional=bidirectional, batch_first=True)

    def forward(self, sources):
        """The states of all words (padded), the mask of the words, and the concatenated final states."""
        lengths = torch.tensor([len(source) for source in sources])
        words = self.embedding(pad_sequence(sources, batch_first=True))
        packed, last = self.gru(pack_padded_sequence(words, lengths, batch_first=True, enforce_sorted=False))
        memory = pad_packed_sequence(packed, batch_first=True)[0]
        return memory, torch.arange(memory.shape[1]) < lengths[:, None], torch.cat(list(last), 1)


class Additive(nn.Module):
    """v' tanh(W q + U h)"""

    def __init__(self, query, memory, alignment):
        super().__init__()
        self.W = nn.Linear(query, alignment, bias=False)
        self.U = nn.Linear(memory, alignment, bias=False)
        self.v = nn.Linear(alignment, 1, bias=False)

    def forward(self, query, memory):
        return self.v(torch.tanh(self.W(query)[:, None] + self.U(memory)))[..., 0]


class General(nn.Module):
    """q' W h"""

    def __init__(self, query, memory):
        super().__init__()
        self.W = nn.Linear(memory, query, bias=False)

    def forward(self, query, memory):
        return (self.W(memory) @ query[..., None])[..., 0]


class Dot(nn.Module):
    """q' h"""

    def forward(self, query, memory):
        return (memory @ query[..., None])[..., 0]


def look(score, query, memory, mask):
    weights = torch.softmax(score(query, memory).masked_fill(~mask, -torch.inf), 1)
    return (weights[:, None] @ memory)[:, 0]


class BahdanauDecoder(nn.Module):
    def __init__(self, words, embedding, memory, hidden, scorer):
        super().__init__()
        self.embedding = nn.Embedding(words, embedding)
        self.start = nn.Linear(memory, hidden)
        self.attention = scorer
        self.gru = nn.GRU(embedding + memory, hidden)
        self.readout = nn.Linear(hidden + memory + embedding, hidden)
        self.output = nn.Linear(hidden, words)

    def begin(self, last):
        return (torch.tanh(self.start(last)),)

    def step(self, word, memory, mask, state):
        x = self.embedding(word)
        context = look(self.attention, state, memory, mask)
        state = self.gru(torch.cat([x, context], 1)[None], state[None])[1][0]
        features = torch.tanh(self.readout(torch.cat([state, context, x], 1)))
        return self.output(features), (state,)


class LuongDecoder(nn.Module):
    def __init__(self, words, embedding, memory, hidden, scorer):
        super().__init__()
        self.embedding = nn.Embedding(words, embedding)
        self.attention = scorer
        self.gru = nn.GRU(embedding + hidden, hidden)
        self.combine = nn.Linear(memory + hidden, hidden, bias=False)
        self.output = nn.Linear(hidden, words)

    def begin(self, last):
        return last, torch.zeros_like(last)

    def step(self, word, memory, mask, state, fed):
        state = self.gru(torch.cat([self.embedding(word), fed], 1)[None], state[None])[1][0]
        context = look(self.attention, state, memory, mask)
        features = torch.tanh(self.combine(torch.cat([context, state], 1)))
        return self.output(features), (state, features)


class Translator(nn.Module):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, sources, fed):
        """The logits for the decoder inputs `fed`, padded: (sentences, steps, words)."""
        memory, mask, last = self.encoder(sources)
        state, scores = self.decoder.begin(last), []
        for word in pad_sequence(fed, batch_first=True, padding_value=END).T:
            logits, state = self.decoder.step(word, memory, mask, *state)
            scores.append(logits)
        return torch.stack(scores, 1)

    @torch.no_grad()
    def translate(self, source):
        """Greedy search. Returns the words without </s>."""
        memory, mask, last = self.encoder([source])
        state, word, words = self.decoder.begin(last), BEGIN, []
        while len(words) < 2 * len(source) + 10:
            logits, state = self.decoder.step(torch.tensor([word]), memory, mask, *state)
            logits[0, BEGIN] = -torch.inf
            word = int(logits.argmax())
            if word == END:
                break
            words.append(word)
        return words


def read_pairs(name, longest):
    lines = (DATA / name).read_text().splitlines()
    pairs = [tuple(text.split() for text in line.split("\t")[:2]) for line in lines]
    return [pair for pair in pairs if max(map(len, pair)) <= longest]


def vocabulary(sentences, least):
    """The index of every word, in the order of heed's vocabularies."""
    counts = {}
    for sentence in sentences:
        for word in sentence:
            counts[word] = counts.get(word, 0) + 1
    kept = [word for word in counts if counts[word] >= least]
    kept.sort(key=lambda word: (-counts[word], word))
    return {word: i for i, word in enumerate(SPECIAL + kept)}


def numbers(sentence, words):
    return torch.tensor([words.get(word, 0) for word in sentence])


def train(model, pairs, epochs, rate, batch):
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    updates = epochs * (len(pairs) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, updates, pct_start=0.1)
    for epoch in range(epochs):
        random.shuffle(pairs)
        total, start = 0.0, time.monotonic()
        for i in range(len(pairs) // batch):
            some = pairs[i * batch : (i + 1) * batch]
            fed = [torch.cat([torch.tensor([BEGIN]), target]) for _, target in some]
            wanted = pad_sequence([torch.cat([t, torch.tensor([END])]) for _, t in some], True, padding_value=-1)
            scores = model([source for source, _ in some], fed)
            loss = nn.functional.cross_entropy(scores.flatten(0, 1), wanted.flatten(), ignore_index=-1)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item()
        mean, seconds = total / (len(pairs) // batch), time.monotonic() - start
        print(f"epoch {epoch + 1}: loss {mean:.3f}, {seconds:.1f} s", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--decoder", choices=["bahdanau", "luong"], default="bahdanau")
    parser.add_argument("--scorer", choices=["additive", "general", "dot"], help="default: additive; general for luong")
    parser.add_argument("--save", required=True, help="file to write")
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--embedding", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--longest", type=int, default=8, help="maximum words per sentence; longer pairs are left out")
    parser.add_argument("--least", type=int, default=1, help="minimum frequency of a word; rarer words become <unk>")
    parser.add_argument("--sentences", type=int, default=300, help="number of test translations to store")
    parser.add_argument("--dtype", choices=["float32", "float16", "bfloat16"], default="float32")
    given = parser.parse_args()
    scorer = given.scorer or ("additive" if given.decoder == "bahdanau" else "general")
    bidirectional = given.decoder == "bahdanau"
    if scorer == "dot" and bidirectional:
        parser.error("--scorer dot needs memory and query of the same size; use --decoder luong")
    torch.manual_seed(1)
    torch.set_num_threads(1)  # the matrices are too small for several threads
    random.seed(1)

    pairs = read_pairs("train.tsv", given.longest)
    words = [vocabulary(side, given.least) for side in zip(*pairs)]
    memory, hidden = given.hidden * (1 + bidirectional), given.hidden
    encoder = Encoder(len(words[0]), given.embedding, hidden, bidirectional)
    make_scorer = {"additive": lambda: Additive(hidden, memory, hidden), "general": lambda: General(hidden, memory)}
    make_decoder = BahdanauDecoder if given.decoder == "bahdanau" else LuongDecoder
    score = make_scorer.get(scorer, Dot)()
    model = Translator(encoder, make_decoder(len(words[1]), given.embedding, memory, hidden, score))
    train(model, [tuple(map(numbers, pair, words)) for pair in pairs], given.epochs, rate=1e-2, batch=128)

    dtype = getattr(torch, given.dtype)
    model.to(dtype).float().eval()  # translate with the parameters that are stored
    tests = read_pairs("test_iid.tsv", given.longest)[: given.sentences]
    written = list(words[1])
    found = [[written[word] for word in model.translate(numbers(source, words[0]))] for source, _ in tests]
    right = sum(translation == target for translation, (_, target) in zip(found, tests))
    print(f"{right} of {len(tests)} test sentences are translated correctly", file=sys.stderr)
    config = {
        "cell": "gru",
        "scorer": scorer,
        "decoder": given.decoder,
        "layers": "1",
        "hidden": str(hidden),
        "embedding": str(given.embedding),
        "bidirectional": str(int(bidirectional)),
        "input_feeding": "1",
        "dropout": "0",
        "copy_states": str(int(given.decoder == "luong")),
    }
    metadata = {f"config.{name}": value for name, value in config.items()} | {
        "format": "heed-pytorch-1",
        "vocabulary.source": "\n".join(words[0]),
        "vocabulary.target": "\n".join(words[1]),
        "heed.test.sources": "".join(" ".join(source) + "\n" for source, _ in tests),
        "heed.test.translations": "".join(" ".join(translation) + "\n" for translation in found),
    }
    source, target = map(numbers, min(pairs, key=lambda pair: abs(len(pair[0]) - 4)), words)
    fed = torch.cat([torch.tensor([BEGIN]), target])
    export(given.save, model, source, target, call=lambda m, s, _: m([s], [fed])[0], dtype=dtype, metadata=metadata)


if __name__ == "__main__":
    main()
