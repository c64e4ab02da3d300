"""Runs a server under callgrind and reads what it collected."""

import glob
import os
import re
from collections import Counter, defaultdict

from .servers import Server


def launcher(toggles=()):
    """The command line in front of the server's. Nothing is collected but what is toggled on."""
    return [
        "valgrind", "--tool=callgrind", "--trace-children=yes", "--trace-children-skip=*/readlink,*/dirname",
        "--collect-atstart=no", "--demangle=no", "--compress-strings=no", "--compress-pos=no",
        "--callgrind-out-file=callgrind.%p", "--quiet",
    ] + [f"--toggle-collect={name}" for name in toggles]


class CallgrindServer(Server):
    """A server under callgrind. `take()` returns the newest dump and forgets it."""

    def __init__(self, label, modules, toggles=(), environment=None):
        super().__init__(label, modules, launcher(toggles), patience=180, environment=environment)

    def take(self):
        paths = [path for path in glob.glob(os.path.join(self.directory, "callgrind.*")) if is_dump(path)]
        if len(paths) != 1:
            raise RuntimeError(f"expected one dump of callgrind, found {len(paths)}")
        dump = Dump(paths[0])
        os.unlink(paths[0])
        return dump


def is_dump(path):
    """Parts written on request have a number behind the process's; what is written at the end has none."""
    return re.fullmatch(r"callgrind\.\d+\.\d+", os.path.basename(path)) is not None


class Dump:
    """What one dump holds: instructions by object file and function, and calls by who was called."""

    def __init__(self, path):
        self.by_object = Counter()
        self.by_function = Counter()
        self.calls = Counter()
        self.call_pairs = defaultdict(int)
        self.total = 0
        with open(path) as file:
            self._read(file)

    def _read(self, file):
        place = called = None
        object_file = function = ""
        skip = False
        for line in file:
            name, equals, value = line.rstrip("\n").partition("=")
            if line[:1].isdigit() or line[:1] in "+-*":
                if not skip:
                    cost = int(line.split()[1]) if len(line.split()) > 1 else 0
                    self.by_object[object_file] += cost
                    self.by_function[object_file, function] += cost
                skip = False
            elif line.startswith(("summary:", "totals:")):
                self.total = max(self.total, int(line.split()[1]))
            elif not equals:
                continue
            elif name == "ob":
                object_file = os.path.basename(value)
                place = object_file
            elif name == "fn":
                function, called = value, place
            elif name == "cob":
                called = os.path.basename(value)
            elif name == "cfn":
                callee = value
            elif name == "calls":
                count = int(value.split()[0])
                self.calls[called or object_file, callee] += count
                self.call_pairs[object_file, function, callee] += count
                called = place
                skip = True  # the next line is the inclusive cost of the call
