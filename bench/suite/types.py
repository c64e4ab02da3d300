"""What the callbacks of a data type cost over the same type written in C."""

import os

from .allocator import NO_TIDYING, describe_label, module_path
from .callgrind import CallgrindServer
from .commands import Cost, symbols
from .servers import encode

MODULES = ("ourtypes", "twintypes")
COUNTS = (1, 100)
MOST = 1.05

# What of the type a command calls: only that is measured, with all that it calls in the server.
CALLBACKS = {"save": "DUMP", "load, and the value before it freed": "RESTORE", "copy, and the value before it freed": "COPY"}
TEXT = ("The callbacks of a data type: an integer, a string of 40 bytes, and a vector of structs of two numbers. What a "
        "callback calls in the server is counted. The twin asks whether a read failed once for each element, and keeps "
        "the server's buffer as its string.")


def dumped(client, key):
    """The payload as it is: the client reads text."""
    client.socket.sendall(encode(["DUMP", key]))
    size = int(client.answers.readline()[1:])
    return client.answers.read(size + 2)[:-2]


def words(client, callback, module):
    if callback == "DUMP":
        return ["DUMP", module]
    if callback == "COPY":
        return ["COPY", module, module + ".copy", "REPLACE"]
    return ["RESTORE", module + ".copy", "0", dumped(client, module), "REPLACE"]


def measure(label, build):
    """{name: [ours, twin]}"""
    ours, twin = (os.path.join(build, "bench", f"{name}_types.so") for name in ("bench", "twin"))
    mine = symbols(ours, r"data_type_callbacksI6series.*(8rdb_load|8rdb_save|4copy|4free)E")
    toggles = mine + symbols(twin, r"^twin_(load|save|copy|free)$")
    if len(toggles) != 8:
        raise RuntimeError(f"expected the callbacks of two types, found {toggles}")
    with CallgrindServer(label, [ours, twin, module_path(build, "ours_loops")], toggles=toggles,
                         environment=NO_TIDYING) as server:
        result = {}
        for count in COUNTS:
            for module in MODULES:
                server.client.call(f"{module}.fill", module, "n" * 40, str(count))
            for name, callback in CALLBACKS.items():
                result[f"{name}, {count} elements"] = [
                    Cost(server, words(server.client, callback, module), calls=50) for module in MODULES]
        return result


def run(report, options):
    report.section("Callbacks of a data type", TEXT)
    rows = []
    for label in options.servers:
        for name, (ours, twin) in measure(label, options.build).items():
            rows.append([f"{describe_label(label)}, {name}", twin.own, ours.own, twin.server, ours.server, twin.total,
                         ours.total, f"{ours.total / twin.total:.3f}", twin.allocations, ours.allocations])
            report.at_most(f"{describe_label(label)}: {name}: instructions, ours to C", ours.total / twin.total,
                           MOST, digits=3)
    report.table(["server, callback", "C own", "ours own", "C server", "ours server", "C", "ours", "ratio",
                  "C allocations", "ours"], rows)
