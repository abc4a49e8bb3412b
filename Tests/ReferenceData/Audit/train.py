"""Trains two small networks on the processor and stores checkpoints, with what PyTorch says of them.

A transformer under AdamW (cosine with warmup) reads the licence of this package letter by letter. Each row of its matrices is
normalised before use, so that it is scale-invariant, as in the paper's Figure 3; embeddings and output head are not. A
convolutional network with batch normalisation under SGDM sorts noisy patterns. Needs torch and safetensors; takes about a minute.

    OMP_NUM_THREADS=1 python3 train.py
"""
import json
import math
import os
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent.parent
torch.set_num_threads(1)


class Normalised(nn.Linear):
    """A linear map whose rows are used at norm 1, times a gain of their own."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)
        self.gain = nn.Parameter(torch.full((outputs,), 0.5))

    def forward(self, x):
        return F.linear(x, F.normalize(self.weight) * self.gain[:, None], self.bias)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.c_attn = Normalised(width, 3 * width)
        self.c_proj = Normalised(width, width)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = (y.view(b, t, self.heads, c // self.heads).transpose(1, 2) for y in self.c_attn(x).split(c, 2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(y.transpose(1, 2).reshape(b, t, c))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(width), Attention(width, heads)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.ModuleDict({"c_fc": Normalised(width, 4 * width), "c_proj": Normalised(4 * width, width)})

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x))))


class Transformer(nn.Module):
    def __init__(self, vocabulary, context=48, width=24, heads=3, depth=2):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.h = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.ln_f, self.lm_head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)
        for name, p in self.named_parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02 / math.sqrt(2 * depth) if name.endswith("c_proj.weight") else 0.02)

    def forward(self, x):
        y = self.wte(x) + self.wpe.weight[: x.shape[1]]
        for block in self.h:
            y = block(y)
        return self.lm_head(self.ln_f(y))


class Convolutions(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.conv2, self.bn2 = nn.Conv2d(8, 16, 3, padding=1, stride=2, bias=False), nn.BatchNorm2d(16)
        self.conv3, self.bn3 = nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        x = F.relu(self.bn3(self.conv3(x)))
        return self.fc(x.mean((2, 3)))


def neurons(w):
    return w.detach().double().flatten(1)


def rms(x):
    return x.square().mean().sqrt().item()


def compare(before, now):
    """What a tensor's two states say, in double precision."""
    p, w = neurons(before), neurons(now)
    cosine = (p * w).sum() / (p.norm() * w.norm())
    own = 2 * torch.atan2((F.normalize(p) - F.normalize(w)).norm(dim=1), (F.normalize(p) + F.normalize(w)).norm(dim=1))
    return {
        "norm_before": rms(p.norm(dim=1)), "norm": rms(w.norm(dim=1)), "rotation": torch.acos(cosine).item(),
        "retention": ((p * w).sum() / (p * p).sum()).item(), "rms_neuron_rotation": rms(own),
        "imbalance_of_rotation": rms(own) / own.mean().item(),
        "imbalance_of_norm": rms(w.norm(dim=1)) / w.norm(dim=1).mean().item(),
    }


def train(model, optimizer, schedule, steps, kept, batch, path, matrices):
    """Trains, stores the kept steps, and compares the last of them with each of the others."""
    states, gradients, turned = {}, {name: [] for name in matrices}, {name: [] for name in matrices}
    parameters = dict(model.named_parameters())
    losses = []
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = schedule(step - 1)
        loss = batch(model)
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.item())
        inside = kept[0] < step <= kept[-1]
        if inside:
            old = {name: neurons(parameters[name]) for name in matrices}
            for name in matrices:
                gradients[name].append(rms(neurons(parameters[name].grad).norm(dim=1) * old[name].norm(dim=1)))
        optimizer.step()
        if inside:
            for name in matrices:
                new = neurons(parameters[name])
                turned[name].append(torch.acos((old[name] * new).sum() / (old[name].norm() * new.norm())).item())
        if step in kept:
            states[step] = {k: v.detach().clone() for k, v in model.state_dict().items() if v.dim() > 0}
            save_file(states[step], f"{path}-step-{step}.safetensors")
            os.chmod(f"{path}-step-{step}.safetensors", 0o644)
    print(path, "loss", sum(losses[-50:]) / 50)
    result = {}
    for before in kept[:-1]:
        count = kept[-1] - before
        result[count] = {}
        for name in matrices:
            own = compare(states[before][name], states[kept[-1]][name])
            own["rms_unit_gradient"] = rms(torch.tensor(gradients[name][-count:]))
            own["rms_step_rotation"] = rms(torch.tensor(turned[name][-count:]))
            result[count][name] = own
    return result


def transformer():
    torch.manual_seed(1)
    text = (ROOT / "LICENSE").read_text()
    letters = sorted(set(text))
    data = torch.tensor([letters.index(c) for c in text])
    model = Transformer(len(letters))
    initial = {k: v.detach().clone() for k, v in model.named_parameters() if v.dim() > 1}
    for name, w in initial.items():
        print(name, tuple(w.shape), "initial norm", rms(neurons(w).norm(dim=1)))
    decaying = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() < 2]
    optimizer = torch.optim.AdamW(
        [{"params": decaying}, {"params": others, "weight_decay": 0.0}], lr=4e-3, betas=(0.9, 0.98), weight_decay=0.5,
        eps=1e-12)

    def schedule(i):
        if i < 100:
            return 4e-3 * (i + 1) / 100
        return 4e-3 * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * (i - 100) / (3000 - 100))))

    def batch(model):
        start = torch.randint(len(data) - 49, (6,))
        rows = torch.stack([data[s : s + 49] for s in start])
        return F.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())

    return train(model, optimizer, schedule, 1600, (1595, 1600), batch, ROOT / "examples/transformer", list(initial))


def convolutions():
    torch.manual_seed(2)
    patterns = torch.randn(10, 3, 10, 10)
    model = Convolutions()
    matrices = [name for name, p in model.named_parameters() if p.dim() > 1]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=2e-3)

    def batch(model):
        labels = torch.randint(10, (32,))
        return F.cross_entropy(model(patterns[labels] + 6 * torch.randn(32, 3, 10, 10)), labels)

    return train(
        model, optimizer, lambda i: 0.1, 2100, (2000, 2095, 2100), batch, HERE / "convolutions", matrices)


(HERE / "measured.json").write_text(
    json.dumps({"transformer": transformer(), "convolutions": convolutions()}, indent=1) + "\n")
