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
# The names that the types' commands begin with: ours, ours with a rm::string_buffer where the other has std::string, C's.
TYPES = ("ourtypes", "leantypes", "twintypes")
COUNTS = (1, 100)
MOST = 1.05
MOST_MEMORY = 1.0

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
KEYS_IN_MEMORY = 50_000
KEYSPACE_TEXT = ("The same data type in a data set of many keys: instructions of the server for each key, by the function "
                 "that saves the data set, loads it, rewrites the AOF as commands, copies or deletes a key. The twin "
                 "writes the same restore command into a buffer of its own. Lean is ours with a rm::string_buffer in "
                 "place of std::string; memory is used_memory, with all that the server needs for a key, of {keys:,} keys.")

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


def types_of(build):
    return [os.path.join(build, "bench", f"{name}_types.so") for name in ("bench", "twin")]


def instructions_for_a_key(server, module, count):
    """{what: instructions}"""
    some, more = (work_on_keys(server, module, count, keys) for keys in (KEYS, 2 * KEYS))
    return {what: (more[what] - some[what]) / KEYS for what in WORK}


def measure_keyspace(label, build):
    """{(what, count): [ours, lean, twin]}, medians of rounds that begin with another type each: who comes first pays for
    memory that the others find. The round before them is for what only the first one needs at all."""
    with CallgrindServer(label, types_of(build) + [module_path(build, "ours_loops")], toggles=WORK.values(),
                         environment=NO_TIDYING) as server:
        server.client.call("CONFIG", "SET", "aof-use-rdb-preamble", "no")
        server.client.call("CONFIG", "SET", "activerehashing", "no")  # else the clock says how much the commands do of it
        result = {}
        for count in COUNTS:
            rounds = {module: [] for module in TYPES}
            for first in range(-1, len(TYPES)):
                for module in TYPES[first:] + TYPES[:first]:
                    figures = instructions_for_a_key(server, module, count)
                    if first >= 0:
                        rounds[module].append(figures)
            for what in WORK:
                result[what, count] = [median([each[what] for each in rounds[module]]) for module in TYPES]
        return result


def used_memory(client):
    text = client.call("INFO", "memory")
    return next(int(line.partition(":")[2]) for line in text.split() if line.startswith("used_memory:"))


def memory_of_keys(client, module, count, keys):
    """Bytes a key, which stay there."""
    before = used_memory(client)
    fill(client, module, count, keys)
    return (used_memory(client) - before) / keys


def measure_memory(label, build, count):
    """[ours, lean, twin], each on a server of its own"""
    figures = []
    for module in TYPES:
        with Server(label, types_of(build)) as server:
            figures.append(memory_of_keys(server.client, module, count, KEYS_IN_MEMORY))
    return figures


def row_of(name, figures, digits):
    ours, lean, twin = figures
    return [name] + [f"{figure:.{digits}f}" for figure in (twin, ours, lean)] + [f"{ours / twin:.3f}", f"{lean / twin:.3f}"]


COLUMNS = ["C", "ours", "lean", "ratio", "lean's"]


def report_keyspace(report, options):
    report.section("A data set of such values", KEYSPACE_TEXT.format(keys=KEYS_IN_MEMORY))
    rows = []
    for label in options.servers:
        for (what, count), figures in measure_keyspace(label, options.build).items():
            name = f"{describe_label(label)}, {what}, {count} elements"
            rows.append(row_of(name, figures, 1))
            for kind, figure in zip(("ours", "lean"), figures):
                report.at_most(f"{name}, of many keys: instructions, {kind} to C", figure / figures[-1], MOST, digits=3)
        for count in COUNTS:
            figures = measure_memory(label, options.build, count)
            name = f"{describe_label(label)}, memory, {count} elements"
            rows.append(row_of(name, figures, 1))
            report.at_most(f"{name}: bytes a key, lean to C", figures[1] / figures[-1], MOST_MEMORY, digits=3)
    report.table(["server, work"] + COLUMNS, rows)


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


def measure_many(label, build, module, keys):
    """{what: figure}"""
    with Server(label, types_of(build)) as server:
        server.client.call("CONFIG", "SET", "aof-use-rdb-preamble", "no")
        before = used_memory(server.client)
        figures = {"memory, bytes a key": memory_of_keys(server.client, module, 1, keys)}
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
        measured = [measure_many(label, options.build, module, MANY) for module in TYPES]
        for what in measured[0]:
            rows.append(row_of(f"{describe_label(label)}, {what}", [each[what] for each in measured], 2))
    report.table(["server, what"] + COLUMNS, rows)


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
