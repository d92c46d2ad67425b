"""Writes what heed needs of a PyTorch module to one safetensors file: its state dict, and a test vector.

    pip install torch safetensors numpy

    from export import export
    export("encoder.safetensors", nn.GRU(8, 16, bidirectional=True), torch.randn(12, 1, 8))

The test vector is what the module makes of the inputs given, under the names heed.test.input.0, ... and
heed.test.output.0, ..., so that heed can tell whether it computes the same (PytorchTestVector, docs/pytorch.md).
"""

import copy

import torch
from safetensors.torch import save_file


def tensors_of(results):
    """The tensors of what a module returns, be it one, a tuple, or tuples in a tuple."""
    if isinstance(results, torch.Tensor):
        return [results]
    return [tensor for result in results for tensor in tensors_of(result)]


def export(path, module, *inputs, call=None, dtype=None, metadata=None):
    """Writes the file.

    call      what to run instead of module(*inputs): call(module, *inputs)
    dtype     torch.float16, torch.bfloat16, ...: numbers are stored as these, and the test vector is that of the
              rounded module. The module itself is left as it is.
    metadata  a dict of strings to go with it
    """
    module = copy.deepcopy(module).eval()
    with torch.no_grad():
        for parameter in module.parameters() if dtype else []:
            parameter.copy_(parameter.to(dtype))
        outputs = tensors_of(call(module, *inputs) if call else module(*inputs))
    tensors = {
        # safetensors refuses tensors that share memory, as those of a tied output layer do: each is written by itself
        name: tensor.to(dtype if dtype and tensor.is_floating_point() else tensor.dtype).clone().contiguous()
        for name, tensor in module.state_dict().items()
    }
    for kind, given in (("input", inputs), ("output", outputs)):
        tensors |= {f"heed.test.{kind}.{i}": tensor.detach().clone().contiguous() for i, tensor in enumerate(given)}
    save_file(tensors, path, metadata)
