"""How long modules of ours are beside the C modules that they stand for: lines that are neither blank nor comment,
after the same clang-format at 100 columns. What a module includes from beside it counts as its own."""

import os
import re
import shutil
import subprocess

from tree import TreeError

STYLE = "{BasedOnStyle: Google, ColumnLimit: 100, SortIncludes: false}"
COMMENT_OR_TEXT = re.compile(
    r'//(?:\\\n|[^\n])*'  # a line comment
    r"|/\*.*?\*/"
    r'|R"(?P<mark>[^(\s\\]{0,16})\(.*?\)(?P=mark)"'  # a raw string
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'",  # a character, but no separator of digits
    re.S,
)
LOCAL_INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def strip_comments(text):
    return COMMENT_OR_TEXT.sub(lambda found: " " if found[0].startswith(("//", "/*")) else found[0], text)


def formatter():
    for name in ("clang-format-14", "clang-format"):
        if shutil.which(name):
            return name
    raise TreeError("clang-format is missing (Debian's package clang-format)")


def count(path):
    with open(path, errors="replace") as file:
        text = strip_comments(file.read())
    command = [formatter(), f"--style={STYLE}", f"--assume-filename={path}"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return sum(1 for line in done.stdout.splitlines() if line.strip())


def with_local_includes(path, known=None):
    known = known if known is not None else set()
    if path in known or not os.path.exists(path):
        return known
    known.add(path)
    with open(path, errors="replace") as file:
        for name in LOCAL_INCLUDE.findall(file.read()):
            with_local_includes(os.path.normpath(os.path.join(os.path.dirname(path), name)), known)
    return known


def twins_in(folder):
    return sorted(name[:-3] for name in os.listdir(folder) if name.endswith(".cc"))


def cell(theirs, ours):
    return f"{theirs:6} {ours / theirs:6.2f}" if theirs else f"{'–':>6} {'':6}"


def c_lines(server, name):
    path = os.path.join(server, "source", "tests", "modules", name + ".c")
    return count(path) if os.path.exists(path) else 0


def compare(folder, servers):
    """Prints the table: a module's lines of ours, and for each server the C module's lines and ours as a part of them.
    Ours is one file that does what all of theirs do, so the last column has the longest of them."""
    names = [os.path.basename(os.path.realpath(server)) for server in servers] + ["longest"]
    print(f"{'module':20} {'ours':>6} " + " ".join(f"{name:>14}" for name in names))
    files, sums = set(), [[0, 0] for _ in names]
    for name in twins_in(folder):
        own = with_local_includes(os.path.join(folder, name + ".cc"))
        files |= own
        ours = sum(map(count, own))
        theirs = [c_lines(server, name) for server in servers]
        theirs.append(max(theirs))
        print(f"{name:20} {ours:6} " + " ".join(f"{cell(lines, ours):>14}" for lines in theirs))
        for total, lines in zip(sums, theirs):
            if lines:
                total[0] += lines
                total[1] += ours
    print(f"{'total':20} {sum(map(count, files)):6} " + " ".join(f"{cell(*total):>14}" for total in sums))
    return 0
