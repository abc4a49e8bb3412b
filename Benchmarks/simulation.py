#!/usr/bin/env python3
"""Times a random walk of the simple system (95) in roteq and in PyTorch, next to what the core could do at best.

    python3 Benchmarks/simulation.py [PATH/TO/simulation-benchmark] [--repetitions 15] [--steps 300]
    python3 Benchmarks/simulation.py --check

Every step draws inputs and output gradients, runs forward and back (32), updates the weights with AdamW and measures
each neuron, all in float32, on one core, in turn. Before anything is timed, each PyTorch program is given the same
draws as a float64 NumPy step and has to arrive at the same weights and measurements. The floor is the time that the
two matrix products alone would take at the core's peak, which peak.c measures.

Tried and slower than what is compiled here, or no faster: fewer steps a call (guards cost some 40 us a call), no C++
wrapper, no fused multiply-adds, the compiler's own random numbers (five times slower than the library's), a hash of a
counter with a Box-Muller transform inside the function, all normals of a call drawn at once, the state passed on and
not updated in place, X and Y transposed, other limits on recomputation, matrix products tuned by max-autotune.
"""

import argparse
import json
import math
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[name] = "1"

C, K, B = 128, 128, 32
ETA, DECAY, BETA1, BETA2, EPSILON = 1.25e-2, 8e-2, 0.9, 0.999, 1e-8
KEPT, WINDOW, UNROLLED = 1 - ETA * DECAY, 100, 20
TINY = 1e-30  # The momentum is zero on the first step.

# Sums over a window, one row each, of every neuron: nine products, then what is not linear in them. The squared
# update |w' - w|^2 = (eta lambda)^2 |w|^2 + 2 eta lambda <w, D> + |D|^2 with D = Delta_g w follows from their sums.
ROWS = ("<w,w>", "<w,g>", "<w,u>", "<w,D>", "<g,g>", "<u,u>", "<D,D>", "<m,m>", "<m,g>")
ROWS += ("angle^2", "|g|^2|w|^2", "cos^2(w,g)", "cos^2(m,g)", "<w,u>/<w,w>")


def measured(library, w, g, u, change, m):
    """All rows of one step; the angle between w and w' from atan2, which keeps its digits when small."""
    pairs = ((w, w), (w, g), (w, u), (w, change), (g, g), (u, u), (change, change), (m, m), (m, g))
    products = [(a * b).sum(1) for a, b in pairs]
    ww, wg, wu, wd, gg, uu, dd, mm, mg = products
    angle = library.atan2(library.sqrt(abs(ww * dd - wd * wd)), KEPT * ww - wd)
    power = gg * ww
    turned = (angle * angle, power, wg * wg / power, mg * mg / (gg * mm + TINY), wu / ww)
    return library.stack((*products, *turned))


def corrections(step):
    """eta over the bias correction of m, and the inverse bias correction of v."""
    return ETA / (1 - BETA1**step), 1 / (1 - BETA2**step)


class Reference:
    """The same in NumPy and float64, written from the equations."""

    def __init__(self, np, start):
        self.np, self.step, self.m, self.v, self.sums = np, 0, np.zeros((K, C)), 0, 0
        self.w, self.gain_in, self.gain_out = (a.astype(np.float64) for a in start)

    def feed(self, x, d):
        np, w, m = self.np, self.w, self.m
        self.step += 1
        x, d = x * self.gain_in, d * self.gain_out[:, None] / (K * B)
        y = w @ x.T
        sigma = y.std(1, keepdims=True)
        y = (y - y.mean(1, keepdims=True)) / sigma
        g = (d - d.mean(1, keepdims=True) - y * (y * d).mean(1, keepdims=True)) / sigma @ x
        self.m = BETA1 * m + (1 - BETA1) * g
        self.v = BETA2 * self.v + (1 - BETA2) * g * g
        rate, inverse = corrections(self.step)
        scale = np.sqrt(self.v * inverse) + EPSILON
        u, change = g / scale, rate * self.m / scale
        self.sums += measured(np, w, g, u, change, m)
        self.w = w - ETA * DECAY * w - change


class Peer:
    """State and windows of the PyTorch programs. X is B x C and dY is K x B; 1/(KB) is part of the outer gain."""

    steps_a_call, mode = 1, "inference_mode"

    def __init__(self, torch, start):
        self.torch, self.step = torch, 0
        self.w, self.gain_in, outer = (torch.from_numpy(a.copy()) for a in start)
        self.gain_out = (outer / (K * B)).view(K, 1)
        self.m, self.v = torch.zeros(K, C), torch.zeros(K, C)
        self.sums, self.window = torch.zeros(len(ROWS), K), torch.zeros(len(ROWS), K)

    def run(self, steps):
        with getattr(self.torch, self.mode)():
            for done in range(0, steps, self.steps_a_call):
                self.advance()
                if (done + self.steps_a_call) % WINDOW == 0:
                    self.window.copy_(self.sums)
                    self.sums.zero_()

    def take(self, x, d):
        with getattr(self.torch, self.mode)():
            self.feed(*map(self.torch.tensor, (x, d)))


class Compiled(Peer):
    """One compiled function of twenty steps, state updated in place."""

    steps_a_call = UNROLLED

    def __init__(self, torch, start):
        super().__init__(torch, start)
        # By the end of the schedule the corrections are 1 in float32.
        self.schedule = torch.tensor([corrections(t + 1) for t in range(20000)], dtype=torch.float32)
        self.rates = torch.zeros(UNROLLED, 2)
        fast = {"cpp.enable_floating_point_contract_flag": "fast", "cpp.enable_unsafe_math_opt_flag": True}
        options = {"cpp_wrapper": True, "fallback_random": True, **fast}
        self.feed_one = torch.compile(self.one_step, fullgraph=True, dynamic=False, options=options)
        self.many = torch.compile(self.many_steps, fullgraph=True, dynamic=False, options=options)

    def one_step(self, x, d, rates):
        torch, w, m = self.torch, self.w, self.m
        x, d = x * self.gain_in, d * self.gain_out
        y = w @ x.t()
        sum_y, sum_yy, sum_d, sum_yd = (a.sum(1, keepdim=True) for a in (y, y * y, d, y * d))
        mean = sum_y / B
        r = torch.rsqrt(sum_yy / B - mean * mean)
        along = (sum_yd - mean * sum_d) * r * r * r / B
        g = (r * d - r * sum_d / B - along * (y - mean)) @ x
        m_new = BETA1 * m + (1 - BETA1) * g
        v_new = BETA2 * self.v + (1 - BETA2) * g * g
        inverse = 1 / (torch.sqrt(v_new * rates[1]) + EPSILON)
        u, change = g * inverse, rates[0] * m_new * inverse
        self.sums.add_(measured(torch, w, g, u, change, m))
        w.copy_(KEPT * w - change)
        m.copy_(m_new)
        self.v.copy_(v_new)

    def many_steps(self):
        for call in range(UNROLLED):
            draws = self.torch.randn(B * C + K * B)
            self.one_step(draws[: B * C].view(B, C), draws[B * C :].view(K, B), self.rates[call])

    def advance(self):
        self.step += UNROLLED
        first = min(self.step, len(self.schedule)) - UNROLLED
        self.rates.copy_(self.schedule[first : first + UNROLLED])
        self.many()

    def feed(self, x, d):
        self.step += 1
        self.feed_one(x, d, self.schedule[self.step - 1])


class Eager(Peer):
    """Preallocated results, few and large calls. Batch normalisation of a neuron is layer normalisation of its row."""

    def __init__(self, torch, start):
        super().__init__(torch, start)
        # In one block, so that w times (w, g, u, D), the squares of (g, u, D) and m times (m, g) are a call each.
        # All views are made here and the constants are tensors: a view or a conversion costs as much as a small sum.
        block = torch.zeros(5, K, C)
        block[1] = self.w
        self.m, self.w, self.g, self.u, self.change = block
        self.with_w, self.squared, self.with_m = block[1:5], block[2:5], block[0:3:2]
        self.scale, self.y, self.products, self.dots = map(torch.zeros, ((K, C), (K, B), (9, K, C), (9, K)))
        self.parts = self.products.split((4, 3, 2))
        self.ww, _, self.wu, self.wd, self.gg, _, self.dd, _, _ = self.dots
        self.own, self.cross = self.dots[0:8:7], self.dots[1:9:7]
        self.rows = [part.squeeze(0) for part in self.sums.split((9, 1, 1, 2, 1))]
        self.crossed, self.power, self.sine, self.cosine = map(torch.zeros, ((2, K), (2, K), K, K))
        self.tiny, draws = torch.full((2, K), TINY), torch.zeros(B * C + K * B)
        self.draws, self.x, self.d = draws, draws[: B * C].view(B, C), draws[B * C :].view(K, B)
        self.xt, self.kept, self.beta2 = self.x.t(), torch.tensor(KEPT), torch.tensor(BETA2)

    def advance(self):
        self.draws.normal_()
        self.forward_back_update()

    def feed(self, x, d):
        self.x.copy_(x)
        self.d.copy_(d)
        self.forward_back_update()

    def forward_back_update(self):
        torch, aten, g, parts, rows = self.torch, self.torch.ops.aten, self.g, self.parts, self.rows
        self.step += 1
        rate, inverse = corrections(self.step)
        self.x.mul_(self.gain_in)
        self.d.mul_(self.gain_out)
        torch.mm(self.w, self.xt, out=self.y)
        _, mean, r = torch.native_layer_norm(self.y, (B,), None, None, 0.0)
        only_input = (True, False, False)
        dy, _, _ = aten.native_layer_norm_backward(self.d, self.y, (B,), mean, r, None, None, only_input)
        torch.mm(dy, self.x, out=g)
        torch.mul(self.m, self.with_m, out=parts[2])
        self.m.lerp_(g, 1 - BETA1)
        self.v.mul_(self.beta2).addcmul_(g, g, value=1 - BETA2)
        torch.sqrt(self.v, out=self.scale).mul_(math.sqrt(inverse)).add_(EPSILON)
        torch.div(g, self.scale, out=self.u)
        torch.div(self.m, self.scale, out=self.change).mul_(rate)
        torch.mul(self.w, self.with_w, out=parts[0])
        torch.mul(self.squared, self.squared, out=parts[1])
        torch.sum(self.products, 2, out=self.dots)
        self.w.mul_(self.kept).sub_(self.change)
        torch.mul(self.ww, self.dd, out=self.sine).addcmul_(self.wd, self.wd, value=-1).abs_().sqrt_()
        torch.sub(self.wd, self.ww, alpha=KEPT, out=self.cosine).neg_()
        torch.atan2(self.sine, self.cosine, out=self.sine)
        torch.addcmul(self.tiny, self.own, self.gg, out=self.power)
        torch.mul(self.cross, self.cross, out=self.crossed)
        rows[0].add_(self.dots)
        rows[1].addcmul_(self.sine, self.sine)
        rows[2].addcmul_(self.ww, self.gg)
        rows[3].addcdiv_(self.crossed, self.power)
        rows[4].addcdiv_(self.wu, self.ww)


class Autograd(Peer):
    """As most people would write it."""

    mode = "enable_grad"

    def __init__(self, torch, start):
        super().__init__(torch, start)
        self.layer = torch.nn.Linear(C, K, bias=False)
        self.layer.weight.data.copy_(self.w)
        settings = {"lr": ETA, "betas": (BETA1, BETA2), "eps": EPSILON, "weight_decay": DECAY}
        self.optimizer = torch.optim.AdamW(self.layer.parameters(), **settings)
        self.outer = self.gain_out.view(K) * (K * B)

    def advance(self):
        self.feed(self.torch.randn(B, C), self.torch.randn(K, B))

    def feed(self, x, d):
        torch, weight = self.torch, self.layer.weight
        self.step += 1
        self.optimizer.zero_grad()
        # It refuses an epsilon of zero; the variance is near 0.3.
        y = torch.nn.functional.batch_norm(self.layer(x * self.gain_in), None, None, training=True, eps=1e-12)
        (y * self.outer).backward(d.t() / (K * B))
        g, w = weight.grad, weight.detach().clone()
        state = self.optimizer.state[weight]
        m = state["exp_avg"].clone() if state else torch.zeros_like(w)
        self.optimizer.step()
        rate, inverse = corrections(self.step)
        scale = (state["exp_avg_sq"] * inverse).sqrt() + EPSILON
        u, change = g / scale, rate * state["exp_avg"] / scale
        self.sums += measured(torch, w, g, u, change, m)
        self.w = weight.detach()


def start_values(np, least_gain=0.0):
    random = np.random.default_rng(1)
    weights, gains = random.uniform(-1, 1, (K, C)) / math.sqrt(C), random.standard_normal(C + K)
    gains += np.copysign(least_gain, gains)
    return [a.astype(np.float32) for a in (weights, gains[:C], gains[C:])]


def check(np, torch, steps=5):
    """Weights to 1e-5 and measurements to 1e-3 of their row's largest after each of a few steps. The first update is
    close to the sign of g and magnifies rounding where g is as small as epsilon: gains near zero are avoided."""
    start, random = start_values(np, least_gain=0.5), np.random.default_rng(2)
    reference, peers = Reference(np, start), {name: kind(torch, start) for name, kind in PEERS.items()}
    largest = dict.fromkeys(peers, (0, 0))
    # <w,g> and its square are zero but for rounding.
    rows = [row for row, name in enumerate(ROWS) if name not in ("<w,g>", "cos^2(w,g)")]
    for _ in range(steps):
        x, d = (random.standard_normal(shape).astype(np.float32) for shape in ((B, C), (K, B)))
        reference.feed(x, d)
        scale = np.maximum(np.abs(reference.sums).max(1, keepdims=True), TINY)
        for name, peer in peers.items():
            peer.take(x, d)
            weights = np.abs(peer.w.numpy() - reference.w).max()
            sums = (np.abs(peer.sums.numpy() - reference.sums) / scale)[rows].max()
            largest[name] = tuple(np.maximum(largest[name], (weights, sums)))
    for name, (weights, sums) in largest.items():
        print(f"{name:36} differs from float64 by {weights:.1e} in weights, {sums:.1e} in measurements")
        if not (weights < 1e-5 and sums < 1e-3):
            sys.exit(f"{name} does not take the same steps")


def built(folder):
    """peak.c as a program, or None without a compiler."""
    source, program = pathlib.Path(__file__).with_name("peak.c"), pathlib.Path(folder) / "peak"
    for compiler in (os.environ.get("CC", "cc"), "clang"):
        if shutil.which(compiler) and not subprocess.run([compiler, "-O2", "-o", program, source]).returncode:
            return program
    return None


class Roteq:
    def __init__(self, program, instruction_set):
        command = [program] + ([instruction_set] if instruction_set else [])
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, steps, side_by_side=1):
        self.process.stdin.write(f"run {steps} {side_by_side}\n" if side_by_side > 1 else f"run {steps}\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        self.instruction_set = answer["instruction_set"]
        return answer["seconds"] / answer["steps"]


def timed(function, steps):
    start = time.perf_counter()
    function(steps)
    return (time.perf_counter() - start) / steps


def products(matmul, w, x, d, y, g):
    """The two matrix products alone."""

    def run(steps):
        for _ in range(steps):
            matmul(w, x.T, out=y)
            matmul(d, x, out=g)

    return lambda steps: timed(run, steps)


COMPILED, EAGER, AUTOGRAD = "PyTorch, compiled", "PyTorch, eager, preallocated", "PyTorch, autograd and its AdamW"
PEERS = {COMPILED: Compiled, EAGER: Eager, AUTOGRAD: Autograd}
ONE, TWO = "roteq", "roteq, two side by side"


def report(seconds, floor):
    print(f"{'us a step':36}{'median':>10}{'minimum':>10}")
    for name, values in seconds.items():
        print(f"{name:36}{statistics.median(values) * 1e6:10.1f}{min(values) * 1e6:10.1f}")
    if ONE not in seconds:
        return
    if floor:
        print(f"roteq takes {min(seconds[ONE]) / floor:.2f} times the floor")
    for name in PEERS.keys() & seconds.keys():
        ratios = [of(seconds[name]) / of(seconds[ONE]) for of in (statistics.median, min)]
        print("{} takes {:.2f} times as long as roteq (minima {:.2f})".format(name, *ratios))
    ratios = [2 * of(seconds[ONE]) / of(seconds[TWO]) for of in (statistics.median, min)]
    print("{} do {:.2f} times as many steps a second (minima {:.2f})".format(TWO, *ratios))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="?", default=".build/release/simulation-benchmark")
    parser.add_argument("--instruction-set", choices=("plain", "avx2", "avx512"), help="force roteq to use this one")
    parser.add_argument("--repetitions", type=int, default=15)
    parser.add_argument("--steps", type=int, default=300, help="a repetition; a multiple of 100")
    parser.add_argument("--check", action="store_true", help="compare the PyTorch programs and time nothing")
    options = parser.parse_args()
    if options.steps < WINDOW or options.steps % WINDOW:
        parser.error(f"--steps must be a multiple of {WINDOW}")

    np = torch = None
    try:
        import numpy as np
        import torch

        torch.set_num_threads(1)
    except ImportError as missing:
        print(f"{missing.name} is not installed: what needs it is left out.")
    sides = {}
    if os.access(options.program, os.X_OK):
        roteq = Roteq(options.program, options.instruction_set)
        sides[ONE], sides[TWO] = roteq.run, lambda steps: roteq.run(steps, 2)
    else:
        print(f"{options.program} is not built and left out.")
    if torch:
        check(np, torch)
        for name, kind in PEERS.items():
            peer = kind(torch, start_values(np))
            sides[name] = lambda steps, peer=peer: timed(peer.run, steps)
    if options.check:
        return
    if np:
        matrices = [np.ones(shape, np.float32) for shape in ((K, C), (B, C), (K, B), (K, B), (K, C))]
        sides["two products, NumPy"] = products(np.matmul, *matrices)
    if torch:
        sides["two products, PyTorch"] = products(torch.mm, *map(torch.from_numpy, matrices))
    with tempfile.TemporaryDirectory() as folder:
        peak, floor, rate = built(folder), None, 0
        if peak is None:
            print("No C compiler: the floor is left out.")
        for run in sides.values():
            run(WINDOW)
        seconds = {name: [] for name in sides}
        for _ in range(options.repetitions):
            for name, run in sides.items():
                seconds[name].append(run(options.steps))
            if peak:
                instruction_set, answer = subprocess.run([peak], capture_output=True, text=True).stdout.split()
                rate = max(rate, float(answer))
    print(f"C = K = {C}, B = {B}, {options.steps} steps a repetition, {options.repetitions} repetitions")
    if ONE in seconds:
        print(f"roteq uses {roteq.instruction_set}")
    if rate:
        floor = 2 * 2 * C * K * B / rate
        print(f"peak of one core, {instruction_set}: {rate / 1e9:.1f} GFLOP/s; floor of two products {floor * 1e6:.1f} us")
    report(seconds, floor)


if __name__ == "__main__":
    main()
