#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weight and bias gradients of one layer, f(X) = gain_out ⊙ N(W (gain_in ⊙ X)) + b, equation (95) with a bias of zero.

    python3 layers.py

Writes layers.safetensors with PyTorch's own normalisations and autograd in double precision. Compares them with the
definition of N by finite differences, and with what invariance demands. Needs NumPy, PyTorch, safetensors. Deterministic.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional

HERE = os.path.dirname(os.path.abspath(__file__))
INPUTS, BATCH = 7, 6


def normalised(y, kind, epsilon):
    """N of y [outputs, batch]: over the batch of each output, over the outputs of each example, or not at all."""
    if kind == "identity":
        return y
    axis = {"batch": 1, "layer": 0}[kind]
    centred = y - y.mean(axis, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis, keepdims=True) + epsilon)


def normalised_torch(y, kind, epsilon):
    if kind == "batch" and epsilon == 0:  # batch_norm refuses 0.
        return functional.layer_norm(y, (y.shape[1],), eps=0)
    if kind == "batch":
        return functional.batch_norm(y.T, None, None, training=True, eps=epsilon).T
    if kind == "layer":
        return functional.layer_norm(y.T, (y.shape[0],), eps=epsilon).T
    return y


def finite_differences(loss, p, step=1e-4):
    """Fourth order: the error is step⁴ of the fifth derivative, and 1e-16 / step of rounding."""
    gradient = np.zeros_like(p)
    for place in np.ndindex(p.shape):
        def at(shift):
            moved = p.copy()
            moved[place] += shift
            return loss(moved)
        gradient[place] = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)
    return gradient


random = np.random.default_rng(6)
tensors = {}
for outputs in (5, 18):
    weight = random.uniform(-1, 1, (outputs, INPUTS)) / np.sqrt(INPUTS)
    x = random.normal(size=(INPUTS, BATCH))
    gain_in, gain_out = random.normal(size=(INPUTS, 1)), random.normal(size=(outputs, 1))
    output_gradient = random.normal(size=(outputs, BATCH)) / (outputs * BATCH)
    prefix = f"{outputs}"
    tensors |= {
        f"{prefix}/weight": weight, f"{prefix}/x": x, f"{prefix}/gain_in": gain_in[:, 0],
        f"{prefix}/gain_out": gain_out[:, 0], f"{prefix}/output_gradient": output_gradient,
    }
    for kind, epsilon in (("batch", 0), ("batch", 1e-5), ("layer", 0), ("layer", 1e-5), ("identity", 0)):
        w = torch.tensor(weight, requires_grad=True)
        b = torch.zeros(outputs, dtype=torch.float64, requires_grad=True)
        y = torch.tensor(gain_out) * normalised_torch(w @ torch.tensor(gain_in * x), kind, epsilon) + b[:, None]
        y.backward(torch.tensor(output_gradient))
        y, of_weight, of_bias = y.detach().numpy(), w.grad.numpy(), b.grad.numpy()

        def output(weight, bias=np.zeros(outputs)):
            return gain_out * normalised(weight @ (gain_in * x), kind, epsilon) + bias[:, None]

        assert np.allclose(output(weight), y, rtol=0, atol=1e-14 * np.max(np.abs(y)))
        for ours, loss, p in (
            (of_weight, lambda weight: np.sum(output_gradient * output(weight)), weight),
            (of_bias, lambda bias: np.sum(output_gradient * output(weight, bias)), np.zeros(outputs)),
        ):
            error = np.max(np.abs(finite_differences(loss, p) - ours)) / np.max(np.abs(ours))
            assert error < 1e-9, (outputs, kind, epsilon, error)
        # A scale-invariant weight has a gradient orthogonal to it: each row, or the matrix as a whole.
        radial = np.abs(np.sum(of_weight * weight, axis=1))
        if kind == "batch" and epsilon == 0:
            assert np.max(radial) < 1e-15
        if kind == "layer" and epsilon == 0:
            assert abs(np.sum(of_weight * weight)) < 1e-15 and np.max(radial) > 1e-4
        name = kind if kind == "identity" else f"{kind}/{epsilon:g}"
        tensors |= {
            f"{prefix}/{name}/output": y, f"{prefix}/{name}/weight_gradient": of_weight,
            f"{prefix}/{name}/bias_gradient": of_bias,
        }

path = os.path.join(HERE, "layers.safetensors")
save_file({name: torch.tensor(np.ascontiguousarray(value)) for name, value in tensors.items()}, path)
os.chmod(path, 0o644)
