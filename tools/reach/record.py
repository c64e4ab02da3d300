"""Measures which tests reach which functions of the module API, and writes recorded.txt.

usage: record.py -b BUILD [-j JOBS] [-s REGEX]     measures the tests of a build, on the servers it is configured for
       record.py -b BUILD --verify SERVER          runs the recorded tests on one server again: fails where one does not
                                                   reach what is said, though the server has the function
       record.py -b BUILD --control SERVER         the same with a function that a test calls by itself, and no wrapper of
                                                   the library: must find it

Every test of a program runs by itself, with the recorder (tests/reach/recorder.cc) preloaded into its servers. A call
counts where the innermost line of source, by the module's debug information, is the library's and not the test's own.
"""

import argparse
import collections
import concurrent.futures
import functools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "abi"))

import recorded
import rooms
import table

# Whose tests are about what the library does for a module.
PROGRAMS = re.compile(r"/(tests/(keys|calls|server|reach|types)|examples)/"
                      r"(?!changes_test|stale_test|lifetime_test|scopes_test|broken_|crash_test|cluster_types_test|short_memory_test)")
OF_THE_LIBRARY = re.compile(r"/(include/redismodule|src)/")
OF_A_MODULE = re.compile(r"/(tests|examples|bench)/")

# In the name of a test that has a server play an older one: it counts where no real server does.
PLAYED = "in_play."

Program = collections.namedtuple("Program", "path server environment directory")


def programs(build):
    """A program on a server each, as CTest knows them."""
    shown = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], check=True, stdout=subprocess.PIPE).stdout
    for test in json.loads(shown)["tests"]:
        properties = {each["name"]: each["value"] for each in test.get("properties", [])}
        if "command" in test and "server" in properties.get("LABELS", []) and PROGRAMS.search(test["command"][0]):
            yield Program(test["command"][0], test["name"].partition("@")[2], properties.get("ENVIRONMENT", []),
                          properties["WORKING_DIRECTORY"])


@functools.lru_cache(maxsize=None)
def tests_in(path):
    """None in a program that is not GoogleTest's."""
    listed = subprocess.run([path, "--gtest_list_tests"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if listed.returncode != 0:
        return []
    tests, suite = [], ""
    for line in listed.stdout.splitlines():
        if line.startswith("  "):
            tests.append(suite + line.split()[0])
        elif line.split()[0].endswith("."):
            suite = line.split()[0]
    return tests


def environment_of(program, recorder, record):
    made = dict(os.environ)
    made.update(each.split("=", 1) for each in program.environment)
    made.update(LD_PRELOAD=str(recorder), REDISMODULE_RECORD=str(record))
    return made


def run(program, test, recorder):
    """The calls that one test reached: (function, module's file, offset)."""
    with tempfile.TemporaryDirectory() as folder:
        record = pathlib.Path(folder) / "calls"
        done = subprocess.run([program.path, "--gtest_filter=" + test], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, cwd=program.directory, env=environment_of(program, recorder, record))
        if done.returncode != 0:
            print("fails, and counts as reaching nothing: %s %s on %s" % (program.path, test, program.server))
            return []
        lines = record.read_text().splitlines() if record.exists() else []
        return [call for call in map(parse, lines) if call]


def parse(line):
    """What a server calls itself is left out: its name becomes what it says to ps, with blanks."""
    name, rest = line.split(" ", 1)
    module, offset = rest.rsplit(" ", 1)
    return (name, module, int(offset)) if module.endswith(".so") else None


class Lines:
    """From places in modules to whose source they are."""

    def __init__(self):
        self.known = {}

    def is_librarys(self, place):
        return self.known[place]

    def learn(self, places):
        by_module = collections.defaultdict(list)
        for module, offset in places:
            if not module.endswith(".so") or not os.path.exists(module):
                self.known[module, offset] = False  # a module that is part of the server, or a test's copy
            elif (module, offset) not in self.known:
                by_module[module].append(offset)
        for module, offsets in by_module.items():
            self.ask(module, sorted(set(offsets)))

    def ask(self, module, offsets):
        debug = module + ".debug"
        command = ["addr2line", "-a", "-i", "-e", debug if os.path.exists(debug) else module]
        asked = "\n".join("%#x" % (offset - 1) for offset in offsets)
        answer = subprocess.run(command, input=asked, check=True, stdout=subprocess.PIPE, text=True).stdout
        for part in re.split(r"^(?=0x)", answer, flags=re.M)[1:]:
            address, *frames = part.splitlines()
            self.known[module, int(address, 16) + 1] = self.whose(frames)

    @staticmethod
    def whose(frames):
        for frame in frames:
            if OF_THE_LIBRARY.search(frame):
                return True
            if OF_A_MODULE.search(frame):
                return False
        return False


def of_wrappers(results):
    """The functions that the library calls, by test, and not the test's own modules."""
    lines = Lines()
    lines.learn({(module, offset) for calls in results for _, module, offset in calls})
    return [{name for name, module, offset in calls if lines.is_librarys((module, offset))} for calls in results]


def measure(build, recorder, pattern, jobs):
    """(program, test) to the functions that it reaches on some server, and by function the servers where it does."""
    reached = collections.defaultdict(lambda: collections.defaultdict(set))
    work = [(program, test) for program in programs(build) if re.search(pattern, program.server) for test in tests_in(program.path)]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(lambda each: run(*each, recorder), work))
    for (program, test), names in zip(work, of_wrappers(results)):
        for name in names:
            reached[os.path.basename(program.path), test][name].add(program.server)
    return reached


def choose(reached, before, rows):
    """For each function the test that reaches it on most servers, and most specifically; the one it had, if it may."""
    chosen = {}
    measured = {server for functions in reached.values() for servers in functions.values() for server in servers}
    places = collections.defaultdict(list)
    for (program, test), functions in reached.items():
        for name, servers in functions.items():
            rank = (PLAYED in test, -len(servers))
            places[name].append((rank, len(functions), program, test, servers))
    for name, candidates in places.items():
        best = min(each[0] for each in candidates)
        had = before.get(name)
        good = sorted((each for each in candidates if each[0] == best), key=lambda each: each[:4])
        kept = [each for each in good if had and (each[2], each[3]) == (had.program, had.test)]
        _, _, program, test, servers = (kept or good)[0]
        everywhere = servers == {server for server in measured if is_there(rows[name], server)}
        chosen[name] = recorded.Reach(name, program, test, "all" if everywhere else ",".join(sorted(servers)))
    return chosen


def record(options):
    path = HERE / "recorded.txt"
    before = recorded.read(path)
    reached = measure(options.build, options.recorder, options.servers, options.jobs)
    rows = {row.name: row for row in table.Table(str(ROOT / "include")).functions}
    sorted_out = rooms.Rooms(HERE / "rooms.txt")
    chosen = {name: each for name, each in choose(reached, before, rows).items() if not sorted_out.is_later(name)}
    recorded.write(path, chosen)
    print("%d tests, %d functions reached" % (len(reached), len(chosen)))
    return 0


def release_of(server):
    """"redis", (7, 0, 15) from redis-7.0.15 or valkey-9.1.2-asan."""
    family, number = server.split("-")[:2]
    return family, tuple(int(part) for part in number.split("."))


def is_there(row, server):
    family, number = release_of(server)
    first = row.release(family)
    return first is not None and first != "unstable" and first <= number


def said_of(server):
    """What recorded.txt says of a server, by program and test."""
    rows = {row.name: row for row in table.Table(str(ROOT / "include")).functions}
    said = collections.defaultdict(list)
    for each in recorded.read(HERE / "recorded.txt").values():
        if server in each.servers.split(",") or (each.servers == "all" and is_there(rows[each.function], server)):
            said[each.program, each.test].append(each.function)
    return said


def verify(options):
    server = options.verify or options.control
    said = said_of(server)
    if options.control:
        said = {("acl_test", "by/acl.a_user_without_a_command_does_not_reach_it/each_call"): ["CreateTimer"]}
    there = {os.path.basename(each.path): each for each in programs(options.build) if each.server == server}
    missed = ["%s is not built, or does not run on %s" % (name, server) for name, _ in said if name not in there]
    work = [(there[name], test) for name, test in said if name in there]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda each: run(*each, options.recorder), work))
    by_wrappers = of_wrappers(results)
    for (program, test), names in zip(work, by_wrappers):
        name = os.path.basename(program.path)
        missed += ["%s: not reached by %s: %s" % (each, name, test) for each in said[name, test] if each not in names]
    if options.control:
        is_called = any(call[0] == "CreateTimer" for calls in results for call in calls)
        is_there = release_of(server)[1] >= (7, 0, 6)  # before, that test does not come so far
        return 0 if is_called == is_there and len(missed) == 1 and missed[0].startswith("CreateTimer: ") else 1
    if any(results) and not any(by_wrappers):
        missed = ["the modules of %s have no debug information, by which the library's calls are told" % options.build]
    print("\n".join(missed) or "%d functions are reached by %d tests" % (sum(map(len, said.values())), len(said)))
    return 1 if missed or not said else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-b", "--build", required=True)
    parser.add_argument("-s", "--servers", default="")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--verify", metavar="SERVER")
    parser.add_argument("--control", metavar="SERVER")
    options = parser.parse_args()
    options.recorder = pathlib.Path(options.build).resolve() / "tests/reach/reach_recorder.so"
    if not options.recorder.exists():
        sys.exit("%s is missing: ninja reach_recorder" % options.recorder)
    return verify(options) if options.verify or options.control else record(options)


if __name__ == "__main__":
    sys.exit(main())
