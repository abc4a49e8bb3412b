"""Learning rates of every update, as timm, fairseq and Megatron Core set them.

Each file has pairs of lines: a command line, then the learning rate of each of its updates. timm and PyTorch are
imported; of fairseq and Megatron Core only the files that compute learning rates are loaded, with stand-ins for their
registries. Run as

    python schedules.py FAIRSEQ MEGATRON

with the folders of fairseq 0.12.2 (source distribution) and megatron-core 0.16.1 (unpacked wheel).
"""

import argparse
import ast
import dataclasses
import importlib
import importlib.util
import math
import pathlib
import shlex
import sys
import types

import timm
import torch
from timm.data.distributed_sampler import RepeatAugSampler
from timm.scheduler import create_scheduler_v2
from timm.scheduler.scheduler_factory import scheduler_kwargs
from torch.utils.data import DataLoader, DistributedSampler

here = pathlib.Path(__file__).parent


def parameter():
    return [torch.nn.Parameter(torch.zeros(2))]


def write(name, cases, rates):
    with open(here / name, "w") as file:
        for case in cases:
            values = rates(case)
            file.write(case + "\n" + " ".join(repr(float(value)) for value in values) + "\n")


# timm: the arguments that decide the learning rate, with the defaults of train.py.

TIMM = {
    "lr": None, "lr-base": 0.1, "lr-base-size": 256, "lr-base-scale": "", "sched": "cosine", "warmup-lr": 1e-5,
    "min-lr": 0.0, "epochs": 300, "epoch-repeats": 0.0, "decay-epochs": None, "warmup-epochs": 5,
    "cooldown-epochs": 0, "patience-epochs": 10, "decay-rate": 0.1, "lr-cycle-mul": 1.0, "lr-cycle-decay": 0.5,
    "lr-cycle-limit": 1, "lr-k-decay": 1.0, "batch-size": 128, "grad-accum-steps": 1, "opt": "sgd",
    "weight-decay": 2e-5, "momentum": 0.9, "aug-repeats": 0.0, "lr-decay-fn": None, "lr-stable-timescale": None,
}


def timm_rates(case):
    words = shlex.split(case)
    world = int(words[words.index("--nproc_per_node") + 1]) if "--nproc_per_node" in words else 1
    examples = int(words[words.index("#") + 1])
    parser = argparse.ArgumentParser()
    for name, default in TIMM.items():
        kind = type(default) if default is not None else str if name == "lr-decay-fn" else float
        parser.add_argument("--" + name, type=kind, default=default)
    parser.add_argument("--decay-milestones", type=int, nargs="+", default=[90, 180, 270])
    for switch in ["sched-on-updates", "warmup-prefix"]:
        parser.add_argument("--" + switch, action="store_true")
    args = parser.parse_args(words[words.index("train.py") + 1 : words.index("#")])

    dataset = range(examples)
    sampler = None
    if world > 1 and args.aug_repeats:
        sampler = RepeatAugSampler(dataset, num_replicas=world, rank=0, num_repeats=args.aug_repeats)
    elif world > 1:
        sampler = DistributedSampler(dataset, num_replicas=world, rank=0)
    batches = len(DataLoader(dataset, batch_size=args.batch_size, sampler=sampler, drop_last=True))
    updates = math.ceil(batches / args.grad_accum_steps)

    if not args.lr:
        ratio = args.batch_size * world * args.grad_accum_steps / args.lr_base_size
        scale = args.lr_base_scale or ("sqrt" if any(o in args.opt for o in ("ada", "lamb")) else "linear")
        args.lr = args.lr_base * (ratio**0.5 if scale == "sqrt" else ratio)
    optimizer = torch.optim.SGD(parameter(), lr=args.lr)
    scheduler, epochs = create_scheduler_v2(optimizer, **scheduler_kwargs(args), updates_per_epoch=updates)
    rates, count = [], 0
    for epoch in range(int(epochs)):
        for _ in range(updates):
            rates.append(optimizer.param_groups[0]["lr"])
            count += 1
            if scheduler is not None:
                scheduler.step_update(num_updates=count)
        if scheduler is not None:
            scheduler.step(epoch + 1)
    return rates


def timm_cases():
    short = "--epochs 8 --warmup-epochs 2 --batch-size 10 --lr 0.4 --weight-decay 1e-4"
    ends = "# 107"
    many = [
        "", "--sched-on-updates", "--warmup-prefix", "--warmup-prefix --sched-on-updates --min-lr 0.01",
        "--warmup-lr 0.1 --min-lr 0.02 --cooldown-epochs 2", "--sched-on-updates --cooldown-epochs 1 --warmup-epochs 0",
        "--lr-k-decay 1.5", "--lr-cycle-limit 2 --lr-cycle-decay 0.4",
        "--lr-cycle-limit 3 --lr-cycle-mul 1.5 --lr-cycle-decay 0.7 --sched-on-updates --warmup-prefix",
        "--sched step --decay-epochs 3 --decay-rate 0.2", "--sched step --decay-epochs 2.4 --decay-rate 0.97",
        "--sched step --decay-epochs 2 --decay-rate 0.5 --warmup-prefix",
        "--sched step --decay-epochs 2.4 --decay-rate 0.97 --sched-on-updates",
        "--sched multistep --decay-milestones 4 6 --decay-rate 0.3",
        "--sched multistep --decay-milestones 4 6 --decay-rate 0.3 --warmup-prefix",
        "--sched multistep --decay-milestones 4 6 --decay-rate 0.3 --sched-on-updates",
        "--sched poly --decay-rate 0.9", "--sched poly --decay-rate 1 --sched-on-updates --min-lr 1e-3",
        "--sched tanh", "--sched tanh --sched-on-updates --warmup-prefix --min-lr 0.01", "--sched tanh --warmup-epochs 0",
        "--sched constant", "--sched none", "--sched wsd", "--sched wsd --decay-epochs 3 --min-lr 0.01 --sched-on-updates",
        "--sched wsd --decay-epochs 0.5 --lr-decay-fn linear --warmup-prefix", "--sched wsd --lr-decay-fn cosine",
        "--sched wsd --lr-decay-fn exp --sched-on-updates", "--sched rsqrt --decay-epochs 2",
        "--sched rsqrt --decay-epochs 2 --sched-on-updates --min-lr 0.05", "--warmup-lr 0.5",
    ]
    cases = [f"python train.py {short} {more} {ends}".replace("  ", " ") for more in many]
    batch = "train.py --epochs 3 --warmup-epochs 1 --batch-size 10"
    cases += [
        f"torchrun --nproc_per_node 4 {batch} --lr 0.1 # 1003", f"torchrun --nproc_per_node 4 {batch} --grad-accum-steps 3 # 1003",
        f"torchrun --nproc_per_node 4 {batch} --aug-repeats 3 --lr 0.1 # 1003", f"python {batch} --opt adamw --lr-base 1e-3 # 400",
        f"python {batch} --opt adamw --lr-base 1e-3 --lr-base-scale linear --grad-accum-steps 2 # 410",
        f"python {batch} --opt lion --lr-base 1e-3 --lr-base-size 64 # 300",
        f"python {batch} --opt sgd --lr-base-scale sqrt # 300",
    ]
    return cases


# fairseq

def module(name, **content):
    made = types.ModuleType(name)
    made.__dict__.update(content)
    sys.modules[name] = made


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


class Holder:
    """What a schedule asks of an optimizer."""

    def set_lr(self, lr):
        self.lr = lr

    def get_lr(self):
        return self.lr


def fairseq_classes(folder):
    found = {}

    @dataclasses.dataclass
    class Base:
        pass

    class Schedule:
        def __init__(self, cfg, optimizer):
            self.cfg, self.optimizer = cfg, optimizer

        def step_begin_epoch(self, epoch):
            pass

    def register(name, dataclass=None):
        def add(cls):
            found[name] = (cls, dataclass)
            return cls

        return add

    module("omegaconf", II=lambda key: "${" + key + "}", DictConfig=dict, OmegaConf=None)
    for package in ["fairseq", "fairseq.optim"]:
        module(package, __path__=[])
    module("fairseq.dataclass", FairseqDataclass=Base)
    module("fairseq.optim.lr_scheduler", FairseqLRScheduler=Schedule, register_lr_scheduler=register)
    for name in [
        "cosine_lr_scheduler", "inverse_square_root_schedule", "polynomial_decay_schedule", "fixed_schedule",
        "tri_stage_lr_scheduler", "step_lr_scheduler",
    ]:
        load("fairseq.optim.lr_scheduler." + name, folder / "fairseq/optim/lr_scheduler" / (name + ".py"))
    return found


def fairseq_rates(case, classes):
    words = shlex.split(case)
    given = dict(zip(words[2::2], words[3::2]))
    updates = int(given["--max-update"])
    cls, dataclass = classes[given.get("--lr-scheduler", "fixed")]
    cfg = dataclass()
    common = {"optimization.lr": [float(given["--lr"])], "optimization.max_update": updates}
    for field in dataclasses.fields(cfg):
        value = getattr(cfg, field.name)
        if isinstance(value, str) and value.startswith("${"):
            setattr(cfg, field.name, common[value[2:-1]])
        flag = "--" + field.name.replace("_", "-")
        if flag in given and field.name != "lr":
            text = given[flag]
            setattr(cfg, field.name, ast.literal_eval(text))
    holder = Holder()
    schedule = cls(cfg, holder)
    # Trainer._build_optimizer, begin of an epoch, and set_num_updates after each update.
    schedule.step_update(0)
    schedule.step_begin_epoch(1)
    schedule.step_update(0)
    rates = []
    for update in range(updates):
        rates.append(holder.lr)
        schedule.step_update(update + 1)
    return rates


def fairseq_cases():
    common = "--optimizer adam --weight-decay 1e-4 --lr 0.002 --max-update 120"
    return [
        f"fairseq-train data-bin {common} {more}"
        for more in [
            "--lr-scheduler inverse_sqrt --warmup-updates 30", "--lr-scheduler inverse_sqrt --warmup-updates 1",
            "--lr-scheduler inverse_sqrt --warmup-updates 30 --warmup-init-lr 1e-07",
            "--lr-scheduler inverse_sqrt --warmup-updates 200",
            "--lr-scheduler cosine", "--lr-scheduler cosine --warmup-updates 20 --min-lr 1e-4",
            "--lr-scheduler cosine --warmup-updates 20 --warmup-init-lr 1e-05",
            "--lr-scheduler cosine --warmup-updates 20 --lr-period-updates 40 --lr-shrink 0.6",
            "--lr-scheduler cosine --lr-period-updates 20 --t-mult 2 --lr-shrink 0.8 --min-lr 1e-05",
            "--lr-scheduler polynomial_decay --warmup-updates 20",
            "--lr-scheduler polynomial_decay --warmup-updates 20 --total-num-update 100 --end-learning-rate 1e-05 --power 2",
            "--lr-scheduler polynomial_decay --total-num-update 200", "--lr-scheduler fixed",
            "--lr-scheduler fixed --warmup-updates 25", "--lr-scheduler fixed --warmup-updates 1",
            "--lr-scheduler tri_stage --phase-ratio '(0.25, 0.25, 0.5)'",
            "--lr-scheduler tri_stage --warmup-steps 10 --hold-steps 20 --decay-steps 50 --final-lr-scale 0.05",
            "--lr-scheduler step --warmup-updates 15 --lr-deacy-period 30 --lr-decay 0.5",
            "--lr-scheduler step --lr-deacy-period 30 --lr-decay 0.2 --min-lr 1e-4",
        ]
    ]


# Megatron

def megatron_rates(case, cls):
    words = shlex.split(case)
    given = dict(zip(words[2::2], words[3::2]))
    number = lambda name, other=None: float(given["--" + name]) if "--" + name in given else other
    lr = number("lr")
    if number("train-samples"):
        unit, batch, total = "samples", int(number("global-batch-size")), number("train-samples")
        steps, scale = int(total) // batch, 1
    else:
        # get_optimizer_param_scheduler counts samples here as well.
        unit, batch, total = "iters", 64, number("train-iters")
        steps, scale = int(total), 64
    decay = number("lr-decay-" + unit, total) * scale
    fraction = number("lr-warmup-fraction")
    warmup = fraction * decay if fraction is not None else number("lr-warmup-" + unit, 0) * scale
    annealing = number("lr-wsd-decay-" + unit)
    group = {}
    cls(
        types.SimpleNamespace(param_groups=[group]), init_lr=number("lr-warmup-init", 0.0), max_lr=lr,
        min_lr=number("min-lr", 0.0), lr_warmup_steps=warmup, lr_decay_steps=decay,
        lr_decay_style=given.get("--lr-decay-style", "linear"), start_wd=0.1, end_wd=0.1, wd_incr_steps=total * scale,
        wd_incr_style="constant", wsd_decay_steps=None if annealing is None else annealing * scale,
        lr_wsd_decay_style=given.get("--lr-wsd-decay-style", "exponential"),
    )
    scheduler = cls.last
    rates = []
    for _ in range(steps):
        rates.append(group["lr"])
        scheduler.step(increment=batch)
    return rates


def megatron_cases():
    return [
        f"python pretrain_gpt.py --weight-decay 0.1 --lr 0.0003 {more}"
        for more in [
            "--train-iters 100", "--train-iters 100 --lr-warmup-iters 10 --min-lr 3e-05 --lr-decay-style cosine",
            "--train-iters 100 --lr-decay-iters 80 --lr-warmup-fraction .05 --min-lr 1e-05 --lr-decay-style cosine",
            "--train-iters 100 --lr-decay-iters 320 --lr-warmup-fraction .01 --min-lr 1e-05 --lr-decay-style cosine",
            "--train-iters 90 --lr-warmup-fraction .03 --lr-decay-style cosine",
            "--train-iters 100 --lr-warmup-iters 20 --lr-warmup-init 1e-06 --lr-decay-style linear",
            "--train-iters 100 --lr-decay-style constant --lr-warmup-iters 7",
            "--train-iters 100 --lr-decay-style inverse-square-root --lr-warmup-iters 10",
            "--train-iters 100 --lr-decay-style inverse-square-root --lr-warmup-iters 10 --min-lr 1.5e-4",
            "--train-iters 100 --lr-decay-style inverse-square-root --lr-decay-iters 60 --global-batch-size 64",
            "--train-iters 100 --lr-decay-style WSD --lr-warmup-iters 10 --lr-wsd-decay-iters 30",
            "--train-iters 100 --lr-decay-style WSD --lr-wsd-decay-iters 30 --lr-wsd-decay-style linear --min-lr 3e-05",
            "--train-iters 100 --lr-decay-style WSD --lr-warmup-iters 10 --lr-wsd-decay-iters 30 --lr-wsd-decay-style cosine",
            "--train-iters 100 --lr-decay-style WSD --lr-wsd-decay-iters 25 --lr-wsd-decay-style minus_sqrt --lr-decay-iters 90",
            "--train-samples 6400 --global-batch-size 64 --lr-warmup-samples 640 --lr-decay-style cosine --min-lr 3e-05",
            "--train-samples 6500 --global-batch-size 64 --lr-decay-samples 5000 --lr-warmup-samples 1000 --lr-decay-style linear",
            "--train-iters 20 --lr-decay-iters 100 --lr-warmup-iters 40 --lr-decay-style cosine",
        ]
    ]


def check_optimizers(folder):
    """What Fairseq.swift says of adam and nag."""
    module("fairseq.optim.fused_adam", get_fused_adam_class=lambda: None)
    sys.modules["fairseq.optim"].__dict__.update(
        FairseqOptimizer=object, register_optimizer=lambda *_, **__: lambda cls: cls)
    # PyTorch no longer has the name.
    importlib.import_module("torch.optim.optimizer").required = object()
    generator = torch.Generator().manual_seed(1)
    gradients = [torch.randn(2, generator=generator) for _ in range(50)]
    rates = [0.1 / (1 + step) for step in range(50)]

    def run(cls, **options):
        weight = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
        optimizer = cls([weight], lr=rates[0], **options)
        for gradient, rate in zip(gradients, rates):
            optimizer.param_groups[0]["lr"] = rate
            weight.grad = gradient.clone()
            optimizer.step()
        return weight.detach()

    adam = load("fairseq.optim.adam", folder / "fairseq/optim/adam.py").Adam
    assert torch.allclose(run(adam, weight_decay=0.1), run(torch.optim.AdamW, weight_decay=0.1), rtol=1e-5)
    assert not torch.allclose(run(adam, weight_decay=0.1), run(torch.optim.Adam, weight_decay=0.1), rtol=1e-2)
    nag = load("fairseq.optim.nag", folder / "fairseq/optim/nag.py").NAG
    nesterov = run(torch.optim.SGD, momentum=0.9, nesterov=True)
    assert torch.allclose(run(nag, momentum=0.9), nesterov, rtol=1e-5)
    coupled = run(torch.optim.SGD, momentum=0.9, nesterov=True, weight_decay=0.1)
    assert not torch.allclose(run(nag, momentum=0.9, weight_decay=0.1), coupled, rtol=1e-2)


if __name__ == "__main__":
    fairseq, megatron = map(pathlib.Path, sys.argv[1:])
    write("timm.txt", timm_cases(), timm_rates)
    classes = fairseq_classes(fairseq)
    write("fairseq.txt", fairseq_cases(), lambda case: fairseq_rates(case, classes))
    check_optimizers(fairseq)
    module("megatron", __path__=[])
    module("megatron.core", __path__=[])
    module("megatron.core.utils", log_single_rank=lambda *_: None)
    path = megatron / "megatron/core/optimizer_param_scheduler.py"
    cls = load("megatron.core.optimizer_param_scheduler", path).OptimizerParamScheduler

    class Remembered(cls):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            Remembered.last = self

    write("megatron.txt", megatron_cases(), lambda case: megatron_rates(case, Remembered))
    print(f"timm {timm.__version__}, PyTorch {torch.__version__}")
