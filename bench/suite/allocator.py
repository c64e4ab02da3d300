"""What an allocation costs over the server's own."""

import os
import platform

from . import disassembly, picture
from .callgrind import CallgrindServer
from .report import median
from .servers import Server, ServerError, describe

RIVALS = ["flag", "frozen", "locked", "counting"]
RIVAL_NAMES = ["flag", "frozen set", "locked set", "frozen set, counting"]
MODULES = ["ours", "counted"] + RIVALS
SIZES = [16, 41, 48]  # 41: what a string of 40 characters asks for
PAIRS = 4000
MOST_OVER_DIRECT = 12
RIVALS_TEXT = (
    "The rivals: one flag read with sequential consistency by every call, to choose between libc and the server; a set "
    "of the blocks from before the switch, in which every release looks its block up, behind the mutexes of 16 shards "
    "(locked), or unchanging and read without them (frozen); and the latter with bytes counted.")
PAIR_TEXT = (
    "Instructions for a pair of `operator new` and `operator delete`, over what the server's `Alloc` and `Free` take "
    "when the same loop calls them directly. 41 bytes are what a string of 40 characters asks for; “string” is such a "
    "`std::string` itself, over one whose allocator calls the server directly. “blocks above”: ours again, where the "
    "blocks lie at higher addresses than the module.")
SHARING_TEXT = (
    "With accounting off, `operator new` and `operator delete` write nothing but their own stack. Two ways to see it: "
    "their instructions, and two threads over an allocator that itself shares nothing (the table's functions are "
    "exchanged for that time).")
THREADED = ["ours", "counted", "flag", "locked"]
MOST_SLOWDOWN = 1.3
MODULE_TEXT = {
    "ours": "this library",
    "counted": "this library, counting",
    "flag": "rival: a flag",
    "frozen": "rival: a set, frozen",
    "locked": "rival: a set, locked",
    "counting": "rival: a set, counting",
}

# jemalloc tidies a thread's cache each so many bytes, which would put some instructions more into one run than into
# another. The names are jemalloc's in Debian and jemalloc's as the servers build their own.
NO_TIDYING = {name: "tcache_gc_incr_bytes:1099511627776" for name in ("MALLOC_CONF", "JE_MALLOC_CONF")}


def module_path(build, name):
    return os.path.join(build, "bench", f"loops_{name}.so")


def loop_cost(server, module, what, size):
    """Instructions for one pair: of two runs that differ in length, the difference; the median of three, since now and
    then the allocator does something else in one of them."""
    differences = []
    for _ in range(3):
        once = loop_total(server, module, what, size, PAIRS)
        differences.append(loop_total(server, module, what, size, 2 * PAIRS) - once)
    return median(differences) / PAIRS


def loop_total(server, module, what, size, count):
    server.client.call(f"{module}.run", what, size, count)
    return server.take().total


def layout(server):
    """Whether the blocks that the loops use lie below the module."""
    return all(server.client.call("ours.below", size, 1) == 1 for size in SIZES)


class MeasuredServer(CallgrindServer):
    """A server with the loops. Linux maps memory from the top down, so that what a module allocates comes to lie below
    it, sooner or later; valgrind maps it from the bottom up. With memory freed before the module is loaded, the blocks
    lie below it here too."""

    def __init__(self, label, build, below):
        self.build = build
        self.below = below
        paths = [module_path(build, name) for name in MODULES]
        super().__init__(label, [] if below else paths, environment=NO_TIDYING)

    def __enter__(self):
        super().__enter__()
        if self.below:
            self.client.call("DEBUG", "POPULATE", 100000, "key", 40)
            self.client.call("FLUSHALL", "SYNC")
            for name in MODULES:
                self.client.call("MODULE", "LOAD", module_path(self.build, name))
        return self


def measure_instructions(label, build):
    """{(module, what, size): instructions a pair}, and the same for `ours` with its blocks above it."""
    figures = {}
    with MeasuredServer(label, build, below=True) as server:
        as_on_linux = layout(server)
        for module in MODULES:
            for size in SIZES:
                figures[module, "direct", size] = loop_cost(server, module, "direct", size)
                figures[module, "new", size] = loop_cost(server, module, "new", size)
            for what in ("direct_string", "string"):
                figures[module, what, 40] = loop_cost(server, module, what, 40)
    other = {}
    with MeasuredServer(label, build, below=False) as server:
        for size in SIZES:
            other[size] = loop_cost(server, "ours", "new", size) - loop_cost(server, "ours", "direct", size)
    return figures, other, as_on_linux


def measure_time(label, build, rounds, pairs=200000):
    """Nanoseconds a pair: alternating, the median of all rounds."""
    times = {}
    with Server(label, [module_path(build, name) for name in MODULES]) as server:
        for _ in range(rounds):
            for module, what in [("ours", "direct")] + [(module, "new") for module in MODULES]:
                key = "direct" if what == "direct" else module
                elapsed = server.client.call(f"{module}.run", what, 48, pairs)
                times.setdefault(key, []).append(elapsed / pairs)
    return {key: median(values) for key, values in times.items()}


def measure_threads(label, build, rounds, pairs=1000000):
    """[{(module, threads): nanoseconds a pair}], over an allocator that shares nothing, a round each."""
    found = []
    with Server(label, [module_path(build, name) for name in MODULES]) as server:
        for _ in range(rounds):
            found.append({(module, threads): server.client.call(f"{module}.threads", "new", threads, pairs) / pairs
                          for module in THREADED for threads in (1, 2)})
    return found


def slowdown(times, module):
    return times[module, 2] / times[module, 1]


def report_instructions(report, labels, build, chart):
    report.section("An allocation", PAIR_TEXT)
    rows = []
    for label in labels:
        figures, other, as_on_linux = measure_instructions(label, build)
        if not as_on_linux:
            report.note(f"{describe(label)}: here the blocks of the first column stayed above the module too.")
        over = {key: figures[key] - figures[key[0], "direct", key[2]] for key in figures if key[1] == "new"}
        for size in SIZES:
            rows.append([describe_label(label), str(size), figures["ours", "direct", size], over["ours", "new", size],
                         other[size]] + [over[module, "new", size] for module in MODULES[1:]])
        keep_bars(report, label, over)
        strings = [figures[module, "string", 40] - figures[module, "direct_string", 40] for module in MODULES]
        direct = figures["ours", "direct_string", 40]
        rows.append([describe_label(label), "string", direct, strings[0], None, *strings[1:]])
        chart.append((describe_label(label), [over[module, "new", 48] for module in MODULES]))
    report.note(RIVALS_TEXT)
    report.table(["server", "bytes", "direct", "ours", "blocks above", "ours, counting"] + RIVAL_NAMES, rows)


def describe_label(label):
    suffix = label.partition("@")[2]
    return describe(label) + (f" ({suffix})" if suffix.startswith("built") else "")


def has_own_prefix(label):
    """Servers whose allocator puts a word before each block: ours then needs one of its own, to align to 16."""
    return label.endswith("-prefix")


def keep_bars(report, label, over):
    worst = max(over["ours", "new", size] for size in SIZES)
    name = describe_label(label)
    if not has_own_prefix(label):
        report.at_most(f"{name}: new and delete over direct, instructions", worst, MOST_OVER_DIRECT)
        for rival in ("flag", "frozen", "locked"):
            below = all(over["ours", "new", size] < over[rival, "new", size] for size in SIZES)
            report.bar(f"{name}: below the rival “{rival}”, over direct", f"{over['ours', 'new', 48]:.1f}",
                       f"below {over[rival, 'new', 48]:.1f}", below)


def report_time(report, labels, build, rounds):
    report.note(f"The same in nanoseconds for 48 bytes: medians of {rounds} alternating rounds, of the whole pair.")
    rows = []
    for label in labels:
        times = measure_time(label, build, rounds)
        rows.append([describe_label(label)] + [times[key] for key in ["direct"] + MODULES])
    report.table(["server", "direct", "ours", "ours, counting"] + RIVAL_NAMES, rows)


def report_sharing(report, label, build, rounds):
    report.section("No shared cache line", SHARING_TEXT)
    check_disassembly(report, build)
    measured = measure_threads(label, build, rounds)
    parallel = [times for times in measured if slowdown(times, "counted") > MOST_SLOWDOWN]
    report.bar("control: rounds in which accounting, which does share lines, was slower with two threads",
               f"{len(parallel)} of {rounds}", "more than 2", len(parallel) > 2)
    if not parallel:
        return
    rows = [[MODULE_TEXT[module]] + [median([times[module, threads] for times in parallel]) for threads in (1, 2)] +
            [f"{median([slowdown(times, module) for times in parallel]):.2f}"] for module in THREADED]
    report.note(f"Medians of the {len(parallel)} rounds of {rounds} in which both threads did run at once, as the "
                "slowdown of the counting module shows.")
    report.table(["ns a pair", "1 thread", "2 threads", "ratio"], rows)
    report.at_most("two threads against one, time a pair", median([slowdown(times, "ours") for times in parallel]),
                   MOST_SLOWDOWN, digits=2)


OPERATORS = ["_Znwm", "_ZdlPv", "_ZdlPvm"]  # the others are left out of a module that does not use them


def check_disassembly(report, build):
    if platform.machine() != "x86_64":
        return report.note("The instructions are read on x86-64 only.")
    ours = disassembly.functions(module_path(build, "ours"))
    found = {name: disassembly.shared_writes(ours[name]) for name in OPERATORS}
    writes = sum(len(each) for each in found.values())
    report.bar("writes outside the stack in operator new and delete", str(writes), "0", writes == 0)
    counted = disassembly.functions(module_path(build, "counted"))
    charges = [body for name, body in counted.items() if "accounts" in name and "charge" in name]
    control = sum(len(disassembly.shared_writes(body)) for body in charges)
    report.bar("control: the same where a module with accounting charges a block", str(control), "not 0", control > 0)
    rows = [[name, str(len(ours[name])), str(len(found[name]))] for name in OPERATORS]
    report.table(["operator", "instructions", "writes outside the stack"], rows)


def run(report, options):
    chart = []
    report_instructions(report, options.servers, options.build, chart)
    report_time(report, options.servers, options.build, options.rounds)
    names = [MODULE_TEXT[module] for module in MODULES]
    options.save("allocation.svg", picture.bar_chart(
        "new and delete of 48 bytes: instructions over the server's own", "", names, chart))
    report.picture("allocation.svg", "Instructions of new and delete over the server's own, by server")
    report_sharing(report, options.servers[0], options.build, 40)
