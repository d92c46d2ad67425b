"""Exports the model of the PyTorch tutorial "NLP From Scratch: Translation with a Sequence to Sequence Network and
Attention" (intermediate/seq2seq_translation_tutorial) for heed (docs/pytorch.md).

Call at the end of the tutorial:

    pip install safetensors numpy

    from export_tutorial import export_tutorial
    export_tutorial("tutorial.safetensors", encoder, decoder, input_lang, output_lang, *random.choice(pairs))
"""

import torch
from safetensors.torch import save_file

SOS_token, EOS_token = 0, 1


@torch.no_grad()
def export_tutorial(path, encoder, decoder, input_lang, output_lang, source, target):
    """Writes both state dicts, the words of both languages, and a test vector: the log-probabilities of the words of
    `target` and of EOS, the attention weights, and the greedy translation of `source`."""
    encoder.eval()
    decoder.eval()
    device = next(encoder.parameters()).device
    source_ids = [input_lang.word2index[word] for word in source.split(" ")] + [EOS_token]
    target_ids = [output_lang.word2index[word] for word in target.split(" ")]

    memory, hidden = encoder(torch.tensor([source_ids], device=device))
    greedy = decoder(memory, hidden)[0][0].argmax(-1).tolist()
    greedy = greedy[: greedy.index(EOS_token)] if EOS_token in greedy else greedy
    log_probabilities, weights = [], []
    for previous, word in zip([SOS_token, *target_ids], [*target_ids, EOS_token]):
        logits, hidden, attention = decoder.forward_step(torch.tensor([[previous]], device=device), hidden, memory)
        log_probabilities.append(torch.log_softmax(logits[0, 0], -1)[word])
        weights.append(attention[0, 0])

    tensors = {f"encoder.{name}": tensor for name, tensor in encoder.state_dict().items()}
    tensors |= {f"decoder.{name}": tensor for name, tensor in decoder.state_dict().items()}
    tensors |= {
        "heed.test.input.0": torch.tensor(source_ids),
        "heed.test.input.1": torch.tensor(target_ids),
        "heed.test.output.0": torch.stack(log_probabilities),
        "heed.test.output.1": torch.stack(weights),
    }
    metadata = {
        "source.words": " ".join(input_lang.index2word[i] for i in range(input_lang.n_words)),
        "target.words": " ".join(output_lang.index2word[i] for i in range(output_lang.n_words)),
        "test.source": source,
        "test.translation": " ".join(output_lang.index2word[i] for i in greedy),
    }
    save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, path, metadata)
