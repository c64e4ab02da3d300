"""What the headers cost a compiler, and what a module weighs."""

import json
import os
import re
import resource
import shutil
import subprocess
import tempfile

from . import picture
from .report import median
from .servers import REPOSITORY

INCLUDE = os.path.join(REPOSITORY, "include")
COMPILER = "g++"
UMBRELLA = "redismodule/redismodule.h"
HANDLES = [f"redismodule/{name}.h" for name in ("handle", "string", "result", "args", "reply", "context")]
OTHERS = [f"redismodule/{name}.h" for name in ("api", "command", "module", "memory/memory", "memory/allocator")]
YARDSTICK = ["string", "vector", "optional", "span", "tuple"]
MOST_UMBRELLA = 1.5
MOST_HANDLE = 60
MOST_BUILD = 2.0
MOST_TEXT = 1.3
HEADERS_TEXT = (
    f"Processor time to compile a file that includes one header, with {COMPILER} -std=c++20 -O2: medians of "
    "{rounds} alternating rounds. “standard” is a file with the standard headers that it and the project's headers "
    "below it name; what a header adds is the median of the rounds' differences.")
MODULE_TEXT = (
    "`examples/hello` beside the same module written by hand in C: the same command, check of its arity, error texts "
    "and words for COMMAND DOCS. .text is from the linkers' maps.")
RUNTIME = re.compile(r"libstdc\+\+|libsupc\+\+|libgcc|libc_nonshared|/crt|crti|crtn|crtbegin|crtend")


def cpu_milliseconds(command, directory=None):
    """Processor time of a command and its children: what else runs on the machine does not count."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, cwd=directory)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def compile_command(source):
    return [COMPILER, "-std=c++20", "-O2", f"-I{INCLUDE}", "-c", source, "-o", os.devnull]


def own_headers(header):
    """The header and those of this project that it includes, however deep."""
    found, waiting = set(), [header]
    while waiting:
        name = waiting.pop()
        path = os.path.join(INCLUDE, name)
        if name in found or not os.path.exists(path):
            continue
        found.add(name)
        with open(path) as file:
            waiting += re.findall(r'^\s*#\s*include\s*[<"](redismodule/[^>"]+)[>"]', file.read(), re.M)
    return found


def standard_headers(header):
    """The standard headers that it and the project's headers below it include."""
    names = set()
    for name in own_headers(header):
        with open(os.path.join(INCLUDE, name)) as file:
            names.update(re.findall(r"^\s*#\s*include\s*<([a-z_]+(?:\.h)?)>", file.read(), re.M))
    return sorted(names)


class Times:
    """Milliseconds of a header and of its standard headers alone, round by round."""

    def __init__(self, header, standard):
        self.header = median(header)
        self.standard = median(standard)
        # Of each round, as neighbours in time: what slows the machine down slows both.
        self.adds = median([one - other for one, other in zip(header, standard)])


def measure_headers(rounds):
    """{header: Times}, and the times of the yardstick beside the umbrella header's."""
    sources = {"yardstick": YARDSTICK}
    for header in [UMBRELLA] + HANDLES + OTHERS:
        if os.path.exists(os.path.join(INCLUDE, header)):
            sources[header] = [header]
            sources[header, "standard"] = standard_headers(header)
    values = {name: [] for name in sources}
    with tempfile.TemporaryDirectory() as directory:
        paths = write_sources(directory, sources)
        for _ in range(rounds):
            for name, path in paths.items():
                values[name].append(cpu_milliseconds(compile_command(path)))
    headers = [name for name in sources if (name, "standard") in sources]
    times = {name: Times(values[name], values[name, "standard"]) for name in headers}
    ratio = median([one / other for one, other in zip(values[UMBRELLA], values["yardstick"])])
    return times, median(values["yardstick"]), ratio


def write_sources(directory, sources):
    paths = {}
    for number, (name, headers) in enumerate(sources.items()):
        paths[name] = os.path.join(directory, f"{number}.cc")
        with open(paths[name], "w") as file:
            file.writelines(f"#include <{header}>\n" for header in headers)
    return paths


def report_headers(report, options):
    report.section("Headers", HEADERS_TEXT.format(rounds=options.compiles))
    times, yardstick, ratio = measure_headers(options.compiles)
    rows = [["`<string>, <vector>, <optional>, <span>, <tuple>`", yardstick, None, None]]
    rows += [[f"`{header}`", each.header, each.standard, each.adds] for header, each in times.items()]
    report.table(["header", "ms", "standard", "adds"], rows)
    report.at_most("umbrella header, to the five standard headers", ratio, MOST_UMBRELLA, digits=2)
    for header in HANDLES:
        report.at_most(f"{header} adds to its standard headers", times[header].adds, MOST_HANDLE, " ms")
    options.save("headers.svg", picture.bar_chart(
        "Compiling one include, processor time", " ms", ["header", "its standard headers alone"],
        [("the five headers", [None, yardstick])] + [(header.partition("/")[2], [each.header, each.standard])
                                                     for header, each in times.items()]))
    report.picture("headers.svg", "Time to compile a file that includes one header")


def text_of_objects(map_path):
    """Bytes of .text that each object file contributed, from the linker's map; what was discarded is not in it."""
    sizes = {}
    with open(map_path) as file:
        lines = file.read().partition("Linker script and memory map")[2]
    pattern = r"^ \.text\S*(?:\n)?\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S.*)$"
    for size, name in re.findall(pattern, lines, re.M):
        sizes[name] = sizes.get(name, 0) + int(size, 16)
    return sizes


def text_of_module(build):
    sizes = text_of_objects(os.path.join(build, "examples", "hello", "redismodule", "hello.map"))
    parts = {"own": 0, "library": 0, "runtime": 0}
    for name, size in sizes.items():
        part = "library" if "libredismodule" in name else "runtime" if RUNTIME.search(name) else "own"
        parts[part] += size
    return parts


def text_of_twin(build):
    sizes = text_of_objects(os.path.join(build, "bench", "twin_hello.map"))
    return sum(size for name, size in sizes.items() if not RUNTIME.search(name))


def stripped_size(path):
    with tempfile.TemporaryDirectory() as directory:
        copy = shutil.copy(path, directory)
        subprocess.run(["strip", copy], check=True)
        return os.path.getsize(copy)


def objects_of_hello(build):
    with open(os.path.join(build, "compile_commands.json")) as file:
        entries = [entry for entry in json.load(file) if "/hello.dir/" in entry.get("output", entry["command"])]
    found = []
    for entry in entries:
        output = entry.get("output") or re.search(r" -o (\S+)", entry["command"]).group(1)
        found.append(os.path.join(build if entry.get("output") else entry["directory"], output))
    if not found:
        raise RuntimeError("the build has no examples/hello")
    return found


def measure_build(build, rounds):
    """Processor seconds to build examples/hello without its own objects, and to find that nothing is to be done."""
    module = os.path.join(build, "examples", "hello", "hello.so")
    command = ["cmake", "--build", build, "--target", "hello"]
    times, idle = [], []
    for _ in range(rounds):
        for path in objects_of_hello(build) + [module]:
            if os.path.exists(path):
                os.unlink(path)
        times.append(cpu_milliseconds(command))
        idle.append(cpu_milliseconds(command))
    return median(times) / 1000, median(idle) / 1000


def report_module(report, options):
    seconds, idle = measure_build(options.build, options.compiles)
    parts = text_of_module(options.build)
    twin = text_of_twin(options.build)
    hello = os.path.join(options.build, "examples", "hello", "hello.so")
    twin_path = os.path.join(options.build, "bench", "twin_hello.so")
    report.section("A small module", MODULE_TEXT)
    report.table(["", "C", "ours"], [
        ["processor time to compile, link and check it, s", None, f"{seconds:.2f}"],
        ["of it the build tool's, with nothing to do, s", None, f"{idle:.2f}"],
        [".text of the module's own objects, bytes", str(twin), str(parts["own"])],
        [".text of this library's archives in it, bytes", None, str(parts["library"])],
        [".text of the static C++ runtime in it, bytes", None, str(parts["runtime"])],
        ["size of the stripped file, bytes", str(stripped_size(twin_path)), str(stripped_size(hello))],
    ])
    report.at_most("examples/hello, to compile, link and check", seconds, MOST_BUILD, " s", digits=2)
    report.at_most(".text of examples/hello's own objects, to the C twin's", parts["own"] / twin, MOST_TEXT, digits=2)
    whole = (parts["own"] + parts["library"]) / twin
    report.note("The bar is on the module's own objects. The library's archives, which are the same for a module with a "
                f"hundred commands, make it {whole:.1f} times the twin's .text; the twin has no operators, no redirected "
                "malloc family, no words for a server that is too old.")


def run(report, options):
    report_headers(report, options)
    report_module(report, options)
