"""What a command on keys costs over the same command written in C."""

import os

from .allocator import NO_TIDYING, describe_label, module_path
from .callgrind import CallgrindServer
from .commands import MOST_RATIO, Cost, symbols

FIELDS = [f"field:{i}" for i in range(100)]
MODULES = ("ourkeys", "twinkeys")
# What comes after the module's name.
WORDS = {
    "string, read": ["get", "string"],
    "string, read and replaced": ["swap", "string", "a value of some length"],
    "hash, one field read": ["field", "hash", "field:7"],
    "hash, 100 fields read": ["fields", "hash", *FIELDS],
    "sorted set, range of 1,000": ["range", "zset"],
    "list, 100 elements": ["list", "list"],
}
# A command that does nothing but open a key and look at it: what keeps its view from going stale shows most.
MOST_OF_ONE_LOOK = 1.04
ONE_LOOK = ("string, read", "hash, one field read")
# Of allocations: the server's own, for its clients' buffers, come and go between two runs.
MOST_ALLOCATIONS = 1.1
TEXT = ("As above, for commands that open a key. The twin reads the fields of a hash by one call each, as it is mostly "
        "written; here they are read by one call for sixteen.")


def fill(client):
    client.call("set", "string", "a value of some length")
    for field in FIELDS:
        client.call("hset", "hash", field, "value of " + field)
    for i in range(1000):
        client.call("zadd", "zset", str(i), f"member:{i}")
    for i in range(100):
        client.call("rpush", "list", f"element:{i}")


def measure(label, build):
    """{name: [ours, twin]}"""
    ours, twin = (os.path.join(build, "bench", f"{name}_keys.so") for name in ("bench", "twin"))
    toggles = symbols(ours, r"trampoline.*4call.*i$") + symbols(twin, r"^twin_[a-z]+$")
    if len(toggles) != 2 * len(WORDS):
        raise RuntimeError(f"expected the callbacks of {2 * len(WORDS)} commands, found {toggles}")
    with CallgrindServer(label, [ours, twin, module_path(build, "ours_loops")], toggles=toggles,
                         environment=NO_TIDYING) as server:
        fill(server.client)
        return {name: [Cost(server, [f"{module}.{words[0]}", *words[1:]], calls=100) for module in MODULES]
                for name, words in WORDS.items()}


def run(report, options):
    report.section("A command on a key", TEXT)
    rows = []
    for label in options.servers:
        for name, (ours, twin) in measure(label, options.build).items():
            rows.append([f"{describe_label(label)}, {name}", twin.own, ours.own, twin.server, ours.server, twin.total,
                         ours.total, f"{ours.total / twin.total:.3f}", twin.allocations, ours.allocations])
            most = MOST_OF_ONE_LOOK if name in ONE_LOOK else MOST_RATIO
            report.at_most(f"{describe_label(label)}: {name}: instructions, ours to C", ours.total / twin.total, most,
                           digits=3)
            report.at_most(f"{describe_label(label)}: {name}: calls of allocation functions, ours to C",
                           ours.allocations / twin.allocations, MOST_ALLOCATIONS, digits=2)
    report.table(["server, command", "C own", "ours own", "C server", "ours server", "C", "ours", "ratio",
                  "C allocations", "ours"], rows)
