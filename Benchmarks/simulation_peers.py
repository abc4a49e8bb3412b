"""The random walk of the simple system (95) in NumPy and, in three ways, in PyTorch, for `Benchmarks/simulation.py`.

Tried and slower than what is compiled here, or no faster: fewer steps a call, no C++ wrapper, no fused multiply-adds,
the compiler's own random numbers, a hash of a counter with a Box-Muller transform inside the function, all normals of
a call drawn at once, the state passed on and not updated in place, X and Y transposed, other limits on recomputation,
matrix products tuned by max-autotune.
"""

import math
import sys

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


def split(draws):
    """X and dY, of standard deviation 1."""
    return draws[: B * C].view(B, C), draws[B * C :].view(K, B)


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
            self.one_step(*split(self.torch.randn(B * C + K * B)), self.rates[call])

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
        self.own, self.cross, self.tiny = self.dots[0:8:7], self.dots[1:9:7], torch.full((2, K), TINY)
        self.rows = [part.squeeze(0) for part in self.sums.split((9, 1, 1, 2, 1))]
        self.crossed, self.power, self.sine, self.cosine = map(torch.zeros, ((2, K), (2, K), K, K))
        self.gains = torch.cat((self.gain_in.expand(B, C).flatten(), self.gain_out.expand(K, B).flatten()))
        self.draws = torch.zeros(B * C + K * B)
        self.x, self.d = split(self.draws)
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
        self.draws.mul_(self.gains)
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


PEERS = {
    "PyTorch, compiled": Compiled,
    "PyTorch, eager, preallocated": Eager,
    "PyTorch, autograd and its AdamW": Autograd,
}


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
            with getattr(torch, peer.mode)():
                peer.feed(torch.from_numpy(x), torch.from_numpy(d))
            weights = np.abs(peer.w.numpy() - reference.w).max()
            sums = (np.abs(peer.sums.numpy() - reference.sums) / scale)[rows].max()
            largest[name] = tuple(np.maximum(largest[name], (weights, sums)))
    for name, (weights, sums) in largest.items():
        print(f"{name:36} differs from float64 by {weights:.1e} in weights, {sums:.1e} in measurements")
        if not (weights < 1e-5 and sums < 1e-3):
            sys.exit(f"{name} does not take the same steps")
