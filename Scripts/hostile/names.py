"""Hostile names: what breaks out of an output, what steers a terminal, and what hides both from a program that reads characters."""

import random
import re
import unicodedata

CANARY = "CANARY"
SPECIALS = list("<>&\"'\\`*_[]()!#|$~+-.:,;=@{}%^?/")
PREPENDING = "\u0600\u0605\u06dd\u070f\u08e2\u0d4e\U000110bd\U000111c2"
MARKS = "\u0301\u0338\u20d2\ufe0f\u200d"
CONTROLS = "\0\a\b\t\n\r\x1b\x7f\x80\x85\x9b\x9d\u2028\u2029"
BIDI = "\u061c\u200e\u200f" + "".join(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]))
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\ufffe\ufff9\ue000\U000e0041\U000e007f\u00ad\u115f\u3164"

# The page that opens an output listens for this message, without needing quotes.
SCRIPT = "top.postMessage(911,String.fromCharCode(42))"
WEB = "http://evil.example/"

HTML = [
    f"<script>{SCRIPT}</script>", f"<img src=x onerror={SCRIPT}>", f"<img src={WEB}x.png>", f"<svg onload={SCRIPT}>",
    f"</title><script>{SCRIPT}</script>", f"</text><script>{SCRIPT}</script>", f"</style><script>{SCRIPT}</script>",
    f"</script><script>{SCRIPT}</script>", f"--><script>{SCRIPT}</script>", f"]]><script>{SCRIPT}</script>",
    f"\" onmouseover=\"{SCRIPT}\" autofocus onfocus=\"{SCRIPT}", f"' onfocus='{SCRIPT}' autofocus x='", f"<meta http-equiv=refresh content=0;url={WEB}go>",
    f"<iframe src=javascript:{SCRIPT}>", f"<a href=javascript:{SCRIPT}>x</a>", "<!--", "<![CDATA[", "<?xml", "<!DOCTYPE x [<!ENTITY y \"z\">]>",
    "&lt;b&gt;", "&#60;b&#62;", "&amp;", "&y;", "<b", "</", "</main>", "</table>", f"<base href={WEB}>", f"<link rel=stylesheet href={WEB}a.css>",
    f"<style>@import '{WEB}b.css'</style>", f"<foreignObject><img src=x onerror={SCRIPT}></foreignObject>", "{{title}}", "{{{contents}}}", "{{=<% %>=}}",
]
MARKDOWN = [
    f"![i]({WEB}x.png)", f"[l](javascript:{SCRIPT})", f"[l]: {WEB}", "[l][l]", f"<{WEB}>", WEB + "page", "www.evil.example", "user@host.example",
    "@mention", "# head", "## head", "1. one", "1) one", "- item", "+ item", "* item", "> quote", "---", "===", "***", "___", "```", "~~~", "`code`",
    "*emphasis*", "_emphasis_", "**strong**", "__strong__", "~~struck~~", "~sub~", "^sup^", "$x$", "$$x$$", "\\(x\\)", "\\[x\\]", "a|b", "|a|b|",
    "|---|", "<b>bold</b>", ":smile:", "[^1]", "[^1]: note", "- [ ] task", "- [x] task", ": definition", "\\*", "\\", "a\\", "&copy;", "{.class}",
    "::: div", "    indented", "\n\n# head", "\n- item", "\n\n    code", "a\n===", "a  \nb", "\n|a|\n|-|\n|b|", "a\nb", "mailto:user@host.example",
    "https://evil.example/a_b_c", "<user@host.example>", "#1", "GH-1", "Table: caption", "%title", "(@a) list", "\t\tcode", "x^[note]", "[@cite]", "\\newcommand{\\x}{y}",
]
LATEX = [
    "\\input{/etc/passwd}", f"\\immediate\\write18{{touch {CANARY}}}", f"\\immediate\\openout3={CANARY}\\relax\\immediate\\write3{{x}}", "\\end{document}",
    "\\end{tabular}", "\\end{tikzpicture}", "}", "{", "}{", "$", "$$", "\\[", "\\(", "\\", "\\\\", "\\\\[5cm]", "[x]", "[", "]", "*", "**", "&", "a&b", "#1", "##", "%",
    "a%b", "x_y", "x^y", "~", "^^5cinput{/etc/passwd}", "\\catcode`\\%=0", "\"a", "\"`", "--", "---", "``", "''", "?`", "!`", "<<", ">>", ",,", "`", "'",
    "\\item", "[a]{b}", "\\verb|x|", "\\csname x\\endcsname", "\\undefinedcommand", "a,b={c}", "\\directlua{os.execute('touch CANARY')}", "\n\npar", "\\par",
]
TABLES = ["=1+1", "+1", "-1", "@SUM(A1)", "=HYPERLINK(\"http://evil.example/\",\"x\")", "=cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "\t=1+1", "\r=1+1", "\n=1+1",
          "a,b", "a;b", "a\"b", "\"", "\"\"", "\"a\"", "\",\"", "a\r\nb", "a\rb", "a\nb", " =1", "-", "=", "'=1", "\uff1d1+1", "-name"]
JSON = ["\",\"x\":\"", "\\u0041", "\\", "\\\"", "\\n", "</script>", "null", "1e999", "\\ud800"]
GNUPLOT = [f"'; system(\"touch {CANARY}\"); '", f"\"; system('touch {CANARY}'); \"", f"`touch {CANARY}`", f"'.system('touch {CANARY}').'",
           f"',0 axes x2y1;system \"touch {CANARY}\"#", f"\n!touch {CANARY}\n", f"\nEND\nsystem('touch {CANARY}')\n", "END", "@x", "@system", "x_1", "x^2", "{/Symbol a}", "{x",
           "x}", "~a{.8-}", "&{space}", "%g", "%s", "%", "\\", "\\\\", "''", "\"\"", "$x", "$(x)", "!x", "#x", "{/=50 x}", "\\U+0041", "\\101", "\\n", "|touch CANARY"]
SHELL = [f"$(touch {CANARY})", f"`touch {CANARY}`", f"; touch {CANARY};", f"\n touch {CANARY} \n", f"'; touch {CANARY}; '", f"\"; touch {CANARY}; \"", f"| touch {CANARY}",
         f"& touch {CANARY} &", f"> {CANARY}", "*", "?", "[a]", "~", "~root", "!!", "#x", "a b", "-rf", "--help", "--", "$HOME", "${x}", "$'a'", "\\", "a\\", "\\'", "a=b", "{a,b}", "<(x)", "!x"]
PYTHON = ["\"\"\"", "'''", f"\"\"\"\nimport os; os.system('touch {CANARY}')\n\"\"\"", f"\"\nimport os; os.system('touch {CANARY}')\n#", "\\", "\\\"\"\"", "{x}", "%(x)s", "\\N{x}"]
YAML = ["a: b", "a #b", "- a", "? a", "!tag", "&anchor", "*alias", "|", ">", "%YAML", "{a: b}", "[a, b]", "true", "null", "~", "1", "1e3", "0x1", "2024-01-01", "yes", " a", "a ", "", "---", "...", "<<", "a:", "'a'", "\"a\"", "@a", "`a", "\ufeffa", "a\x85b", "a\u2028b"]
TERMINAL = ["\x1b[31mred", "\x1b]0;title\a", "\x1b[2J", "\x9b31mred", "\x9d0;title\x9c", "\x1b]8;;http://evil.example/\x1b\\link", "a\rb", "a\bb", "a\x7fb", "\x1bc", "\x1bP1$q\x1b\\",
            "a\nroteq: all is well", "a\r\nb", "a\u2028b", "a\x85b", "\u202eabc\u202c", "\u2066abc", "\u2067a\u2069b", "a\u200eb", "e\u0301\u0301\u0301", "\u0301", "\u0338", "\u20e3", "漢字", "かな", "한국어",
            "العربية", "עברית", "😀", "👩\u200d👩\u200d👧", "🇨🇭", "ÅÄÖ", "ﬁ", "ℌ", "𝔘", "‖ω‖", "η̂", "½", "×", "−", "…", "“quoted”", "Ω", "я", "ß"]


def visible(name):
    """The runs of a name that can be seen; a name has to be told by them, in this order."""
    shown = "".join(c if unicodedata.category(c)[0] in "LNPS" else " " for c in name)
    return shown.split()


def unique(names):
    kept = {}
    for name in names:
        kept.setdefault(unicodedata.normalize("NFC", name), name)
    return list(kept.values())


def exploits():
    return unique(HTML + MARKDOWN + LATEX + TABLES + JSON + GNUPLOT + SHELL + PYTHON + YAML + TERMINAL)


def specials():
    """Every special, control and invisible character: alone, in a word, after what joins to the next, before what joins to the last."""
    odd = CONTROLS + BIDI + INVISIBLE
    names = []
    for c in SPECIALS + list(odd):
        names += [c, f"kern{c}wort", f"{c}wort", f"kern{c}"]
    for c in "<>&\"'\\`*_[]()!#|$~-=@{}%^,\n\r\x1b\x9b\u202e":
        names += [p + c + p for p in PREPENDING]
        names += [c + m + c for m in MARKS]
        names += ["a" + k + c + k + "b" for k in "\r\n\0\u202e\u2066\u200d\ufeff"]
    # What a reader of characters takes for a letter and its sign is a tag to a browser; the slashes make the last sign a comment.
    names += [f"{p}<img src=x onerror={SCRIPT}//{p}>" for p in PREPENDING]
    for attack in (HTML[0], HTML[1], HTML[10], MARKDOWN[0], LATEX[1], GNUPLOT[0], GNUPLOT[2], GNUPLOT[4], SHELL[0], "=1+1", "#head", "\x1b[31m"):
        for p in PREPENDING[:4]:
            names += [p + attack, p + p.join(attack)]
        for m in MARKS:
            names.append(attack[0] + m + attack[1:] + m)
    return unique(names)


def all_names(seed, share):
    """All names in a seeded order, or a share of them."""
    names = unique(exploits() + specials())
    random.Random(seed).shuffle(names)
    return names[: max(1, round(len(names) * share))]


def harmless(count):
    """As many names without a special letter. They end in a word that no rule for tensors knows."""
    digits = "bcdfghjklm"
    return ["kern" + "".join(digits[int(d)] for d in f"{i:04}") + "wort" for i in range(count)]


# What may stand for a character that cannot be seen.
STANDS = re.compile(r"\\?\\u\{?[0-9A-Fa-f]{2,6}\}?|\\?\\x[0-9A-Fa-f]{2}|[\[<(]?U\+[0-9A-Fa-f]{2,6}[\]>)]?|[\u2400-\u2426\ufffd]|\\[nrtabefv0]")


def plain(text):
    """A text without what cannot be seen and what stands for it."""
    return "".join(visible(STANDS.sub("", text)))


def told(name, text, plainly):
    """Whether a text without spaces tells a name, whatever stands for what cannot be seen. Both texts are normalized; `plainly`: `plain(text)`."""
    name = unicodedata.normalize("NFC", name)
    runs = visible(name)
    if "".join(runs) in text or plain(name) in plainly:
        return True
    # Only a few gaps, or the search would take too long.
    return len(runs) < 5 and re.search(".{0,60}?".join(map(re.escape, runs)), text, re.DOTALL) is not None
