"""What a command with keyword options costs over the same command written in C."""

import os

from .allocator import NO_TIDYING, describe_label, module_path
from .callgrind import CallgrindServer
from .commands import Cost, symbols

MOST_RATIO = 1.05
MODULES = ("ouroptions", "twinoptions")
WORDS = {
    "none of ten": ["key"],
    "three of ten": ["key", "NX", "EX", "100", "GET"],
    "all ten": ["key", "NX", "CH", "GET", "WITHSCORES", "EX", "100", "COUNT", "10", "IDLE", "5", "FREQ", "7", "LIMIT", "0", "20",
                    "MATCH", "a*"],
    "all ten, in another order": ["key", "match", "a*", "limit", "0", "20", "freq", "7", "idle", "5", "count", "10", "ex",
                                   "100", "withscores", "get", "ch", "nx"],
}
# Where none is given there is nothing to decode: what is left is that each is marked as not given, which C has of memset().
# Of few the twin's figure swings by a twentieth with where strncasecmp() finds the text.
WITHOUT_BAR = ("none of ten", "three of ten")
TEXT = ("As above, for a command with ten keyword options. The twin looks for each in turn by strncasecmp() where the length "
        "fits.")


def measure(label, build):
    """{name: [ours, twin]}"""
    ours, twin = (os.path.join(build, "bench", f"{name}_options.so") for name in ("bench", "twin"))
    toggles = symbols(ours, r"trampoline.*4call.*i$") + symbols(twin, r"^twin_[a-z]+$")
    if len(toggles) != 2:
        raise RuntimeError(f"expected the callbacks of two commands, found {toggles}")
    with CallgrindServer(label, [ours, twin, module_path(build, "ours_loops")], toggles=toggles,
                         environment=NO_TIDYING) as server:
        answers = [[server.client.call(f"{module}.all", *words) for module in MODULES] for words in WORDS.values()]
        if any(ours != twin for ours, twin in answers):
            raise RuntimeError(f"ours and the twin do not answer alike: {answers}")
        return {name: [Cost(server, [f"{module}.all", *words], calls=100) for module in MODULES]
                for name, words in WORDS.items()}


def run(report, options):
    report.section("A command with keyword options", TEXT)
    rows = []
    for label in options.servers:
        for name, (ours, twin) in measure(label, options.build).items():
            rows.append([f"{describe_label(label)}, {name}", twin.own, ours.own, twin.server, ours.server, twin.total,
                         ours.total, f"{ours.total / twin.total:.3f}", twin.allocations, ours.allocations])
            if name in WITHOUT_BAR:
                continue
            report.at_most(f"{describe_label(label)}: {name}: instructions, ours to C", ours.total / twin.total, MOST_RATIO,
                           digits=3)
            report.at_most(f"{describe_label(label)}: {name}: calls of allocation functions, ours", ours.allocations,
                           twin.allocations + 0.2, digits=1)
    report.table(["server, command", "C own", "ours own", "C server", "ours server", "C", "ours", "ratio",
                  "C allocations", "ours"], rows)
