#!/usr/bin/env python3
"""Puts hostile names wherever a name can stand, and opens every output with the program that will read it.

Usage: Scripts/hostile-text.py path/to/roteq [--quick] [--seed N] [--only SCENE ...] [--seconds N]

A cell is a name in a place, a command and a format. Names come in batches; where a batch fails for a new reason, halves of it
tell which name does. Needs Chromium, gnuplot, LaTeX and pandoc, and says which of them is not there.
"""

import argparse
import collections
import concurrent.futures
import os
import random
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "hostile"))
import browser  # noqa: E402
import judges  # noqa: E402
import names  # noqa: E402
import scenes  # noqa: E402

BATCH = 140
REFUSED = (64, 65)


class Suite:
    def __init__(self, binary, options):
        self.binary, self.options = os.path.abspath(binary), options
        self.work = tempfile.mkdtemp()
        self.lock = threading.Lock()
        self.plain, self.refused = {}, collections.defaultdict(set)
        self.cells, self.unjudged, self.failures = collections.Counter(), collections.Counter(), {}
        self.causes = collections.Counter()
        self.pages = []

    # What was found

    def fail(self, output, place, reason, name):
        """Keeps one example of each cause in each place, and counts the others."""
        cause = output, reason.split(":")[0]
        with self.lock:
            self.failures.setdefault((*cause, place.split(":")[0]), [0, place, reason, name])[0] += 1
            if name is not None:
                self.causes[cause] += 1

    def known(self, reasons):
        """Whether names were found for all of these reasons, wherever."""
        with self.lock:
            return all(self.causes[output, reason.split(":")[0]] >= self.options.found for output, reason in reasons)

    def count(self, output, cells, judged=True):
        with self.lock:
            (self.cells if judged else self.unjudged)[output] += cells

    # Runs

    def folder(self):
        return tempfile.mkdtemp(dir=self.work)

    def run(self, arguments, folder):
        return judges.execute([self.binary, *arguments], folder)

    def outputs(self, command, folder):
        """What a command prints and writes, by kind."""
        code, out, error = self.run(command.arguments, folder)
        found = [(command.kind, command.shown, out)]
        for file, kind in command.writes:
            try:
                with open(os.path.join(folder, file), "rb") as opened:
                    found.append((kind, True, opened.read()))
            except OSError:
                found.append((kind, True, None))
        return code, error, found

    def beside(self, scene, index, count):
        """The same command with harmless names."""
        key = (scene, index, count)
        if key not in self.plain:
            folder = self.folder()
            self.plain[key] = self.outputs(scene(folder, names.harmless(count + 1))[index], folder)
            shutil.rmtree(folder)
        return self.plain[key]

    def judge(self, kind, raw, plain, wanted, folder, place):
        """The reasons to fail of one output."""
        kind = kind.replace("figure ", "")
        if raw is None:
            return ["nothing was written"] if plain is not None else []
        if kind == "text":
            return judges.terminal(raw, plain) + judges.missing(raw.decode("utf-8", "replace"), wanted)
        if kind == "plot":
            return judges.terminal(raw, plain, lines=False)
        if kind in ("png", "pdf"):
            return [] if raw else ["an empty file"]
        if kind == "html":
            with self.lock:
                self.pages.append((place, raw))
        if kind in ("latex", "tex"):
            reasons = judges.latex(raw, plain, wanted if kind == "latex" else (), folder)
            if not reasons and place.startswith("layers: roteq report run.yaml --format") and shutil.which("lualatex"):
                reasons = judges.latex(raw, plain, (), folder, lua=True)
            return reasons
        if kind == "gp":
            return judges.gnuplot(raw, plain, wanted, folder)
        return {"html": judges.html, "svg": judges.svg, "markdown": judges.markdown, "csv": judges.csv_text, "json": judges.json_text,
                "yaml": judges.yaml_text, "python": judges.python_text}[kind](raw, plain, wanted)

    # Scenes with many names

    def batch(self, scene, index, batch):
        """Reasons by output; None where the names are refused as they should be."""
        folder = self.folder()
        try:
            # A harmless name beside them: a table of one layer looks different.
            command = scene(folder, [*batch, names.harmless(1)[0]])[index]
            code, error, found = self.outputs(command, folder)
            plain_code, plain_error, plain = self.beside(scene, index, len(batch))
            place = f"{scene.__name__}: roteq {' '.join(command.arguments)}"[:110]
            reasons = [("standard error", reason) for reason in judges.refusal(error, plain_error)]
            if code != plain_code:
                if code not in REFUSED:
                    return place, [("exit", f"exit code {code}: {judges.show(error)}")]
                return place, reasons or None
            for (kind, shown, raw), (_, _, other) in zip(found, plain):
                # A table that shows some layers alone shows the same ones whatever they are called.
                usual = (other or b"").decode("utf-8", "replace")
                wanted = [name for name, calm in zip(batch, names.harmless(len(batch))) if shown and calm in usual]
                wanted = wanted if kind not in ("python", "png", "pdf") and "figure" not in kind else []
                reasons += [(kind, reason) for reason in self.judge(kind, raw, other, wanted, folder, place)]
            if any(names.CANARY in os.listdir(parent) for parent, _, _ in os.walk(folder)):
                reasons.append((command.kind, "a name was executed"))
            return place, reasons
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def divide(self, scene, index, batch, output):
        """Judges a batch, and its halves where it fails, down to the names that do."""
        batch = [name for name in batch if name not in self.refused[scene]]
        if not batch:
            return
        place, reasons = self.batch(scene, index, batch)
        if reasons == [] or len(batch) == 1:
            self.count(output, len(batch))
            if reasons is None:
                self.refused[scene].add(batch[0])
            for kind, reason in reasons or []:
                self.fail(kind, place, reason, batch[0])
        elif reasons is not None and self.known(reasons):
            self.count(output, len(batch), judged=False)
            for kind, reason in reasons:
                self.fail(kind, place, reason, None)
        else:
            middle = len(batch) // 2
            self.divide(scene, index, batch[:middle], output)
            self.divide(scene, index, batch[middle:], output)
            for kind, reason in reasons or []:
                if not self.known([(kind, reason)]):  # by no name alone
                    self.fail(kind, place, reason, batch[0])

    # Scenes with one name a run

    def joined(self, scene, kind, batch):
        """Runs that differ by their name alone, as one output."""
        folder, parts, code = self.folder(), [], 0
        flags = ["--fragment"] if kind == "latex" else []
        error = b""
        for i, name in enumerate(batch):
            code, out, error = self.run([*scene(folder, name, i), "--format", kind, *flags], folder)
            parts.append(out)
            if code:
                break
        text = b"\n".join(parts)
        if kind == "latex":
            text = (b"\\documentclass{article}\n\\usepackage{amsmath,amssymb,booktabs,graphicx,siunitx,pgfplots}\n\\pgfplotsset{compat=1.17}\n"
                    b"\\begin{document}\n" + text + b"\n\\end{document}\n")
        return folder, code, error, text

    def single(self, scene, kind, batch):
        folder, code, error, text = self.joined(scene, kind, batch)
        key = (scene, kind, len(batch))
        if key not in self.plain:
            other, plain_code, plain_error, plain = self.joined(scene, kind, names.harmless(len(batch)))
            shutil.rmtree(other, ignore_errors=True)
            self.plain[key] = plain, plain_code
        plain, plain_code = self.plain[key]
        place = f"{scene.__name__}: roteq {' '.join(scene(folder, 'NAME', 0))} --format {kind}"[:110]
        reasons = [("standard error", reason) for reason in judges.controls(error, "standard error", also=judges.STEERING)]
        if code != plain_code:
            reasons.append((kind, f"exit code {code}: {judges.show(error)}"))
        elif kind == "json":  # several documents cannot be read as one
            reasons += [(kind, reason) for reason in judges.controls(text, "JSON", also=judges.STEERING)]
        else:
            wanted = [] if kind == "csv" else [scenes.file_name(name, "") if scene in (scenes.source, scenes.schedule_file) else name for name in batch]
            wanted = wanted if scene is not scenes.checkpoint_file else []
            reasons += [(kind, reason) for reason in self.judge(kind, text, plain, wanted, folder, place)]
        if any(names.CANARY in files for _, _, files in os.walk(folder)):
            reasons.append((kind, "a name was executed"))
        shutil.rmtree(folder, ignore_errors=True)
        if not reasons or len(batch) == 1:
            self.count(kind, len(batch))
            for output, reason in reasons:
                self.fail(output, place, reason, batch[0])
        elif self.known(reasons):
            self.count(kind, len(batch), judged=False)
            for output, reason in reasons:
                self.fail(output, place, reason, None)
        else:
            self.single(scene, kind, batch[: len(batch) // 2])
            self.single(scene, kind, batch[len(batch) // 2 :])

    # Refusals, and lines to paste into a shell

    def refusals(self, some):
        plain = {}
        for name in names.harmless(1) + some:
            folder = self.folder()
            try:
                lines = scenes.refusals(folder, name)
                for carrier in lines:
                    code, _, error = self.run(lines[carrier], folder)
                    plain.setdefault(carrier, error)
                    place = f"{carrier}: roteq {' '.join(lines[carrier])}"[:110]
                    reasons = judges.refusal(error, plain[carrier])
                    if code < 0 or code >= 128:
                        reasons.append(f"exit code {code}")
                    for reason in reasons:
                        self.fail("standard error", place, reason, name)
                    self.count("standard error", 1)
                if names.CANARY in os.listdir(folder):
                    self.fail("standard error", "refusals", "a name was executed", name)
            finally:
                shutil.rmtree(folder)

    def shell_lines(self, some):
        for name in some:
            folder = os.path.join(self.folder(), "inner")
            os.mkdir(folder)
            file = "./" + scenes.file_name(name, ".pt")
            open(os.path.join(folder, file), "w").close()
            scenes.configuration(f"{folder}/run.yaml")
            for arguments in (["config", file], ["audit", file, "--config", "run.yaml"]):
                _, _, error = self.run(arguments, folder)
                reasons = judges.refusal(error, b"") + judges.shell_line(error, file, folder)
                if names.CANARY in os.listdir(folder):
                    reasons.append("the line executes a name")
                for reason in reasons:
                    self.fail("shell", f"{arguments[0]}: roteq {arguments[0]} NAME.pt", reason, name)
                self.count("shell", 1)
            shutil.rmtree(os.path.dirname(folder))

    # All of it

    def tasks(self, everything):
        """Functions to call, those that take long first."""
        batches = [everything[i : i + BATCH] for i in range(0, len(everything), BATCH)]
        wanted = self.options.only
        for scene in scenes.BATCHED:
            if not wanted or scene.__name__ in wanted:
                folder = self.folder()
                commands = scene(folder, names.harmless(2))
                for batch in batches:
                    batch = names.unique(map(scenes.CARRIED.get(scene, str), batch))
                    for index, command in enumerate(commands):
                        output = command.writes[0][1] if command.writes else command.kind
                        yield lambda s=scene, i=index, b=batch, o=output: self.divide(s, i, b, o)
        some = everything[:: 6 if self.options.quick else 3]
        parts = [some[i : i + 48] for i in range(0, len(some), 48)]
        for scene, kinds in scenes.SINGLE:
            if not wanted or scene.__name__ in wanted:
                for part in parts:
                    for kind in kinds:
                        yield lambda s=scene, k=kind, p=part: self.single(s, k, p)
        for part in parts:
            if not wanted or "refusals" in wanted:
                yield lambda p=part: self.refusals(p)
            if not wanted or "shell" in wanted:
                yield lambda p=part: self.shell_lines(p)

    def browse(self):
        """Opens the pages of the names in Chromium, half of them as a fragment in a page that allows all."""
        pages = [(place, raw) for place, raw in self.pages if b"<" in raw]
        random.Random(self.options.seed).shuffle(pages)
        for place, reason in browser.open_all(pages[: self.options.pages], self.work):
            self.fail("browser", place, reason, "")
        self.count("browser", min(len(pages), self.options.pages))

    def report(self):
        print("Cells judged, and those of batches that fail for reasons that are known:")
        for output in sorted(self.cells | self.unjudged):
            print(f"  {output:16} {self.cells[output]:7} {self.unjudged[output]:7}")
        print(f"  {'in all':16} {sum(self.cells.values()):7} {sum(self.unjudged.values()):7}")
        for key in sorted(self.failures):
            count, place, reason, name = self.failures[key]
            print(f"failed: {key[0]}, {judges.show(place, 110)[1:-1]}: {reason} [{count}{'' if name is None else '; ' + judges.show(name, 60)}]")
        print("all passed" if not self.failures else f"{len(self.failures)} kinds of failure")
        return 1 if self.failures else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--quick", action="store_true", help="a seeded tenth of the names")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", help="some scenes only, by name")
    parser.add_argument("--found", type=int, default=1, help="names to find of each cause")
    parser.add_argument("--seconds", type=float, default=3600, help="start nothing new after this time")
    parser.add_argument("--pages", type=int, default=None, help="pages to open in Chromium")
    options = parser.parse_args()
    options.pages = options.pages or (40 if options.quick else 240)
    needed = [program for program in ("gnuplot", "pdflatex", "pandoc", "bash") if not shutil.which(program)]
    if needed or not browser.program():
        sys.exit(f"needed: {', '.join(needed + ([] if browser.program() else ['chromium']))}")
    suite, start, late = Suite(options.binary, options), time.time(), 0
    everything = names.all_names(options.seed, 0.1 if options.quick else 1)
    print(f"{len(everything)} names, seed {options.seed}")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        tasks = list(suite.tasks(everything))
        random.Random(options.seed).shuffle(tasks)  # a run that ends early has seen something of everything
        for done in [pool.submit(lambda task=task: time.time() - start < options.seconds and (task() or True)) for task in tasks]:
            late += not done.result()
    if late:
        print(f"out of time: {late} of {len(tasks)} batches were not tried")
    suite.browse()
    code = suite.report()
    print(f"{time.time() - start:.0f} s", file=sys.stderr)
    shutil.rmtree(suite.work, ignore_errors=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
