"""What a command on keys costs over the same command written in C."""

import os

from .allocator import NO_TIDYING, describe_label, module_path
from .callgrind import CallgrindServer
from .commands import Cost, keep_bars, symbols

FIELDS = [f"field:{i}" for i in range(100)]
# What comes after the module's name: "ourkeys", "twinkeys".
WORDS = {
    "string, read": ["get", "string"],
    "string, read and replaced": ["swap", "string", "a value of some length"],
    "hash, one field read": ["field", "hash", "field:7"],
    "hash, 100 fields read": ["fields", "hash", *FIELDS],
    "sorted set, range of 1,000": ["range", "zset"],
    "list, 100 elements": ["list", "list"],
}
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
    """{name: (ours, twin)}"""
    ours, twin = (os.path.join(build, "bench", f"{name}_keys.so") for name in ("bench", "twin"))
    toggles = symbols(ours, r"trampoline.*4call") + symbols(twin, r"^twin_[a-z]+$")
    if len(toggles) != 2 * len(WORDS):
        raise RuntimeError(f"expected the callbacks of {2 * len(WORDS)} commands, found {toggles}")
    with CallgrindServer(label, [ours, twin, module_path(build, "ours_loops")], toggles=toggles,
                         environment=NO_TIDYING) as server:
        fill(server.client)
        return {name: tuple(Cost(server, [f"{module}.{words[0]}", *words[1:]], calls=100) for module in ("ourkeys", "twinkeys"))
                for name, words in WORDS.items() if name != "list, 100 elements" or has_list_elements(label)}


def has_list_elements(label):
    return "bullseye" not in label and "6.0" not in label


def run(report, options):
    report.section("A command on a key", TEXT)
    rows = []
    for label in options.servers:
        for name, (ours, twin) in measure(label, options.build).items():
            rows.append([f"{describe_label(label)}, {name}", twin.own, ours.own, twin.server, ours.server, twin.total,
                         ours.total, f"{ours.total / twin.total:.3f}", twin.allocations, ours.allocations])
            keep_bars(report, f"{describe_label(label)}: {name}", ours, twin)
    report.table(["server, command", "C own", "ours own", "C server", "ours server", "C", "ours", "ratio",
                  "C allocations", "ours"], rows)
