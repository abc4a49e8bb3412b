"""One judge an output: what it says of a hostile output beside the harmless one. No reason is a pass."""

import ast
import collections
import csv
import functools
import io
import json
import os
import re
import subprocess
import unicodedata
import xml.etree.ElementTree
from html.parser import HTMLParser

import names

PANDOC = ("gfm", "markdown-smart", "commonmark_x-smart")
# No program writes more than a line for a refusal, and the parser of arguments two or three.
REFUSAL_LINES = 4


def execute(arguments, folder, seconds=120, text=None):
    """Runs a program; one that hangs counts as one that was killed."""
    try:
        done = subprocess.run(arguments, cwd=folder, capture_output=True, timeout=seconds, input=text)
        return done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired:
        return -9, b"", b"hangs"


def show(text, length=70):
    text = text if isinstance(text, str) else text.decode("utf-8", "backslashreplace")
    return ascii(text if len(text) <= length else text[:length] + "...")


def squash(text):
    return re.sub(r"\s+", "", text)


def missing(text, wanted):
    """The first name that a text lacks."""
    text = unicodedata.normalize("NFC", squash(text))
    plainly = names.plain(text) if wanted else ""
    for name in wanted:
        if not names.told(name, text, plainly):
            return [f"a name is missing: {show(name)}"]
    return []


def controls(raw, what, also="", allowed="\n"):
    """What steers a terminal, or a reader's eyes."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return [f"{what} is no UTF-8: {error.reason} at {error.start}"]
    found = sorted({c for c in text if (ord(c) < 32 or 127 <= ord(c) < 160 or c in also) and c not in allowed})
    return [f"{what} has control characters: {' '.join(f'U+{ord(c):04X}' for c in found[:6])}"] if found else []


STEERING = names.BIDI + "\u2028\u2029"


def terminal(raw, plain, what="the terminal", lines=True):
    reasons = controls(raw, what, also=STEERING)
    if lines and raw.count(b"\n") != plain.count(b"\n"):
        reasons.append(f"{what} has other lines than without hostile names: {raw.count(10)} for {plain.count(10)}")
    return reasons


def refusal(raw, plain):
    reasons = controls(raw, "standard error", also=STEERING)
    if raw.count(b"\n") > max(plain.count(b"\n"), 1 if raw.startswith(b"roteq: ") else REFUSAL_LINES):
        reasons.append(f"standard error has more lines: {raw.count(10)} for {plain.count(10)}")
    return reasons


def json_text(raw, plain, wanted):
    reasons = controls(raw, "JSON", also=STEERING)
    try:
        document = json.loads(raw)
    except ValueError as error:
        return reasons + [f"JSON cannot be read: {error}"]
    texts, rest = [], [document]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            texts += value
            rest += value.values()
        elif isinstance(value, list):
            rest += value
        elif isinstance(value, str):
            texts.append(value)
    whole, joined = set(texts), "\n".join(texts)
    # A byte order mark at the start is no part of a text.
    lost = [name for name in wanted if name.lstrip("\ufeff") not in whole and name.lstrip("\ufeff") not in joined]
    return reasons + [f"JSON lacks a name: {show(name)}" for name in lost[:1]]


def csv_text(raw, plain, wanted):
    reasons = controls(raw, "CSV", allowed="\n\r\t")
    def table(data):
        return [row for row in csv.reader(io.StringIO(data.decode("utf-8", "replace"), newline=""), strict=True)]
    try:
        rows = table(raw)
    except csv.Error as error:
        return reasons + [f"CSV cannot be read: {error}"]
    if [len(row) for row in rows] != [len(row) for row in table(plain)]:
        reasons.append("CSV has other rows or columns than without hostile names")
    for cell in (cell for row in rows for cell in row):
        if cell[:1] in tuple("=+-@\t\r\n") and not re.fullmatch(r"[-+]?[0-9.]+(e[-+]?[0-9]+)?", cell):
            return reasons + [f"CSV has a cell that is a formula: {show(cell)}"]
    return reasons + missing("\n".join(cell for row in rows for cell in row), wanted)


class Elements(HTMLParser):
    """Tags with their attributes, where links go, what scripts and styles hold, and the text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.links, self.texts, self.inside = set(), set(), [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add((tag, tuple(sorted(name for name, _ in attributes))))
        self.links |= {value for name, value in attributes if name in ("href", "src", "style", "action", "xlink:href")}
        self.inside = [tag]

    def handle_endtag(self, tag):
        self.inside = []

    def handle_comment(self, data):
        self.tags.add(("comment", ()))

    def handle_decl(self, data):
        self.tags.add((data.lower(), ()))

    unknown_decl = handle_pi = handle_decl

    def handle_data(self, data):
        if self.inside not in (["style"], ["script"]):
            self.texts.append(data)


def html(raw, plain, wanted):
    reasons = controls(raw, "HTML", also=STEERING)
    page, other = Elements(raw.decode("utf-8", "replace")), Elements(plain.decode())
    new = sorted(map(str, page.tags - other.tags))
    if new:
        reasons.append(f"HTML has elements that no name may make: {show(' '.join(new))}")
    new = [link for link in page.links - other.links if not re.fullmatch(r"#[-\w]*", link or "#")]
    if new:
        reasons.append(f"HTML has links that no name may make: {show(str(new[0]))}")
    return reasons + missing("".join(page.texts), wanted)


def svg(raw, plain, wanted):
    reasons = controls(raw, "SVG", also=STEERING)
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        reasons.append("SVG has a document type")
    try:
        tree, other = (xml.etree.ElementTree.fromstring(data) for data in (raw, plain))
    except (xml.etree.ElementTree.ParseError, ValueError) as error:
        return reasons + [f"SVG cannot be read: {error}"]
    def kinds(root):
        return {(e.tag, a) for e in root.iter() for a in [None, *e.attrib]}
    new = kinds(tree) - kinds(other)
    if new:
        reasons.append(f"SVG has elements that no name may make: {show(str(sorted(map(str, new))[0]))}")
    return reasons + missing("".join(tree.itertext()), wanted)


@functools.lru_cache(maxsize=512)
def pandoc(raw, reader):
    code, out, error = execute(["pandoc", "-f", reader, "-t", "json"], None, text=raw)
    if code:
        raise ValueError(f"pandoc cannot read it: {show(error)}")
    blocks, inlines, texts = [], collections.Counter(), []
    def walk(node):
        if isinstance(node, list):
            for item in node:
                walk(item)
        elif isinstance(node, dict):
            kind = node.get("t")
            if kind in ("Str", "Code", "Math", "CodeBlock"):
                content = node["c"] if kind == "Str" else node["c"][1]
                texts.append(content)
            if kind in BLOCKS:
                blocks.append(kind)
            # The sign of an address stands as code: nobody makes a link or a mention of that.
            elif kind in INLINES and not (kind == "Code" and node["c"][1] == "@"):
                inlines[kind] += 1
            if kind == "Math" and re.search(r"\\num|\\si\b", node["c"][1]):
                inlines["Math for TeX alone"] += 1
            walk(node.get("c"))
        elif isinstance(node, str):
            return
    walk(json.loads(out)["blocks"])
    return blocks, inlines, "".join(texts)


BLOCKS = {"Para", "Plain", "Header", "CodeBlock", "RawBlock", "BlockQuote", "OrderedList", "BulletList", "DefinitionList", "HorizontalRule", "Table", "Div", "LineBlock", "Figure"}
INLINES = {"Link", "Image", "RawInline", "Math", "Code", "Emph", "Strong", "Strikeout", "Superscript", "Subscript", "Underline", "SmallCaps", "Quoted", "Cite", "Note", "Span", "LineBreak"}


def markdown(raw, plain, wanted):
    reasons = controls(raw, "Markdown", also=STEERING)
    for reader in PANDOC:
        try:
            blocks, inlines, text = pandoc(raw, reader)
            other_blocks, other_inlines, _ = pandoc(plain, reader)
        except ValueError as error:
            return reasons + [str(error)]
        new, gone = inlines - other_inlines, other_inlines - inlines
        if blocks != other_blocks:
            reasons.append(f"Markdown ({reader}) has other blocks: {show(str(dict(collections.Counter(blocks) - collections.Counter(other_blocks))))}")
        if new or gone:
            reasons.append(f"Markdown ({reader}) has other inlines: {show(str({**new, **{k + ' lost': v for k, v in gone.items()}}))}")
        if inlines["Math for TeX alone"]:
            reasons.append(f"Markdown ({reader}) has mathematics that no web page can set")
        if reader.startswith("markdown") and plain.count(b"$$") // 2 + (plain.count(b"$") - 2 * plain.count(b"$$")) // 2 != other_inlines["Math"]:
            reasons.append(f"Markdown ({reader}) has dollars that are no mathematics")
        reasons += missing(text, wanted)
    return reasons


def pdf_text(pdf):
    """The letters of an uncompressed PDF of Type 1 fonts; no spaces."""
    strings = re.findall(rb"\(((?:[^()\\]|\\.)*)\)", pdf, re.DOTALL)
    return re.sub(rb"\\(.)", rb"\1", b"".join(strings)).decode("latin-1")


def latex(raw, plain, wanted, folder, lua=False):
    reasons = controls(raw, "LaTeX", also=STEERING, allowed="\n\t")
    with open(os.path.join(folder, "judged.tex"), "wb") as file:
        file.write(b"" if lua else b"\\pdfcompresslevel=0\\pdfobjcompresslevel=0\n")
        file.write(raw)
    program = "lualatex" if lua else "pdflatex"
    code, out, error = execute([program, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "judged.tex"], folder)
    log = out.decode("latin-1")
    if "/etc/passwd" in re.sub(r"\s", "", "".join(re.findall(r"\(/[^()\s]*", log))):
        reasons.append(f"{program} reads /etc/passwd")
    if code:
        first = re.search(r"^! *(.*)", log, re.M)
        return reasons + [f"{program} fails: {show(first.group(1) if first else log[-80:])}"]
    if lua:
        return reasons
    with open(os.path.join(folder, "judged.pdf"), "rb") as file:
        text = pdf_text(file.read())
    # Words are searched for that TeX does not join, kern or hyphenate into something else.
    for name in wanted:
        for word in ("kern", "wort"):
            if word in name and text.count(word) < sum(word in n for n in wanted):
                return reasons + [f"the PDF lacks names: {text.count(word)} times {word} for {sum(word in n for n in wanted)}"]
    return reasons


def gnuplot(raw, plain, wanted, folder):
    reasons = controls(raw, "gnuplot", also=STEERING, allowed="\n\t")
    with open(os.path.join(folder, "judged.gp"), "wb") as file:
        file.write(raw)
    code, out, error = execute(["gnuplot", "judged.gp"], folder)
    # A key of many long titles is more than a picture holds.
    error = b"\n".join(line for line in error.splitlines() if b"difficulty fitting plot titles" not in line)
    if code or error.strip(b"\n ^"):
        return reasons + [f"gnuplot fails or complains ({code}): {show(b' '.join(error.split()))}"]
    drawn = out
    for name in sorted(os.listdir(folder)):
        if not drawn and name.endswith(".svg"):
            with open(os.path.join(folder, name), "rb") as file:
                drawn = file.read()
    if drawn.lstrip().startswith(b"<?xml"):
        try:
            root = xml.etree.ElementTree.fromstring(drawn)
        except xml.etree.ElementTree.ParseError as error:
            return reasons + [f"gnuplot draws what is no XML: {error}"]
        reasons += [f"drawn by gnuplot, {reason}" for reason in missing("".join(root.itertext()), wanted)]
    return reasons


def yaml_text(raw, plain, wanted):
    reasons = terminal(raw, plain, "YAML")
    try:
        import yaml
    except ImportError:
        return reasons
    try:
        document = yaml.safe_load(raw)
    except (yaml.YAMLError, ValueError) as error:
        return reasons + [f"PyYAML cannot read it: {show(str(error).splitlines()[0])}"]
    texts, rest = set(), [document]
    while rest:
        value = rest.pop()
        rest += value if isinstance(value, list) else value.values() if isinstance(value, dict) else []
        texts |= {value} if isinstance(value, str) else set()
    return reasons + [f"PyYAML reads another name: {show(name)}" for name in wanted if name.lstrip("\ufeff") not in texts][:1]


def python_text(raw, plain, wanted):
    try:
        trees = [ast.parse(data.decode()) for data in (raw, plain)]
    except (SyntaxError, ValueError) as error:
        return [f"Python cannot read it: {error}"]
    kinds = [[type(node).__name__ for node in ast.walk(tree) if not isinstance(node, ast.Constant)] for tree in trees]
    return controls(raw, "Python", also=STEERING) + ([] if kinds[0] == kinds[1] else ["Python has other statements than without hostile names"])


def shell_line(error, path, folder):
    """The line that a message gives to paste into a shell: it has to give Python the file as one word."""
    text = error.decode("utf-8", "replace").rstrip("\n")
    start = re.search(r"python3? -c ", text)
    if not start:
        return [f"no line for the shell: {show(text)}"]
    line = re.sub(r" \(this executes[^()]*\)$", "", text[start.start():])
    record = "python() { printf '%s\\0' \"$@\" > ../recorded; }\npython3() { python \"$@\"; }\n"
    code, _, complaint = execute(["bash", "-n", "-c", line], folder)
    if code:
        return [f"bash cannot read the line: {show(complaint)}"]
    recorded = os.path.join(folder, "..", "recorded")
    if os.path.exists(recorded):
        os.remove(recorded)
    code, _, complaint = execute(["bash", "-c", record + line], folder)
    if code or not os.path.exists(recorded):
        return [f"the line fails in bash: {show(complaint)}"]
    with open(recorded, "rb") as file:
        words = file.read().split(b"\0")
    if os.fsencode(path) not in words[2:]:
        return [f"the line names another file: {show(b' '.join(words[2:]))}"]
    return []
