"""Where a name can stand. A scene writes the files that carry the names of a batch, and says which commands read them."""

import csv
import json
import os
import re
import struct
from dataclasses import dataclass

FORMATS = ("text", "markdown", "latex", "html", "csv", "json")
ADAMW = ["--optimizer", "adamw", "--lr", "1e-3", "--weight-decay", "0.1"]


@dataclass
class Command:
    """A command line; what it prints, or the files it writes, are judged by their kind."""

    arguments: list
    kind: str = "text"
    writes: tuple = ()  # (file, kind)
    shown: bool = True  # whether its output has to tell the names


def quoted(name):
    """A text between YAML's double quotes."""
    written = []
    for c in name:
        n = ord(c)
        if c in "\"\\":
            written.append("\\" + c)
        elif c == "&" or n < 32 or 127 <= n < 160:
            written.append(f"\\x{n:02x}")
        elif n > 0xFFFF:
            written.append(f"\\U{n:08x}")
        else:
            written.append(f"\\u{n:04x}" if n > 126 else c)
    return '"' + "".join(written) + '"'


def write(path, text):
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)


def write_table(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(header)
        writer.writerows(rows)


def write_tensors(path, tensors, seed=1):
    """A safetensors file of 32-bit numbers that are not all alike. `tensors`: (name, shape)."""
    header, data, state = {}, bytearray(), seed
    for name, (rows, columns) in tensors:
        start = len(data)
        for _ in range(rows * columns):
            state = (state * 69069 + 1) % 2**32
            data += struct.pack("<f", state / 2**32 - 0.5)
        header[name] = {"dtype": "F32", "shape": [rows, columns], "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def configuration(path, title="run", layers=(), notes=(), warnings=(), ignored=(), steps=12):
    lines = [f"name: {quoted(title)}", "optimizer: {name: adamw, learning_rate: 1e-3, weight_decay: 0.1}", f"steps: {steps}"]
    if layers:
        lines.append("layers:")
        for i, name in enumerate(layers):
            note = quoted(layers[(i + 1) % len(layers)])
            lines.append(f"  - {{name: {quoted(name)}, neurons: 4, dimension: {5 + i}, initial_norm: 1, note: {note}}}")
    for key, texts in (("notes", notes), ("warnings", warnings), ("ignored", ignored)):
        if texts:
            lines += [f"{key}:"] + [f"  - {quoted(text)}" for text in texts]
    write(path, "\n".join(lines) + "\n")


def formats(*arguments, of=FORMATS, shown=True):
    return [Command([*arguments, "--format", kind], kind, shown=shown) for kind in of]


def figures(*arguments, kinds=("svg", "tex", "gp", "png", "pdf")):
    return [Command([*arguments, "-o", f"figure.{kind}"], "figure text", ((f"figure.{kind}", kind),), shown=False) for kind in kinds]


def fragment(*arguments):
    return [Command([*arguments, "--format", "html", "--fragment"], "html")]


def layers(folder, names):
    """Name, note of a layer, note, warning and ignored key of a run, all in one configuration."""
    configuration(f"{folder}/run.yaml", "run", names, notes=names, warnings=names, ignored=names)
    written = tuple((f"out/{file}", kind) for file, kind in (
        ("report.html", "html"), ("report.md", "markdown"), ("report.tex", "latex"), ("report.json", "json"), ("course.svg", "figure svg")))
    return [
        *formats("report", "run.yaml"), *fragment("report", "run.yaml"),
        Command(["report", "run.yaml", "-o", "out"], "text", written, shown=False),
        *formats("predict", "--config", "run.yaml", of=("text", "markdown", "csv", "json")),
        *formats("trajectory", "run.yaml"),
        Command(["trajectory", "run.yaml", "--plot"], "plot", shown=False),
        *formats("convert", "--config", "run.yaml", "--to", "rv-adamw", shown=False),
        Command(["convert", "--config", "run.yaml", "--to", "rv-adamw", "-o", "rates.py"], "text", (("rates.py", "python"),), shown=False),
        Command(["config", "run.yaml"], "yaml"),
        Command(["config", "run.yaml", "-o", "out.yaml"], "text", (("out.yaml", "yaml"),), shown=False),
    ]


def drawn(folder, names):
    configuration(f"{folder}/run.yaml", "run", names)
    return figures("trajectory", "run.yaml")


def checkpoint(folder, names):
    tensors = [(name, (4, 5 + i)) for i, name in enumerate(names)]
    configuration(f"{folder}/run.yaml", steps=100)
    for step in (80, 90):
        write_tensors(f"{folder}/step-{step}.safetensors", tensors, seed=step)
    audit = ["audit", "step-90.safetensors", "--config", "run.yaml"]
    earlier = ["--previous", "step-80.safetensors"]
    return [
        *formats(*audit, *earlier), *fragment(*audit), *formats(*audit, of=("text", "csv", "json")), *figures(*audit, kinds=("svg", "gp", "tex", "pdf")),
        *formats("predict", "--config", "run.yaml", "--checkpoint", "step-90.safetensors"),
        *formats("report", "run.yaml", "--checkpoint", "step-90.safetensors", *earlier),
        Command(["config", "run.yaml", "--checkpoint", "step-90.safetensors"], "yaml"),
        Command([*audit, "--neurons", "none such"], "text", shown=False),
    ]


def shapes(folder, names):
    configuration(f"{folder}/run.yaml")
    write_table(f"{folder}/shapes.csv", ["name", "shape"], [[name, f"4x{5 + i}"] for i, name in enumerate(names)])
    write_table(f"{folder}/layers.csv", ["name", "neurons", "dimension"], [[name, 4, 5 + i] for i, name in enumerate(names)])
    return [
        *formats("predict", "--config", "run.yaml", "--shapes", "shapes.csv"),
        *formats("report", "run.yaml", "--shapes", "layers.csv", of=("text", "html", "json")),
        Command(["config", "run.yaml", "--shapes", "layers.csv"], "yaml"),
    ]


def flags(folder, names):
    listed = ",".join(f"{name}:{5 + i}:1" for i, name in enumerate(names))
    return formats("trajectory", *ADAMW, "--steps", "12", "--layers", listed)


def logs(folder, names):
    """Layers of logged norms: those of the run, and those that it does not have."""
    configuration(f"{folder}/run.yaml", layers=names)
    configuration(f"{folder}/other.yaml", layers=["one"])
    rows = [[name, step] for name in names for step in (5, 10)]
    write_table(f"{folder}/gradient.csv", ["layer", "step", "gradient_norm"], [[*row, "0.1"] for row in rows])
    write_table(f"{folder}/measured.csv", ["layer", "step", "norm", "rotation"], [[*row, "0.9", "0.002"] for row in rows])
    logged = ["trajectory", "run.yaml", "--gradient", "gradient.csv", "--measured", "measured.csv"]
    return [
        *formats(*logged, of=("text", "markdown", "latex", "html", "json")), *formats(*logged[:4], of=("csv",)), *figures(*logged, kinds=("svg", "gp")),
        Command(["trajectory", "other.yaml", "--measured", "measured.csv"], "text", shown=False),
        Command(["trajectory", "other.yaml", "--gradient", "gradient.csv"], "text", shown=False),
    ]


def replayed(folder, names):
    tensors = [(name, (4, 5)) for name in names]
    write_tensors(f"{folder}/weights.safetensors", tensors)
    write_tensors(f"{folder}/expected.safetensors", tensors, seed=2)
    write_tensors(f"{folder}/gradients.safetensors", [(f"{name}/step.0", shape) for name, shape in tensors], seed=3)
    replay = ["replay", *ADAMW, "--weights", "weights.safetensors", "--gradients", "gradients.safetensors"]
    return [
        *formats(*replay, "--expected", "expected.safetensors", "--tolerance", "100"),
        Command([*replay, "--expected", "expected.safetensors"], "text"),
        Command([*replay, "-o", "after.safetensors"], "text", shown=False),
        Command([*replay[:-1], "weights.safetensors", "-o", "after.safetensors"], "text", shown=False),
    ]


def foreign(folder, names):
    """Keys that a report lists as without influence."""
    run = {"optim": "adamw_torch", "learning_rate": 0.001, "weight_decay": 0.1, "max_steps": 12, "per_device_train_batch_size": 8}
    write(f"{folder}/run.json", json.dumps({**run, **{name: 1 for name in names if name not in run}}))
    write(f"{folder}/timm.yaml", "opt: adamw\nsched: cosine\nlr: 1e-3\nweight_decay: 0.1\nepochs: 2\nwarmup_epochs: 0\nbatch_size: 8\n"
          + "".join(f"{quoted(name)}: 1\n" for name in names))
    timm = ["report", "timm.yaml", "--config-format", "timm", "--dataset-size", "64", "--world-size", "1"]
    return [*formats("report", "run.json", of=("text", "markdown", "latex", "html", "json")), *formats(*timm, of=("text", "markdown")),
            Command(["config", "run.json"], "yaml", shown=False)]


def cell(name):
    """What a cell of a table read line by line can hold."""
    return " ".join(re.split("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+", name)).strip() or "x"


def listed_layer(name):
    """What an item of --layers can hold."""
    return "".join(c for c in name if c not in ",:\0").strip() or "x"


# What remains of a name where not every character can stand.
CARRIED = {shapes: cell, logs: cell, flags: listed_layer}
BATCHED = (layers, drawn, checkpoint, shapes, flags, logs, replayed, foreign)


# Scenes with one name a run. Their outputs are joined and judged as one.


def title(folder, name, i):
    configuration(f"{folder}/{i}.yaml", name)
    return ["report", f"{i}.yaml"]


def template(folder, name, i):
    configuration(f"{folder}/{i}.yaml", name)
    os.makedirs(f"{folder}/templates", exist_ok=True)
    for file, text in (("html", "<h1>{{title}}</h1><p title=\"{{title}}\">{{source}}</p>"), ("md", "# {{title}}\n"), ("tex", "<<={{ }}=>>\\section*{{{title}}}")):
        write(f"{folder}/templates/report.{file}.mustache", text + "\n")
    return ["report", f"{i}.yaml", "--templates", "templates"]


def file_name(name, extension):
    """A name that a file can have."""
    name = name.replace("/", "").replace("\0", "")
    return "n" + name.encode()[:180].decode("utf-8", "ignore") + extension


def source(folder, name, i):
    configuration(f"{folder}/{file_name(name, '.yaml')}", "run")
    return ["report", file_name(name, ".yaml")]


def checkpoint_file(folder, name, i):
    write_tensors(f"{folder}/{file_name(name, '.safetensors')}", [("a.weight", (4, 5))])
    configuration(f"{folder}/run.yaml", steps=100)
    return ["audit", file_name(name, ".safetensors"), "--config", "run.yaml"]


def schedule_file(folder, name, i):
    write(f"{folder}/{file_name(name, '.csv')}", "step,learning_rate\n1,0.001\n10,0.0005\n")
    return ["trajectory", *ADAMW, "--dimension", "8", "--initial-norm", "1", "--steps", "12", "--schedule", file_name(name, ".csv")]


SINGLE = (
    (title, ("text", "markdown", "latex", "html", "csv", "json")), (source, ("markdown", "latex", "html", "json")), (template, ("markdown", "html")),
    (checkpoint_file, ("text", "markdown", "html")), (schedule_file, ("text", "markdown", "latex", "html", "csv", "json")),
)


# Refusals: one line on standard error, whatever it repeats.


def argument(name):
    return name.replace("\0", "") or "x"


def refusals(folder, name):
    """Command lines that repeat a name in a message, by what carries it."""
    a = argument(name)
    write(f"{folder}/key.yaml", f"name: x\n{quoted(name)}: 3\n")
    write(f"{folder}/raw.yaml", f"name: x\n{name}: 3\n")
    write(f"{folder}/value.yaml", f"name: x\noptimizer: {{name: {quoted(name)}, learning_rate: 1e-3, weight_decay: 0.1}}\nsteps: 9\n")
    write(f"{folder}/number.yaml", f"name: x\noptimizer: {{name: adamw, learning_rate: {quoted(name)}, weight_decay: 0.1}}\nsteps: 9\n")
    configuration(f"{folder}/run.yaml", layers=["one"])
    write(f"{folder}/number.json", json.dumps({"learning_rate": name, "optim": "adamw_torch", "weight_decay": 0.1, "max_steps": 9}))
    write(f"{folder}/optim.json", json.dumps({"optim": name, "learning_rate": 1e-3, "weight_decay": 0.1, "max_steps": 9}))
    write(f"{folder}/raw.json", '{"optim": "adamw_torch", "learning_rate": ' + name + "}")
    write(f"{folder}/key.toml", f'[optimizer]\nname = "AdamW"\nlr = {json.dumps(name)}\n')
    write(f"{folder}/raw.toml", f"[optimizer]\nname = {name}\n")
    write(f"{folder}/value.py", f"learning_rate = {name!r}\nmax_iters = 9\n")
    write(f"{folder}/raw.py", f"learning_rate = {name}\n{name} = 1\n")
    word = "'" + name.replace("'", "'\\''").replace("\0", "") + "'"
    write(f"{folder}/key.sh", f"python train.py --opt adamw --lr {word} --epochs 3 --sched cosine\n")
    write(f"{folder}/raw.sh", f"python train.py --opt adamw --lr 1 {name}\n")
    write_table(f"{folder}/column.csv", ["name", name], [["a", "4x4"]])
    write_table(f"{folder}/shape.csv", ["name", "shape"], [["a", name]])
    write_table(f"{folder}/step.csv", ["step", "learning_rate"], [[name, "1e-3"]])
    write_table(f"{folder}/rotation.csv", ["step", name], [[1, "1e-3"]])
    shapes = ["predict", "--config", "run.yaml", "--shapes"]
    run = ["trajectory", *ADAMW, "--dimension", "8", "--steps", "12"]
    lines = {file: ["report", file] for file in (
        "key.yaml", "raw.yaml", "value.yaml", "number.yaml", "number.json", "optim.json", "raw.json", "key.toml", "raw.toml", "value.py", "raw.py", "key.sh", "raw.sh")}
    lines.update({
        "column.csv": [*shapes, "column.csv"], "shape.csv": [*shapes, "shape.csv"], "step.csv": [*run, "--schedule", "step.csv"],
        "rotation.csv": [*run, "--measured", "rotation.csv"], "no such file": ["report", a], "no such checkpoint": ["audit", a, "--config", "run.yaml"],
        "unknown flag": ["predict", f"--{a}"], "unknown command": [a], "stray argument": ["predict", a], "flag's value": ["predict", "--lr", a],
        "unknown optimizer": ["predict", "--optimizer", a], "unknown schedule": [*run, "--schedule", a], "parameter": [*run, "--schedule", f"cosine:{a}"],
        "unknown layer": ["trajectory", "run.yaml", f"--layer={a}"], "override": ["report", "run.yaml", f"--{a}=1"], "--set": ["report", "run.yaml", "--set", a],
        "--set's value": ["report", "run.yaml", "--set", f"optimizer.learning_rate={a}"], "--layers": [*run[:-4], "--steps", "9", "--layers", a],
        "--format": ["predict", *ADAMW, f"--format={a}"], "--initialization": [*run, "--initialization", a], "--decay": [*shapes, "column.csv", "--decay", a],
        "--config-format": ["report", "run.yaml", f"--config-format={a}"], "output": ["trajectory", "run.yaml", "-o", f"none/{a}.svg"], "output's kind": ["trajectory", "run.yaml", f"-o={a}"],
        "--imbalance": ["simulate", "--optimizer", "rv-adamw", "--lr", "1e-3", "--weight-decay", "0.1", "--imbalance", a], "--quantities": ["sweep", *ADAMW, f"--quantities={a}"],
        "--for": ["solve", *ADAMW[:2], f"--for={a}"], "--only": ["crosscheck", f"--only={a}"], "--over": ["sweep", *ADAMW, f"--over={a}"],
    })
    return lines
