#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes python.safetensors with the Python package and reads swift.safetensors with it.

    python3 files.py

Needs PyTorch (2.13.0) and safetensors (0.8.0). Deterministic.
"""

import os

import torch
from safetensors import safe_open
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
VALUES = [0.0, -0.0, 1.0, -1.5, 0.1, 65504.0, 6e-8, float("inf")]

tensors = {
    name: torch.tensor(VALUES, dtype=torch.float64).to(kind).reshape(2, 4)
    for name, kind in (
        ("F64", torch.float64), ("F32", torch.float32),
        ("BF16", torch.bfloat16), ("F16", torch.float16),
    )
}
tensors["I64"] = torch.tensor([-(2**63), 2**53 - 1])
tensors["U64"] = torch.tensor([2**64 - 1, 2**53 + 1], dtype=torch.uint64)
tensors["U32"] = torch.tensor([2**32 - 1], dtype=torch.uint32)
tensors["I32"] = torch.tensor([-(2**31)], dtype=torch.int32)
tensors["I16"] = torch.tensor([-2], dtype=torch.int16)
tensors["U16"] = torch.tensor([65535], dtype=torch.uint16)
tensors["I8"] = torch.tensor([-1], dtype=torch.int8)
tensors["U8"] = torch.tensor([255], dtype=torch.uint8)
tensors["BOOL"] = torch.tensor([True, False])
tensors["scalar/\"ω\""] = torch.tensor(7.0)
tensors["empty"] = torch.empty(0, 3)
PATH = os.path.join(HERE, "python.safetensors")
save_file(tensors, PATH, metadata={"format": "pt"})
os.chmod(PATH, 0o644)

# What the library wrote; its tests compare the bytes with this file.
with safe_open(os.path.join(HERE, "swift.safetensors"), framework="pt") as file:
    assert file.metadata() == {"step": "240", "name": "a/b \"c\""}
    assert sorted(file.keys()) == ["empty", "generator", "seed", "weight/step.0", "ω"]
    assert torch.equal(file.get_tensor("weight/step.0"), torch.tensor([[1.5, -0.1], [0.0, 2.0]], dtype=torch.float64))
    assert torch.equal(file.get_tensor("ω"), torch.tensor([0.1, -2.0, float("inf")]))
    assert torch.equal(file.get_tensor("generator"), torch.tensor([2**64 - 1], dtype=torch.uint64))
    assert file.get_tensor("seed").shape == () and file.get_tensor("seed").item() == 7
    assert file.get_tensor("empty").shape == (0, 4)
print("swift.safetensors reads as it should")
