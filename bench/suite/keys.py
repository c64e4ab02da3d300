"""What a command on keys costs over the same command written in C."""

from .allocator import describe_label
from .commands import COST_HEAD, MOST_RATIO, cost_row, measure_twins

FIELDS = [f"field:{i}" for i in range(100)]
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
    return measure_twins(label, build, "keys", len(WORDS), WORDS, lambda server: fill(server.client))


def run(report, options):
    report.section("A command on a key", TEXT)
    rows = []
    for label in options.servers:
        for name, (ours, twin) in measure(label, options.build).items():
            rows.append(cost_row(f"{describe_label(label)}, {name}", ours, twin))
            most = MOST_OF_ONE_LOOK if name in ONE_LOOK else MOST_RATIO
            report.at_most(f"{describe_label(label)}: {name}: instructions, ours to C", ours.total / twin.total, most,
                           digits=3)
            report.at_most(f"{describe_label(label)}: {name}: calls of allocation functions, ours to C",
                           ours.allocations / twin.allocations, MOST_ALLOCATIONS, digits=2)
    report.table(["server, command", *COST_HEAD], rows)
