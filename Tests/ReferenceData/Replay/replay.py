#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded gradients applied by each optimizer and by Algorithm 1, in NumPy, straight from the paper's equations.

    python3 replay.py           writes the files next to this script
    python3 replay.py --single  the same in single precision, compares with the files, writes nothing

Every standard optimizer but Lion is also run by torch.optim, and Algorithm 1 around those without ℓ2 takes its update from
torch.optim, too; both have to agree to 1e-13. Needs NumPy, PyTorch, safetensors. Deterministic.

An update is kept as two directions, p ← p − η (d_g + d_λ): what comes from gradients and what comes from the decay.
"""

import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
import torch
from safetensors.torch import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
SINGLE = "--single" in sys.argv
REAL = np.float32 if SINGLE else np.float64
ROWS, COLUMNS, STEPS, WARMUP = 6, 20, 240, 10
KEPT = (1, 2, 10, 100, 240)
DECAY = 0.1

# --- The optimizers, each for one parameter ------------------------------------------------------------------------------------


class SGDM:
    """(45); PyTorch's dampening (the first buffer is the undampened gradient) and Nesterov form."""

    def __init__(self, decay, momentum=0.9, dampening=0.0, nesterov=False):
        self.decay, self.momentum, self.dampening, self.nesterov = decay, momentum, dampening, nesterov
        self.moments = None

    def directions(self, p, g):
        parts = g, self.decay * p
        if self.moments is None:
            self.moments = [part.copy() for part in parts]
        else:
            self.moments = [self.momentum * m + (1 - self.dampening) * part for m, part in zip(self.moments, parts)]
        if self.nesterov:
            return [part + self.momentum * m for m, part in zip(self.moments, parts)]
        return self.moments


class AdamW:
    """(9)-(11)."""

    def __init__(self, decay, beta1=0.9, beta2=0.95, epsilon=1e-8):
        self.decay, self.beta1, self.beta2, self.epsilon = decay, beta1, beta2, epsilon
        self.t, self.m, self.v = 0, 0, 0

    def directions(self, p, g):
        self.t += 1
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        m, v = self.m / (1 - self.beta1**self.t), self.v / (1 - self.beta2**self.t)
        return m / (np.sqrt(v) + self.epsilon), self.decay * p


class AdamL2:
    """(76)-(78), the first moment in two parts."""

    def __init__(self, decay, beta1=0.9, beta2=0.95, epsilon=1e-8):
        self.decay, self.beta1, self.beta2, self.epsilon = decay, beta1, beta2, epsilon
        self.t, self.m_gradient, self.m_decay, self.v = 0, 0, 0, 0

    def directions(self, p, g):
        self.t += 1
        self.m_gradient = self.beta1 * self.m_gradient + (1 - self.beta1) * g
        self.m_decay = self.beta1 * self.m_decay + (1 - self.beta1) * self.decay * p
        self.v = self.beta2 * self.v + (1 - self.beta2) * (g + self.decay * p) ** 2
        root = np.sqrt(self.v / (1 - self.beta2**self.t)) + self.epsilon
        return [m / (1 - self.beta1**self.t) / root for m in (self.m_gradient, self.m_decay)]


class Lion:
    """(55)-(57), with sign(0) = 0."""

    margin = 1.0  # Smallest argument of a sign against the size of its two terms, over all runs.

    def __init__(self, decay, beta1=0.9, beta2=0.99):
        self.decay, self.beta1, self.beta2 = decay, beta1, beta2
        self.m = 0

    def directions(self, p, g):
        old, new = self.beta1 * self.m + 0 * g, (1 - self.beta1) * g
        size = np.abs(old) + np.abs(new)
        if np.any(size > 0):
            Lion.margin = min(Lion.margin, np.min(np.abs(old + new)[size > 0] / size[size > 0]))
        self.m = self.beta2 * self.m + (1 - self.beta2) * g
        return np.sign(old + new), self.decay * p


OPTIMIZERS = {
    "sgdm": lambda decay: SGDM(decay),
    "sgdm-nesterov": lambda decay: SGDM(decay, nesterov=True),
    "sgdm-dampening": lambda decay: SGDM(decay, dampening=0.3),
    "adamw": lambda decay: AdamW(decay),
    "adam-l2": lambda decay: AdamL2(decay),
    "lion": lambda decay: Lion(decay),
}


def torch_optimizer(name, groups):
    sgd = lambda **options: torch.optim.SGD(groups, lr=1.0, momentum=0.9, **options)
    adam = lambda kind: kind(groups, lr=1.0, betas=(0.9, 0.95), eps=1e-8, foreach=False)
    return {
        "sgdm": lambda: sgd(), "sgdm-nesterov": lambda: sgd(nesterov=True),
        "sgdm-dampening": lambda: sgd(dampening=0.3),
        "adamw": lambda: adam(torch.optim.AdamW), "adam-l2": lambda: adam(torch.optim.Adam),
    }[name]()


# --- Algorithm 1 ---------------------------------------------------------------------------------------------------------------


class Rotational:
    """Algorithm 1 for one parameter of Ω: a matrix of which each row (or the whole) is a neuronal weight vector."""

    def __init__(self, p, layer=False, centred=True, beta=0.9, epsilon=1e-8, factors=1.0):
        self.shape = p.shape
        self.beta, self.epsilon, self.centred, self.factors = beta, epsilon, centred, factors
        self.rows = (1, p.size) if layer else p.shape
        p = p.reshape(self.rows)
        self.norm = length(p)  # Line 3
        if centred:  # Line 4
            p = p - np.mean(p, axis=1, keepdims=True)
            p = self.norm * p / length(p)
        self.p, self.nu, self.t = p, 0, 0

    @property
    def weight(self):
        return self.p.reshape(self.shape)

    def turn(self, update, rate):
        """Lines 12-18, from Δ_g p / η."""
        p, delta = self.p, update.reshape(self.rows)
        self.t += 1
        projections = dot(delta, p) / dot(p, p) * p  # Line 13
        if self.centred:
            projections = projections + np.mean(delta, axis=1, keepdims=True)
        delta = delta - projections
        self.nu = self.beta * self.nu + (1 - self.beta) * dot(delta, delta)  # Line 14
        root = np.sqrt(self.nu / (1 - self.beta**self.t)) + self.epsilon
        p = p + rate * self.factors * self.norm * delta / root  # Line 16
        p = self.norm * p / length(p)  # Line 18
        if self.beta == 0:
            # As Δ ⟂ p, the tangent of the angle is the rate: what the algorithm is for. 0 where nothing moves.
            tangent = np.sqrt(np.maximum(dot(p, p) * dot(self.p, self.p) / dot(p, self.p) ** 2 - 1, 0))
            wanted = np.where(dot(delta, delta) > 0, rate * self.factors, 0)
            assert SINGLE or np.all(np.abs(tangent - wanted) < 1e-6 * rate), tangent
        self.p = p


def dot(a, b):
    return np.sum(a * b, axis=1, keepdims=True)


def length(p):
    return np.sqrt(dot(p, p))


# --- Recorded data -------------------------------------------------------------------------------------------------------------


def factor(step):
    """Warmup from a tenth, then a cosine to a tenth; steps count from 0."""
    if step < WARMUP:
        return (step + 1) / WARMUP
    return 0.1 + 0.9 * (1 + np.cos(np.pi * (step - WARMUP) / (STEPS - WARMUP))) / 2


LEARNING_RATE = np.array([0.02 * factor(step) for step in range(STEPS)])
ROTATION = np.array([0.05 * np.sqrt(factor(step)) for step in range(STEPS)])


def recorded():
    """Weights with a mean, gradients of many sizes, some zero. The README says why this seed."""
    random = np.random.default_rng(8)
    weight = random.uniform(-1, 1, (ROWS, COLUMNS)) / np.sqrt(COLUMNS) + 0.05
    bias = random.uniform(-1, 1, ROWS) / np.sqrt(COLUMNS)
    rows = 10.0 ** random.uniform(-2, 0.5, (ROWS, 1))
    columns = 10.0 ** random.uniform(-1, 1, COLUMNS)
    mean = random.normal(size=(ROWS, COLUMNS))
    gradients = []
    for step in range(STEPS):
        fading = 0.2 + np.exp(-step / 60)
        g = fading * rows * columns * (random.normal(size=(ROWS, COLUMNS)) + 0.3 * mean)
        g[random.uniform(size=g.shape) < 0.02] = 0
        g[:, 3] = 0  # An input that is never active
        if step < 5:
            g[::2, 7] = 0  # one that becomes so,
        if step < 2:
            g[5] = 0  # and a neuron that wakes up late.
        b = fading * rows[:, 0] * random.normal(size=ROWS)
        b[4] *= step > 3
        gradients.append((g, b))
    return weight, bias, gradients


# --- Runs ----------------------------------------------------------------------------------------------------------------------


def standard(name, weight, bias, gradients):
    """Decay acts on the matrix only."""
    weight, bias = weight.copy(), bias.copy()
    for_weight, for_bias = OPTIMIZERS[name](DECAY), OPTIMIZERS[name](0.0)
    for rate, (g, b) in zip(LEARNING_RATE.astype(REAL), gradients):
        weight = weight - rate * sum(for_weight.directions(weight, g))
        bias = bias - rate * sum(for_bias.directions(bias, b))
        yield {"weight": weight, "bias": bias}


def standard_torch(name, weight, bias, gradients):
    weight, bias = (torch.tensor(p, requires_grad=True) for p in (weight, bias))
    groups = [{"params": [weight], "weight_decay": DECAY}, {"params": [bias], "weight_decay": 0.0}]
    optimizer = torch_optimizer(name, groups)
    for rate, (g, b) in zip(LEARNING_RATE, gradients):
        weight.grad, bias.grad = torch.tensor(g), torch.tensor(b)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        yield {"weight": weight.detach().numpy().copy(), "bias": bias.detach().numpy().copy()}


def rotational(name, weight, bias, gradients, gain=False, **options):
    """The gradients are those of the effective weight; with a gain it is s·p, a row each."""
    wrapper = Rotational(weight, **options)
    gains, bias = np.ones(len(weight), REAL), bias.copy()
    for_weight, for_bias, for_gain = OPTIMIZERS[name](DECAY), OPTIMIZERS[name](0.0), OPTIMIZERS[name](0.0)
    for rate, rotation, (g, b) in zip(LEARNING_RATE.astype(REAL), ROTATION.astype(REAL), gradients):
        p = wrapper.weight
        if gain:
            gain_gradient = np.sum(g * p, axis=1)
            g = gains[:, None] * g
            gains = gains - rate * sum(for_gain.directions(gains, gain_gradient))
        from_gradient, _ = for_weight.directions(p, g)
        wrapper.turn(-from_gradient, rotation)
        bias = bias - rate * sum(for_bias.directions(bias, b))
        yield {"weight": wrapper.weight, "bias": bias, **({"gain": gains} if gain else {})}


def rotational_torch(name, weight, bias, gradients, **options):
    """The weight only; torch.optim steps from zero with a rate of 1 and no decay, so it leaves −d_g."""
    wrapper = Rotational(weight, **options)
    update = torch.zeros(weight.shape, dtype=torch.float64, requires_grad=True)
    optimizer = torch_optimizer(name, [{"params": [update], "weight_decay": 0.0}])
    for rotation, (g, _) in zip(ROTATION, gradients):
        update.data.zero_()
        update.grad = torch.tensor(g)
        optimizer.step()
        wrapper.turn(update.detach().numpy(), rotation)
        yield {"weight": wrapper.weight}


def kept(run, prefix, steps=KEPT):
    return {
        f"{prefix}/{name}/after.{count}": value
        for count, state in enumerate(run, 1) if count in steps for name, value in state.items()
    }


def agree(ours, theirs):
    for name, value in theirs.items():
        error = np.max(np.abs(ours[name] - value)) / np.max(np.abs(value))
        assert error < 1e-13, (name, error)


def save(file, tensors):
    """Writes, or compares when in single precision."""
    path = os.path.join(HERE, file)
    if not SINGLE:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        save_file({
            name: value if torch.is_tensor(value) else torch.tensor(np.ascontiguousarray(value))
            for name, value in tensors.items()
        }, path)
        os.chmod(path, 0o644)
        return
    stored, worst = load_file(path), {}
    for name, value in tensors.items():
        expected = stored[name].double().numpy()
        error = np.max(np.abs(value - expected)) / np.max(np.abs(expected))
        run = name.split("/")[0]
        worst[run] = max(worst.get(run, 0), error)
    print(file, {run: f"{error:.1e}" for run, error in worst.items()})


def main():
    weight, bias, gradients = recorded()
    if not SINGLE:
        save("weights.safetensors", {"weight": weight, "bias": bias})
        save("gradients.safetensors", {
            f"{name}/step.{step}": g for step, pair in enumerate(gradients) for name, g in zip(("weight", "bias"), pair)
        })
        save("schedule.safetensors", {"learning_rate": LEARNING_RATE, "rotation": ROTATION})
    weight, bias = weight.astype(REAL), bias.astype(REAL)
    gradients = [(g.astype(REAL), b.astype(REAL)) for g, b in gradients]
    data = weight, bias, gradients

    tensors = {}
    for name in OPTIMIZERS:
        ours = kept(standard(name, *data), name)
        if name != "lion" and not SINGLE:
            agree(ours, kept(standard_torch(name, *data), name))
        tensors |= ours
    save("standard.safetensors", tensors)

    tensors = {}
    for name in ("sgdm", "adamw", "adam-l2", "lion"):
        for layer in (False, True):
            for centred in (True, False):
                for beta in (0.9, 0.99, 0):
                    options = dict(layer=layer, centred=centred, beta=beta)
                    prefix = f"{name}/{'layer' if layer else 'neuron'}/{'centred' if centred else 'uncentred'}/{beta}"
                    ours = kept(rotational(name, *data, **options), prefix)
                    if name in ("sgdm", "adamw") and not SINGLE:
                        agree(ours, kept(rotational_torch(name, *data, **options), prefix))
                    tensors |= ours
    prefix = "sgdm-nesterov/neuron/centred/0.9"
    ours = kept(rotational("sgdm-nesterov", *data), prefix)
    if not SINGLE:
        agree(ours, kept(rotational_torch("sgdm-nesterov", *data), prefix))
    save("rotational.safetensors", tensors | ours)

    factors = np.array([3, 3, 1 / 3, 1, 1, 1], REAL)[:, None]
    tensors = {}
    for name in ("sgdm", "adamw", "adam-l2", "lion"):
        tensors |= kept(rotational(name, *data, factors=factors), name)
    save("imbalanced.safetensors", tensors)

    tensors = {}
    for name in ("sgdm", "adamw", "adam-l2", "lion"):
        tensors |= kept(rotational(name, *data, gain=True), name)
    save("gain.safetensors", tensors)
    print(f"smallest argument of a sign of Lion, against its terms: {Lion.margin:.1e}")
    assert Lion.margin > 1e-5

    single_parameter()


def single_parameter():
    """A weight alone, in each of the shorter types, with constant rates; the results are of the numbers as stored."""
    random = np.random.default_rng(5)
    weight = random.uniform(-0.5, 0.5, (3, 8))
    gradients = 0.1 * random.normal(size=(5, 3, 8))
    tensors = {}
    for name, kind in (("F32", torch.float32), ("BF16", torch.bfloat16), ("F16", torch.float16)):
        stored = torch.tensor(weight).to(kind)
        steps = [torch.tensor(g).to(kind) for g in gradients]
        if not SINGLE:
            save(f"single/weight-{name}.safetensors", {"weight": stored})
            save(f"single/gradients-{name}.safetensors", {f"step.{step}": g for step, g in enumerate(steps)})
        p = stored.double().numpy().astype(REAL)
        optimizer, inner, wrapper = AdamW(DECAY), AdamW(DECAY), Rotational(p)
        for g in (g.double().numpy().astype(REAL) for g in steps):
            p = p - 0.02 * sum(optimizer.directions(p, g))
            wrapper.turn(-inner.directions(wrapper.weight, g)[0], 0.05)
        tensors |= {f"adamw/{name}/weight/after.5": p, f"rv-adamw/{name}/weight/after.5": wrapper.weight}
    save("single/expected.safetensors", tensors)


main()
