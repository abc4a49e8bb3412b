"""The learning rate of every step, as the training programs' own schedulers give it.

Each case is a configuration and what the program's code makes of it. Needs transformers, torch and PyYAML; torchtitan and
mosaicml may be installed without their dependencies (pip install --no-deps), their schedulers are loaded by themselves.
Writes schedules.json beside this file.
"""
import importlib.util
import json
import math
import pathlib
import sys
import tomllib
import types

import torch
import yaml
from transformers import TrainingArguments
from transformers.optimization import get_scheduler

cases = []


def add(name, file, text, rates, overrides=(), facts=None):
    cases.append({"name": name, "file": file, "text": text, "overrides": list(overrides), "facts": facts or {},
                  "learning_rates": [float(f"{rate:.15g}") for rate in rates]})


def optimizer(lr):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def rates(scheduler, opt, steps, every=1):
    found = []
    for step in range(steps):
        found.append(opt.param_groups[0]["lr"])
        opt.step()
        if (step + 1) % every == 0:
            scheduler.step()
    return found


def hugging_face(name, steps=40, suffix="json", **settings):
    args = TrainingArguments(output_dir="out", max_steps=steps, weight_decay=0.1, learning_rate=2e-3, use_cpu=True,
                             **settings)
    opt = optimizer(args.learning_rate)
    scheduler = get_scheduler(args.lr_scheduler_type, opt, args.get_warmup_steps(steps), steps, args.lr_scheduler_kwargs)
    # The rest has no influence.
    kept = ["output_dir", "per_device_train_batch_size", "optim", "learning_rate", "weight_decay", "max_steps",
            "lr_scheduler_type", "lr_scheduler_kwargs", "warmup_steps"]
    text = json.dumps({key: value for key, value in args.to_dict().items() if key in kept}, indent=1)
    add(f"huggingface {name}", "args.json", text, rates(scheduler, opt, steps))


hugging_face("linear")
hugging_face("linear, warm-up", warmup_steps=7)
hugging_face("linear, a share of warm-up", warmup_steps=0.11)
hugging_face("linear, warm-up beyond the run", warmup_steps=50)
hugging_face("cosine", lr_scheduler_type="cosine", warmup_steps=5)
hugging_face("cosine, cycles", lr_scheduler_type="cosine", warmup_steps=4, lr_scheduler_kwargs={"num_cycles": 1.25})
hugging_face("cosine_with_restarts", lr_scheduler_type="cosine_with_restarts", warmup_steps=3,
             lr_scheduler_kwargs={"num_cycles": 3})
hugging_face("polynomial", lr_scheduler_type="polynomial", warmup_steps=6)
hugging_face("polynomial, power", lr_scheduler_type="polynomial", lr_scheduler_kwargs={"power": 2.0, "lr_end": 1e-4})
hugging_face("constant", lr_scheduler_type="constant", warmup_steps=6)
hugging_face("constant_with_warmup", lr_scheduler_type="constant_with_warmup", warmup_steps=6)
hugging_face("inverse_sqrt", lr_scheduler_type="inverse_sqrt", warmup_steps=6)
hugging_face("inverse_sqrt, timescale", lr_scheduler_type="inverse_sqrt", warmup_steps=6,
             lr_scheduler_kwargs={"timescale": 10})
hugging_face("inverse_sqrt, no warm-up", lr_scheduler_type="inverse_sqrt")
hugging_face("cosine_with_min_lr", lr_scheduler_type="cosine_with_min_lr", warmup_steps=6,
             lr_scheduler_kwargs={"min_lr": 2e-4})
hugging_face("cosine_with_min_lr, rate", lr_scheduler_type="cosine_with_min_lr",
             lr_scheduler_kwargs={"min_lr_rate": 0.25, "num_cycles": 1.0})
for warmup in [0, 1, 2, 9]:
    for start in [{}, {"warmup_lr_rate": 0.2}]:
        hugging_face(f"cosine_warmup_with_min_lr, {warmup} {start}", lr_scheduler_type="cosine_warmup_with_min_lr",
                     warmup_steps=warmup, lr_scheduler_kwargs={"min_lr_rate": 0.1, **start})
for shape in ["linear", "cosine", "1-sqrt"]:
    hugging_face(f"warmup_stable_decay, {shape}", lr_scheduler_type="warmup_stable_decay", warmup_steps=8,
                 lr_scheduler_kwargs={"num_decay_steps": 15, "decay_type": shape, "min_lr_ratio": 0.1})
    hugging_face(f"warmup_stable_decay, rise {shape}", lr_scheduler_type="warmup_stable_decay", warmup_steps=8,
                 lr_scheduler_kwargs={"num_decay_steps": 15, "warmup_type": shape})
hugging_face("warmup_stable_decay, stable", lr_scheduler_type="warmup_stable_decay", warmup_steps=8,
             lr_scheduler_kwargs={"num_decay_steps": 10, "num_stable_steps": 12})
hugging_face("warmup_stable_decay, cycles", lr_scheduler_type="warmup_stable_decay", warmup_steps=8,
             lr_scheduler_kwargs={"num_decay_steps": 10, "num_cycles": 1.0})


def build(config, opt):
    cls = getattr(torch.optim.lr_scheduler, config["class_path"].split(".")[-1])
    args = dict(config.get("init_args", {}))
    if "schedulers" in args:
        args["schedulers"] = [build(inner, opt) for inner in args["schedulers"]]
    return cls(opt, **args)


def lightning(name, text, epochs=9, per_epoch=5, lr=0.5):
    """A scheduler that steps after each epoch, unless the text says interval: step."""
    config = yaml.safe_load(text)
    opt = optimizer(lr)
    interval = config.pop("interval", "epoch")
    scheduler = build(config, opt)
    found = rates(scheduler, opt, epochs * per_epoch, per_epoch if interval == "epoch" else 1)
    head = (f"trainer:\n  max_epochs: {epochs}\n  devices: 1\n"
            f"optimizer:\n  class_path: torch.optim.SGD\n  init_args:\n    lr: {lr}\n    weight_decay: 0.0001\n"
            "    momentum: 0.9\n")
    body = "lr_scheduler:\n" + "".join(f"  {line}\n" for line in text.strip().splitlines())
    add(f"lightning {name}", "config.yaml", head + "data:\n  batch_size: 10\n" + body, found,
        facts={"--dataset-size": per_epoch * 10})


def scheduler(name, interval="epoch", **arguments):
    body = yaml.safe_dump({"init_args": arguments}) if arguments else ""
    return f"class_path: torch.optim.lr_scheduler.{name}\n{body}interval: {interval}\n"


for interval in ["epoch", "step"]:
    lightning(f"StepLR {interval}", scheduler("StepLR", interval, step_size=4, gamma=0.3))
    lightning(f"MultiStepLR {interval}", scheduler("MultiStepLR", interval, milestones=[2, 6], gamma=0.3))
    lightning(f"MultiStepLR, twice, {interval}", scheduler("MultiStepLR", interval, milestones=[6, 2, 6]))
    lightning(f"ExponentialLR {interval}", scheduler("ExponentialLR", interval, gamma=0.9))
    lightning(f"CosineAnnealingLR {interval}", scheduler("CosineAnnealingLR", interval, T_max=9, eta_min=0.05))
    lightning(f"CosineAnnealingLR, up again, {interval}", scheduler("CosineAnnealingLR", interval, T_max=5))
    lightning(f"CosineAnnealingLR, long, {interval}", scheduler("CosineAnnealingLR", interval, T_max=100))
    lightning(f"CosineAnnealingWarmRestarts {interval}",
              scheduler("CosineAnnealingWarmRestarts", interval, T_0=4, eta_min=0.01))
    lightning(f"CosineAnnealingWarmRestarts, growing, {interval}",
              scheduler("CosineAnnealingWarmRestarts", interval, T_0=2, T_mult=2))
    lightning(f"LinearLR {interval}", scheduler("LinearLR", interval))
    lightning(f"LinearLR, down, {interval}", scheduler("LinearLR", interval, start_factor=1.0, end_factor=0.2, total_iters=6))
    lightning(f"LinearLR, between, {interval}", scheduler("LinearLR", interval, start_factor=0.2, end_factor=0.6, total_iters=6))
    lightning(f"PolynomialLR {interval}", scheduler("PolynomialLR", interval, total_iters=7, power=2.0))
    lightning(f"ConstantLR {interval}", scheduler("ConstantLR", interval, factor=0.5, total_iters=3))
    rise = {"class_path": "torch.optim.lr_scheduler.LinearLR", "init_args": {"start_factor": 0.1, "total_iters": 3}}
    for last, arguments in [("CosineAnnealingLR", {"T_max": 6}), ("StepLR", {"step_size": 2}),
                            ("ExponentialLR", {"gamma": 0.8}), ("PolynomialLR", {"total_iters": 6})]:
        after = {"class_path": f"torch.optim.lr_scheduler.{last}", "init_args": arguments}
        lightning(f"SequentialLR {last} {interval}",
                  scheduler("SequentialLR", interval, schedulers=[rise, after], milestones=[3]))
for strategy in ["cos", "linear"]:
    for phases in [False, True]:
        arguments = dict(max_lr=0.5, pct_start=0.3, anneal_strategy=strategy, three_phase=phases, cycle_momentum=False)
        lightning(f"OneCycleLR {strategy} {phases}", scheduler("OneCycleLR", "step", total_steps=45, **arguments))
        lightning(f"OneCycleLR, epochs, {strategy} {phases}", scheduler("OneCycleLR", "epoch", total_steps=10, **arguments))
lightning("OneCycleLR, a peak of its own",
          scheduler("OneCycleLR", "step", max_lr=0.8, epochs=9, steps_per_epoch=5, div_factor=100.0, cycle_momentum=False))


def torchtitan_scheduler():
    """torchtitan/components/optimizer/lr_scheduler.py alone: what it imports is replaced."""
    folder = pathlib.Path(importlib.util.find_spec("torchtitan").submodule_search_locations[0])
    stubs = {"torchtitan.config": {"Configurable": type("Configurable", (), {"Config": object})},
             "torchtitan.tools": {}, "torchtitan.tools.logging": {"logger": types.SimpleNamespace(warning=print)},
             "titan": {"__path__": []}, "titan.optimizer": {"OptimizersContainer": list}}
    for name, members in stubs.items():
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__dict__.update(members)
    spec = importlib.util.spec_from_file_location(
        "titan.lr_scheduler", folder / "components/optimizer/lr_scheduler.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["titan.lr_scheduler"] = module
    spec.loader.exec_module(module)
    return module.LRSchedulersContainer.Config


def earlier(text):
    """The releases before: lr_min, and before that the warm-up under [training] with a straight line after it."""
    config = tomllib.loads(text)
    steps = config["training"]["steps"]
    section = config.get("lr_scheduler", {})
    warmup = section.get("warmup_steps", config["training"].get("warmup_steps"))
    ratio = section.get("decay_ratio")
    decay = round(steps * ratio) if ratio is not None else steps - warmup
    decay = min(decay, steps - warmup)
    low = section.get("lr_min", 0.0)
    shape = {"linear": lambda x: 1 - x, "sqrt": lambda x: 1 - math.sqrt(x),
             "cosine": lambda x: (1 + math.cos(math.pi * x)) / 2}[section.get("decay_type", "linear")]
    for t in range(steps):
        if t < warmup:
            yield (t + 1) / (warmup + 1)
        elif "warmup_steps" in config["training"]:
            yield 1 - (t - warmup) / decay
        elif t < steps - decay:
            yield 1.0
        else:
            yield low + (1 - low) * shape((t + 1 - (steps - decay)) / (decay + 1))


def torchtitan(name, training="", **settings):
    steps, lr = 40, 8e-4
    section = "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
    text = (f"[model]\nname = \"llama3\"\n\n[optimizer]\nname = \"AdamW\"\nlr = {lr}\neps = 1e-8\n\n"
            + (f"[lr_scheduler]\n{section}\n" if section else "") + f"[training]\nsteps = {steps}\n{training}")
    if training or "lr_min" in settings:
        found = [lr * factor for factor in earlier(text)]
    else:
        opt = optimizer(lr)
        container = titan(**settings).build(optimizers=[opt], training_steps=steps)
        found = rates(container, opt, steps)
    add(f"torchtitan {name}", "train.toml", text, found)


titan = torchtitan_scheduler()
for shape in ["linear", "sqrt", "cosine"]:
    for warmup in [0, 1, 8]:
        torchtitan(f"{shape} {warmup}", decay_type=shape, warmup_steps=warmup)
        torchtitan(f"{shape} {warmup}, lr_min", decay_type=shape, warmup_steps=warmup, lr_min=0.1)
        torchtitan(f"{shape} {warmup}, part", decay_type=shape, warmup_steps=warmup, decay_ratio=0.3, min_lr_factor=0.1)
        torchtitan(f"{shape} {warmup}, part, lr_min", decay_type=shape, warmup_steps=warmup, decay_ratio=0.3, lr_min=0.1)
torchtitan("too much decay", warmup_steps=10, decay_ratio=0.9)
torchtitan("default", min_lr_factor=0.0)
torchtitan("longer than the run", warmup_steps=8, total_steps=60, decay_ratio=0.7)
torchtitan("of 2024", training="warmup_steps = 7\n")


def composer_module():
    """composer/optim/scheduler.py and composer/core/time.py alone."""
    folder = pathlib.Path(importlib.util.find_spec("composer").submodule_search_locations[0])
    for name in ["composer", "composer.core", "composer.utils", "composer.core.serializable", "composer.utils.misc"]:
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = []
    def load(name, path):
        spec = importlib.util.spec_from_file_location(name, folder / path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module

    sys.modules["composer.core.serializable"].Serializable = object
    sys.modules["composer.utils"].ensure_tuple = tuple
    load("composer.utils.string_enum", "utils/string_enum.py")
    sys.modules["composer.utils"].StringEnum = sys.modules["composer.utils.string_enum"].StringEnum

    time = load("composer.core.time", "core/time.py")
    core = sys.modules["composer.core"]
    core.State, core.Time, core.TimeUnit = object, time.Time, time.TimeUnit
    return load("composer.optim.scheduler", "optim/scheduler.py"), time


def composer(name, kind, duration, steps, settings, extra="", batch=8, length=16, epoch=None, facts=None):
    classes = {"cosine_with_warmup": scheduling.CosineAnnealingWithWarmupScheduler,
               "linear_decay_with_warmup": scheduling.LinearWithWarmupScheduler,
               "constant_with_warmup": scheduling.ConstantWithWarmupScheduler}
    rule = classes[kind](**settings)
    lr = 6e-4
    found = []
    for taken in range(steps):
        stamp = time.Timestamp(epoch=taken // epoch if epoch else 0, batch=taken, sample=taken * batch,
                               token=taken * batch * length)
        state = types.SimpleNamespace(max_duration=time.Time.from_timestring(duration), dataloader_len=epoch,
                                      timestamp=stamp)
        found.append(lr * rule(state, 1.0))
    section = "".join(f"  {key}: {value}\n" for key, value in settings.items())
    text = (f"max_duration: {duration}\nglobal_train_batch_size: {batch}\nmax_seq_len: {length}\n"
            f"optimizer:\n  name: decoupled_adamw\n  lr: {lr}\n  betas:\n  - 0.9\n  - 0.95\n  weight_decay: 1.0e-5\n"
            f"scheduler:\n  name: {kind}\n{section}")
    add(f"composer {name}", "run.yaml", text, found, facts=facts)


scheduling, time = composer_module()
composer("batches", "cosine_with_warmup", "40ba", 40, {"t_warmup": "5ba", "alpha_f": 0.1})
composer("shares", "cosine_with_warmup", "40ba", 40, {"t_warmup": "0.13dur", "alpha_f": 0.1, "t_max": "1.2dur"})
composer("tokens", "cosine_with_warmup", f"{40 * 128}tok", 40, {"t_warmup": f"{6 * 128}tok"})
composer("tokens between batches", "cosine_with_warmup", f"{40 * 128 - 50}tok", 40, {"t_warmup": "700tok", "alpha_f": 0.2})
composer("a share of tokens", "linear_decay_with_warmup", f"{40 * 128}tok", 40, {"t_warmup": "0.07dur"})
composer("samples", "linear_decay_with_warmup", "320sp", 40, {"t_warmup": "40sp", "alpha_f": 0.5})
composer("epochs", "cosine_with_warmup", "4ep", 40, {"t_warmup": "1ep"}, epoch=10, facts={"--dataset-size": 80})
composer("shares of epochs", "cosine_with_warmup", "4ep", 40, {"t_warmup": "0.12dur"}, epoch=10,
         facts={"--dataset-size": 80})
composer("constant", "constant_with_warmup", "40ba", 40, {"t_warmup": "5ba"})

path = pathlib.Path(__file__).with_name("schedules.json")
path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
print(len(cases), "cases")
