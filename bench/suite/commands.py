"""What a command costs over the same command written in C."""

import os
import re
import subprocess

from . import picture
from .allocator import NO_TIDYING, describe_label, module_path
from .callgrind import CallgrindServer
from .report import median
from .servers import Server, tree_of

CALLS = 1000
MODULE_FILES = ("hello.so", "bench_commands.so", "twin_commands.so", "bench_keys.so", "twin_keys.so",
                "bench_types.so", "twin_types.so", "bench_options.so", "twin_options.so")
MOST_RATIO = 1.02
SMALLEST_NOISE = 0.02
MOST_NOISE = 0.10

# Words of the commands: this library's, the twin's.
PAIRS = {
    "multiply": (["hello.mul", "31", "11"], ["twin.mul", "31", "11"]),
    "echo": (["ours.echo", "a text of some length"], ["twin.echo", "a text of some length"]),
    "array of 100": (["ours.array100"], ["twin.array100"]),
    "array of 1,000": (["ours.array1000"], ["twin.array1000"]),
    "map of 100": (["ours.map100"], ["twin.map100"]),
    "call of GET, passed on": (["ours.get", "bench:key"], ["twin.get", "bench:key"]),
    "call of GET, read": (["ours.getlen", "bench:key"], ["twin.getlen", "bench:key"]),
}
# What of PAIRS is asked for in bulk as well; the rest would say the same of the same code.
IN_BULK = ("multiply", "echo")
ALLOCATING = re.compile(r"^(je_)?(malloc|calloc|realloc|free|aligned_alloc|memalign|mallocx|rallocx|sdallocx)$|"
                        r"^z(try)?(malloc|calloc|realloc|free)")
COMMAND_TEXT = (
    "Instructions for one call of the handler, all that it calls included, beside the same command written by hand in "
    "C. “own” is the module's part, “server” all the rest; then the calls of allocation functions in it.")
THROUGHPUT_TEXT = (
    "Requests per second (redis-benchmark, 64 in a pipeline, 4 clients): medians of {rounds} rounds that take turns; "
    "by the clock, and by the processor time of the server's main thread, which a busy machine disturbs less and which "
    "the ratios are of. “C to C” is a second copy of the same C module against the first. The noise is three standard "
    "errors of that median, and at least 2 %; where it is above 10 %, the machine was too busy to tell.")


def paths(build):
    return {
        "hello": os.path.join(build, "examples", "hello", "hello.so"),
        "ours": os.path.join(build, "bench", "bench_commands.so"),
        "twin": os.path.join(build, "bench", "twin_commands.so"),
        "same": os.path.join(build, "bench", "same_commands.so"),
    }


def symbols(module, pattern):
    text = subprocess.run(["nm", module], check=True, capture_output=True, text=True).stdout
    return [name for name in re.findall(r"^[0-9a-f]+ [tTwW] (\S+)$", text, re.M) if re.search(pattern, name)]


def handlers(build):
    """The functions that the server calls, by their names in the symbol tables."""
    files = paths(build)
    found = symbols(files["hello"], r"trampoline.*3mul.*4call") + symbols(files["ours"], r"trampoline.*4call")
    if len(found) < len(PAIRS):
        raise RuntimeError(f"expected the callbacks of {len(PAIRS)} commands, found {found}")
    return found + symbols(files["twin"], r"^twin_[a-z]+[0-9]*$") + ["copying_echo"]


class Cost:
    """One call of a handler: instructions in all and by the module itself, and calls of allocation functions."""

    def __init__(self, server, words, calls=CALLS):
        server.client.call(*words)
        dumps = []
        for count in (calls, 2 * calls):
            discard(server)
            for _ in range(count):
                server.client.call(*words)
            server.client.call("ours_loops.dump", "handler")
            dumps.append(server.take())
        self.total = (dumps[1].total - dumps[0].total) / calls
        self.own = difference(dumps, calls, lambda dump: sum(
            cost for name, cost in dump.by_object.items() if name in MODULE_FILES))
        self.allocations = difference(dumps, calls, lambda dump: sum(
            count for (_, name), count in dump.calls.items() if ALLOCATING.match(name)))

    @property
    def server(self):
        return self.total - self.own


def difference(dumps, calls, of):
    return (of(dumps[1]) - of(dumps[0])) / calls


def discard(server):
    server.client.call("ours_loops.dump", "before")
    server.take()


# A table of costs: what it is about stands in front.
COST_HEAD = ["C own", "ours own", "C server", "ours server", "C", "ours", "ratio", "C allocations", "ours"]


def cost_row(name, ours, twin):
    return [name, twin.own, ours.own, twin.server, ours.server, twin.total, ours.total, f"{ours.total / twin.total:.3f}",
            twin.allocations, ours.allocations]


def measure_twins(label, build, kind, callbacks, words, prepare):
    """{name: [ours, twin]} of bench_<kind>.so and twin_<kind>.so, whose commands begin with "our<kind>." and
    "twin<kind>.". `callbacks`: how many commands each has. `prepare`: called with the server before it is measured."""
    ours, twin = (os.path.join(build, "bench", f"{name}_{kind}.so") for name in ("bench", "twin"))
    toggles = symbols(ours, r"trampoline.*4call.*i$") + symbols(twin, r"^twin_[a-z]+$")
    if len(toggles) != 2 * callbacks:
        raise RuntimeError(f"expected the callbacks of {2 * callbacks} commands, found {toggles}")
    with CallgrindServer(label, [ours, twin, module_path(build, "ours_loops")], toggles=toggles,
                         environment=NO_TIDYING) as server:
        prepare(server)
        return {name: [Cost(server, [f"{module}{kind}.{each[0]}", *each[1:]], calls=100) for module in ("our", "twin")]
                for name, each in words.items()}


def measure_instructions(label, build):
    files = paths(build)
    modules = [files["hello"], files["ours"], files["twin"], module_path(build, "ours_loops")]
    with CallgrindServer(label, modules, toggles=handlers(build), environment=NO_TIDYING) as server:
        server.client.call("set", "bench:key", "a value of some length")
        costs = {name: [Cost(server, words) for words in pair] for name, pair in PAIRS.items()}
        costs["control"] = Cost(server, ["twin.copy", "a text of some length"])
    return costs


def report_instructions(report, labels, build, chart):
    report.section("A command", COMMAND_TEXT)
    rows = []
    for label in labels:
        costs = measure_instructions(label, build)
        for name in PAIRS:
            ours, twin = costs[name]
            rows.append(cost_row(f"{describe_label(label)}, {name}", ours, twin))
            keep_bars(report, f"{describe_label(label)}: {name}", ours, twin)
            chart.append((f"{describe_label(label)}, {name}", [twin.total, ours.total]))
        control, echo = costs["control"].allocations, costs["echo"][1].allocations
        report.bar(f"control, {describe_label(label)}: an echo that copies shows allocations", f"{control:g}",
                   f"more than {echo:g}", control > echo)
    report.table(["server, command", *COST_HEAD], rows)


def keep_bars(report, name, ours, twin):
    report.at_most(f"{name}: instructions, ours to C", ours.total / twin.total, MOST_RATIO, digits=3)
    # At most, and not equal: how large the server has made the buffer of a client's replies depends on what came before.
    report.bar(f"{name}: the server's part, ours and C", f"{ours.server:.0f} and {twin.server:.0f}", "at most 4 more",
               ours.server - twin.server < 4)
    report.bar(f"{name}: calls of allocation functions, ours and C",
               f"{ours.allocations:.1f} and {twin.allocations:.1f}", "no more",
               round(ours.allocations, 1) <= round(twin.allocations, 1))


def processor_seconds(pid):
    """Of the server's main thread, which runs the commands."""
    with open(f"/proc/{pid}/task/{pid}/schedstat") as file:
        return int(file.read().split()[0]) / 1e9


def requests_per_second(server, label, words, requests):
    """By the clock, and by the processor time that the server's main thread took."""
    command = [os.path.join(tree_of(label), "redis-benchmark"), "-s", server.socket_path, "-P", "64", "-c", "4",
               "-n", str(requests), "-q"] + words
    before = processor_seconds(server.process.pid)
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    taken = processor_seconds(server.process.pid) - before
    return float(re.findall(r"([0-9.]+) requests per second", text)[-1]), requests / taken


def measure_throughput(label, build, rounds, requests):
    """{command: [(C, ours, C again), each by clock and by processor time, a round]}"""
    files = paths(build)
    figures = {name: [] for name in IN_BULK}
    with Server(label, list(files.values())) as server:
        for number in range(rounds):
            for name in IN_BULK:
                ours, twin = PAIRS[name]
                same = [twin[0].replace("twin", "same")] + twin[1:]
                contenders = [twin, ours, same]
                order = [(i + number) % 3 for i in range(3)]
                round_figures = {i: requests_per_second(server, label, contenders[i], requests) for i in order}
                figures[name].append(tuple(round_figures[i] for i in range(3)))
    return figures


def noise_of(ratios):
    """How far off the median of such ratios may be by chance: three standard errors, from the quartiles of C against C,
    which is 1 but for the noise; at least two in a hundred."""
    ordered = sorted(ratios)
    spread = (ordered[3 * len(ordered) // 4] - ordered[len(ordered) // 4]) / 1.35
    return max(SMALLEST_NOISE, 3 * 1.25 * spread / len(ordered) ** 0.5)


def report_throughput(report, labels, build, rounds, requests):
    report.note(THROUGHPUT_TEXT.format(rounds=rounds))
    rows = []
    for label in labels:
        for name, measured in measure_throughput(label, build, rounds, requests).items():
            clock = [median([each[i][0] for each in measured]) for i in range(2)]
            busy = [tuple(figure[1] for figure in each) for each in measured]
            twin, ours = (median([each[i] for each in busy]) for i in range(2))
            ratio = median([ours / twin for twin, ours, _ in busy])
            alike = [same / twin for twin, _, same in busy]
            control, noise = median(alike), noise_of(alike)
            thousands = [f"{figure / 1000:.0f} k" for figure in clock + [twin, ours]]
            rows.append([f"{describe_label(label)}, {name}", *thousands, f"{ratio:.3f}", f"{control:.3f}",
                         f"{100 * noise:.1f} %"])
            report.bar(f"{describe_label(label)}: {name}, requests per second, ours to C", f"{ratio:.3f}",
                       f"at least {1 - noise:.3f}, noise at most {MOST_NOISE:.0%}",
                       ratio >= 1 - noise and noise <= MOST_NOISE)
    report.table(["server, command", "C, clock", "ours, clock", "C, processor", "ours, processor", "ours to C",
                  "C to C", "noise"], rows)


def run(report, options):
    chart = []
    report_instructions(report, options.servers, options.build, chart)
    options.save("commands.svg", picture.bar_chart(
        "One call of a handler: instructions", "", ["C, by hand", "this library"], chart))
    report.picture("commands.svg", "Instructions of one call of a handler, in C and with this library")
    report_throughput(report, options.servers[:4], options.build, options.throughput_rounds, 60000)
