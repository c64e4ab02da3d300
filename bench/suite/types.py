"""What a data type costs over the same type written in C: its callbacks, and a data set of many values."""

import glob
import os
import time

from .allocator import NO_TIDYING, describe_label, module_path
from .callgrind import CallgrindServer, Dump
from .commands import Cost, discard, processor_seconds, symbols
from .report import median
from .servers import Server, encode

MODULES = ("ourtypes", "twintypes")
COUNTS = (1, 100)
MOST = 1.05

# What of the type a command calls: only that is measured, with all that it calls in the server.
CALLBACKS = {"save": "DUMP", "load, and the value before it freed": "RESTORE", "copy, and the value before it freed": "COPY", "free": "FILL"}
TEXT = ("The callbacks of a data type: an integer, a string of 40 bytes, and a vector of structs of two numbers. What a "
        "callback calls in the server is counted. The twin asks whether a read failed once for each element, and keeps "
        "the server's buffer as its string, where std::string takes a copy: that, and three blocks by new, are what the "
        "smallest values show.")

# A data set of many values: the server's own functions for it, with all that they call.
WORK = {"save": "rdbSaveRio", "load": "rdbLoadRioWithLoadingCtx", "rewrite of the AOF": "rewriteAppendOnlyFileRio",
        "COPY": "copyCommand", "DEL": "delCommand"}
KEYS = 200
KEYSPACE_TEXT = ("The same data type in a data set of many keys: instructions of the server for each key, by the function "
                 "that saves the data set, loads it, rewrites the AOF as commands, copies or deletes a key. The twin "
                 "writes the same restore command into a buffer of its own.")

MANY = 1_000_000
ROUNDS = 3
MANY_SERVERS = ("redis@bookworm", "valkey@sid")
MANY_TEXT = ("A million keys with such values of one element: processor time of the server's main thread, or of its child "
             "for the AOF, medians of {rounds} rounds; and the memory that a key takes, with all that the server needs for it.")


def dumped(client, key):
    """The payload as it is: the client reads text."""
    client.socket.sendall(encode(["DUMP", key]))
    size = int(client.answers.readline()[1:])
    return client.answers.read(size + 2)[:-2]


def words(client, callback, module, count):
    if callback == "FILL":  # of which only the free of the value before is measured
        return [f"{module}.fill", module + ".copy", "n" * 40, str(count)]
    if callback == "DUMP":
        return ["DUMP", module]
    if callback == "COPY":
        return ["COPY", module, module + ".copy", "REPLACE"]
    return ["RESTORE", module + ".copy", "0", dumped(client, module), "REPLACE"]


def measure(label, build):
    """{name: [ours, twin]}"""
    ours, twin = (os.path.join(build, "bench", f"{name}_types.so") for name in ("bench", "twin"))
    mine = symbols(ours, r"data_type_callbacksI6series.*(8rdb_load|8rdb_save|4copy|5copy2|4free)E")
    toggles = mine + symbols(twin, r"^twin_(load|save|copy|free)$")
    if len(toggles) != 9:  # the server calls one of the two forms of copy
        raise RuntimeError(f"expected the callbacks of two types, found {toggles}")
    with CallgrindServer(label, [ours, twin, module_path(build, "ours_loops")], toggles=toggles,
                         environment=NO_TIDYING) as server:
        result = {}
        for count in COUNTS:
            for module in MODULES:
                server.client.call(f"{module}.fill", module, "n" * 40, str(count))
            for name, callback in CALLBACKS.items():
                result[f"{name}, {count} elements"] = [
                    Cost(server, words(server.client, callback, module, count), calls=50) for module in MODULES]
        return result


def fill(client, module, count, keys, batch=500):
    """Sends them some at once."""
    for first in range(0, keys, batch):
        numbers = range(first, min(first + batch, keys))
        client.socket.sendall(b"".join(encode([f"{module}.fill", f"key:{i}", "n" * 40, str(count)]) for i in numbers))
        for _ in numbers:
            client.read()


def wait_for_rewrite(client):
    while "aof_rewrite_in_progress:0" not in client.call("INFO", "persistence"):
        time.sleep(0.1)


def in_server(server, work):
    """Instructions of what is toggled."""
    discard(server)
    work(server.client)
    server.client.call("ours_loops.dump", "work")
    return server.take().total


def in_child(server, work):
    """The same of the child that the server forks for it, which writes its own when it ends."""
    def dumps():
        return set(glob.glob(os.path.join(server.directory, "callgrind.*")))
    discard(server)
    before = dumps()
    work(server.client)
    wait_for_rewrite(server.client)
    found = dumps() - before
    if len(found) != 1:
        raise RuntimeError(f"expected one dump of a child, found {found}")
    path = found.pop()
    total = Dump(path).total
    os.unlink(path)
    return total


def for_each_key(keys, *words):
    def work(client):
        for i in range(keys):
            client.call(*[word.format(i) for word in words])
    return work


def work_on_keys(server, module, count, keys):
    """{what: instructions}"""
    server.client.call("FLUSHALL")
    fill(server.client, module, count, keys)
    return {
        "save": in_server(server, lambda client: client.call("SAVE")),
        "load": in_server(server, lambda client: client.call("DEBUG", "RELOAD", "NOSAVE")),
        "rewrite of the AOF": in_child(server, lambda client: client.call("BGREWRITEAOF")),
        "COPY": in_server(server, for_each_key(keys, "COPY", "key:{}", "copy:{}")),
        "DEL": in_server(server, for_each_key(keys, "DEL", "copy:{}")),
    }


def measure_keyspace(label, build):
    """{(what, count): [ours, twin]}, for each key"""
    modules = [os.path.join(build, "bench", f"{name}_types.so") for name in ("bench", "twin")]
    with CallgrindServer(label, modules + [module_path(build, "ours_loops")], toggles=WORK.values(),
                         environment=NO_TIDYING) as server:
        server.client.call("CONFIG", "SET", "aof-use-rdb-preamble", "no")
        result = {}
        for count in COUNTS:
            for module in MODULES:  # else the first to need memory alone pays for getting it from the system
                work_on_keys(server, module, count, 2 * KEYS)
            for module in MODULES:
                some, more = (work_on_keys(server, module, count, keys) for keys in (KEYS, 2 * KEYS))
                for what in WORK:
                    result.setdefault((what, count), []).append((more[what] - some[what]) / KEYS)
        return result


def report_keyspace(report, options):
    report.section("A data set of such values", KEYSPACE_TEXT)
    rows = []
    for label in options.servers:
        for (what, count), (ours, twin) in measure_keyspace(label, options.build).items():
            name = f"{describe_label(label)}, {what}, {count} elements"
            rows.append([name, twin, ours, f"{ours / twin:.3f}"])
            report.at_most(f"{name}, of many keys: instructions, ours to C", ours / twin, MOST, digits=3)
    report.table(["server, work", "C", "ours", "ratio"], rows)


def busy(server, work):
    before = processor_seconds(server.process.pid)
    work(server.client)
    return processor_seconds(server.process.pid) - before


def busy_children(server, work):
    def taken():
        text = server.client.call("INFO", "cpu")
        return sum(float(line.partition(":")[2]) for line in text.split() if "children" in line)
    before = taken()
    work(server.client)
    wait_for_rewrite(server.client)
    return taken() - before


def used_memory(client):
    text = client.call("INFO", "memory")
    return next(int(line.partition(":")[2]) for line in text.split() if line.startswith("used_memory:"))


def measure_many(label, build, module, keys):
    """{what: figure}"""
    files = [os.path.join(build, "bench", f"{name}_types.so") for name in ("bench", "twin")]
    with Server(label, files) as server:
        server.client.call("CONFIG", "SET", "aof-use-rdb-preamble", "no")
        before = used_memory(server.client)
        fill(server.client, module, 1, keys)
        figures = {"memory, bytes a key": (used_memory(server.client) - before) / keys}
        rounds = {"save": [], "load": [], "rewrite of the AOF": []}
        for _ in range(ROUNDS):
            rounds["save"].append(busy(server, lambda client: client.call("SAVE")))
            rounds["load"].append(busy(server, lambda client: client.call("DEBUG", "RELOAD", "NOSAVE")))
            rounds["rewrite of the AOF"].append(busy_children(server, lambda client: client.call("BGREWRITEAOF")))
        figures.update({f"{what}, seconds": median(each) for what, each in rounds.items()})
        figures["memory after loading, bytes a key"] = (used_memory(server.client) - before) / keys
        figures["FLUSHALL SYNC, seconds"] = busy(server, lambda client: client.call("FLUSHALL", "SYNC"))
        return figures


def report_many(report, options):
    """The clock decides nothing: a busy machine would."""
    report.section("A million values", MANY_TEXT.format(rounds=ROUNDS))
    rows = []
    for label in (label for label in MANY_SERVERS if label in options.servers):
        ours, twin = (measure_many(label, options.build, module, MANY) for module in MODULES)
        for what in ours:
            rows.append([f"{describe_label(label)}, {what}", f"{twin[what]:.2f}", f"{ours[what]:.2f}",
                         f"{ours[what] / twin[what]:.3f}"])
    report.table(["server, what", "C", "ours", "ratio"], rows)


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
    report_keyspace(report, options)
    if os.environ.get("REDISMODULE_LONG_TESTS"):
        report_many(report, options)
