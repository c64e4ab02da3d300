"""What a command with keyword options costs over the same command written in C."""

from .allocator import describe_label
from .commands import COST_HEAD, cost_row, measure_twins

MOST_RATIO = 1.05
MODULES = ("ouroptions", "twinoptions")
WORDS = {
    "none of ten": ["all", "key"],
    "three of ten": ["all", "key", "NX", "EX", "100", "GET"],
    "all ten": ["all", "key", "NX", "CH", "GET", "WITHSCORES", "EX", "100", "COUNT", "10", "IDLE", "5", "FREQ", "7", "LIMIT", "0",
                    "20", "MATCH", "a*"],
    "all ten, in another order": ["all", "key", "match", "a*", "limit", "0", "20", "freq", "7", "idle", "5", "count", "10",
                                   "ex", "100", "withscores", "get", "ch", "nx"],
}
# Where none is given there is nothing to decode: what is left is that each is marked as not given, which C has of memset().
# Of few the twin's figure swings by a twentieth with where strncasecmp() finds the text.
WITHOUT_BAR = ("none of ten", "three of ten")
TEXT = ("As above, for a command with ten keyword options. The twin looks for each in turn by strncasecmp() where the length "
        "fits.")


def compare_answers(server):
    for words in WORDS.values():
        ours, twin = (server.client.call(f"{module}.{words[0]}", *words[1:]) for module in MODULES)
        if ours != twin:
            raise RuntimeError(f"ours and the twin do not answer alike to {words}: {ours} and {twin}")


def measure(label, build):
    return measure_twins(label, build, "options", 1, WORDS, compare_answers)


def run(report, options):
    report.section("A command with keyword options", TEXT)
    rows = []
    for label in options.servers:
        for name, (ours, twin) in measure(label, options.build).items():
            rows.append(cost_row(f"{describe_label(label)}, {name}", ours, twin))
            if name in WITHOUT_BAR:
                continue
            report.at_most(f"{describe_label(label)}: {name}: instructions, ours to C", ours.total / twin.total, MOST_RATIO,
                           digits=3)
            report.at_most(f"{describe_label(label)}: {name}: calls of allocation functions, ours", ours.allocations,
                           twin.allocations + 0.2, digits=1)
    report.table(["server, command", *COST_HEAD], rows)
