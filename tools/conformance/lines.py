"""How long modules of ours are beside the C modules that they stand for: lines that are neither blank nor comment,
after the same clang-format at 100 columns. What a module includes from beside it counts as its own. Ours is one file for
all servers: beside a server's C module counts what is left of it without the commands that only others' C modules have."""

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


def text_of(path):
    with open(path, errors="replace") as file:
        return strip_comments(file.read())


def count(path):
    return count_text(path, text_of(path))


def count_text(path, text):
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


# A command that a module of ours registers, by the first word of its synopsis; and what a part of a file defines.
REGISTERED = re.compile(r'^  \w+\.(?:raw_)?command\b.*?"([^" ]+).*?;\n(?=  [^\s}]|\}|\n)', re.S | re.M)
DEFINED = re.compile(r"\b(?:struct|class|using|enum class)\s+(\w+)|^[\w:<>&*,\s]*?\b(\w+)\([^;]*?\{", re.M)


def without_commands(text, unwanted):
    """The module without these commands, and without what only they use. Its parts are between blank lines; of lines that
    begin with `using` each is one."""
    text = REGISTERED.sub(lambda found: "" if found[1] in unwanted else found[0], text)
    parts = [part for part in re.split(r"\n\s*\n|\n(?=using )", text) if part.strip()]
    while True:
        kept = [part for i, part in enumerate(parts) if is_used(part, parts[:i] + parts[i + 1:])]
        if kept == parts:
            return "\n\n".join(parts)
        parts = kept


def is_used(part, others):
    names = {name for found in DEFINED.findall(part) for name in found if name}
    if not names or "REDISMODULE_MODULE" in part:
        return True
    return any(re.search(rf"\b(?:{'|'.join(names)})\b", other) for other in others)


def twins_in(folder):
    return sorted(name[:-3] for name in os.listdir(folder) if name.endswith(".cc"))


def cell(theirs, ours):
    return f"{theirs:6} {ours / theirs:6.2f}" if theirs else f"{'–':>6} {'':6}"


def c_module(server, name):
    path = os.path.join(server, "source", "tests", "modules", name + ".c")
    return path if os.path.exists(path) else None


def names_in(path):
    return set(re.findall(r'"([^" ]+)"', text_of(path))) if path else set()


def needed_lines(path, theirs, all_names):
    """Of our file, beside the C module that has the names `theirs` of those that any server's has."""
    text = text_of(path)
    unwanted = {name for name in REGISTERED.findall(text) if name in all_names - theirs}
    return count_text(path, without_commands(text, unwanted) if unwanted else text)


def compare(folder, servers):
    """Prints the table: a module's lines of ours; for each server the C module's lines, and what it takes of ours as a
    part of them; in the last column all of ours beside the longest of theirs."""
    names = [os.path.basename(os.path.realpath(server)) for server in servers] + ["longest"]
    print(f"{'module':20} {'ours':>6} " + " ".join(f"{name:>14}" for name in names))
    files, sums = set(), [[0, 0] for _ in names]
    for name in twins_in(folder):
        main = os.path.join(folder, name + ".cc")
        own = with_local_includes(main)
        files |= own
        beside = sum(map(count, own - {main}))
        paths = [c_module(server, name) for server in servers]
        in_theirs = [names_in(path) for path in paths]
        all_names = set().union(*in_theirs)
        theirs = [count(path) if path else 0 for path in paths]
        ours = [beside + needed_lines(main, known, all_names) for known in in_theirs]
        theirs.append(max(theirs))
        ours.append(beside + count(main))
        print(f"{name:20} {ours[-1]:6} " + " ".join(f"{cell(*both):>14}" for both in zip(theirs, ours)))
        for total, lines, needed in zip(sums, theirs, ours):
            if lines:
                total[0] += lines
                total[1] += needed
    print(f"{'total':20} {sum(map(count, files)):6} " + " ".join(f"{cell(*total):>14}" for total in sums))
    return 0
