"""Writes the state dict of a PyTorch module and a test vector to a safetensors file for heed.

    pip install torch safetensors numpy

    from export import export
    export("encoder.safetensors", nn.GRU(8, 16, bidirectional=True), torch.randn(12, 1, 8))

The test vector holds the inputs and the outputs of the module under the names heed.test.input.0, ... and
heed.test.output.0, ...; with it heed checks that it computes the same outputs (PytorchTestVector, docs/pytorch.md).
"""

import copy

import torch
from safetensors.torch import save_file


def tensors_of(results):
    """The tensors in the result of a module: a tensor, a tuple of tensors, or nested tuples."""
    if isinstance(results, torch.Tensor):
        return [results]
    return [tensor for result in results for tensor in tensors_of(result)]


def export(path, module, *inputs, call=None, dtype=None, metadata=None):
    """Writes the file.

    call      called as call(module, *inputs) instead of module(*inputs)
    dtype     torch.float16, torch.bfloat16, ...: the dtype of the stored tensors. The test vector is computed with the
              rounded parameters. The module itself does not change.
    metadata  a dict of strings to store in the file
    """
    module = copy.deepcopy(module).eval()
    with torch.no_grad():
        for parameter in module.parameters() if dtype else []:
            parameter.copy_(parameter.to(dtype))
        outputs = tensors_of(call(module, *inputs) if call else module(*inputs))
    tensors = {
        # safetensors rejects tensors that share memory, such as those of a tied output layer, so every tensor is copied
        name: tensor.to(dtype if dtype and tensor.is_floating_point() else tensor.dtype).clone().contiguous()
        for name, tensor in module.state_dict().items()
    }
    for kind, given in (("input", inputs), ("output", outputs)):
        tensors |= {f"heed.test.{kind}.{i}": tensor.detach().clone().contiguous() for i, tensor in enumerate(given)}
    save_file(tensors, path, metadata)
