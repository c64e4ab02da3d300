#!/usr/bin/env python3
"""Runs the servers' own suites of the module API, unchanged, with modules of ours in place of the C ones they drive.

    conformance --twins DIR… [--suite NAME…] [SERVER…]   the suites that drive one of ours
    conformance --baseline [--suite NAME…] [SERVER…]     all suites with the C modules: is the baseline right?
    conformance --record [SERVER…]                       the same, and write down what passed
    conformance --lines                                  how long ours are, beside the C modules

--twins DIR      NAME.so in it replaces tests/modules/NAME.c of the server's source; a later DIR wins
--suite NAME     only this suite, also if it drives none of ours (tests/unit/moduleapi/NAME.tcl); may be repeated
--servers DIR    where the servers are, .cache/servers/by-suite if not given
--baseline-file FILE, --sources DIR   tests/conformance/baseline.txt and tests/conformance if not given
--jobs N         suites at a time
--logs DIR       keeps each suite's output as DIR/SERVER.SUITE.log

SERVER is a label such as valkey@sid; all three that have a baseline if none is given. A suite is as it should be when
no test of it failed, it came to its end, and as many tests passed as with the C modules: a skipped one has not.
Exit status: 0 all suites are, 1 some are not, 2 it could not run them.
"""

import argparse
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True  # the project's folder stays as it was cloned

import account
import lines
import run
from tree import Tree, TreeError

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERVERS = ["redis@bookworm", "redis@sid", "valkey@sid"]
OTHER_SERVER = "valkey@trixie"  # that Valkey's suite of mixed clusters wants beside its own


def parse(argv):
    parser = argparse.ArgumentParser(prog="conformance", usage=__doc__)
    what = parser.add_mutually_exclusive_group()
    for mode in ("--baseline", "--record", "--lines"):
        what.add_argument(mode, action="store_true")
    parser.add_argument("--twins", action="append", default=[])
    parser.add_argument("--suite", action="append", default=[])
    parser.add_argument("--servers", default=os.path.join(ROOT, ".cache", "servers", "by-suite"))
    parser.add_argument("--baseline-file", default=os.path.join(ROOT, "tests", "conformance", "baseline.txt"))
    parser.add_argument("--sources", default=os.path.join(ROOT, "tests", "conformance"))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--logs")
    parser.add_argument("labels", nargs="*", metavar="SERVER")
    return parser.parse_args(argv)


def find_twins(folders):
    """The modules of ours: {name: file}."""
    twins = {}
    for folder in folders:
        found = {name[:-3]: os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".so")}
        if not found:
            raise TreeError(f"no module is in {folder}")
        twins.update(found)
    return twins


def check_that_all_replace(twins, options):
    """A module of ours that no suite of any server drives is a mistake: of its name, most likely."""
    present = [label for label in SERVERS if os.path.isdir(os.path.join(options.servers, label, "source"))]
    driven = set()
    for label in set(present + options.labels):
        driven |= Tree(os.path.join(options.servers, label)).driven_modules()
    for name in sorted(set(twins) - driven):
        raise TreeError(f"{twins[name]} replaces nothing: no suite loads {name}.so")


def choose_suites(tree, twins, options):
    if not options.suite:
        everything = not twins
        return [suite for suite in tree.suites() if everything or twins.keys() & set(tree.modules_of(suite))]
    for suite in options.suite:
        if suite not in tree.suites():
            raise TreeError(f"{tree.name} has no suite {suite}")
    return options.suite


def origin(tree, suite, twins):
    modules = tree.modules_of(suite)
    ours = [name for name in modules if name in twins]
    theirs = [name for name in modules if name not in twins]
    parts = (["ours: " + " ".join(ours)] if ours else []) + (["C: " + " ".join(theirs)] if theirs else [])
    return "; ".join(parts)


class Report:
    def __init__(self):
        self.not_good = []
        self.passed = self.failed = self.skipped = 0

    def add(self, tree, suite, outcome, reasons, modules, seconds):
        self.passed += outcome.passed
        self.failed += outcome.failed
        self.skipped += outcome.skipped
        counts = f"{outcome.passed:4} passed {outcome.failed:3} failed {outcome.skipped:3} skipped"
        print(f"{tree.name} {suite:28} {counts} {seconds:6.1f} s   {modules}", flush=True)
        if not reasons and outcome.passed == 0:
            print("    no test runs here, with the C modules neither")
        if not reasons:
            return
        self.not_good.append(f"{tree.name} {suite}")
        print(f"    not as with the C modules: {', '.join(reasons)}")
        for text in outcome.failures:
            print("    " + text.replace("\n", "\n    "), flush=True)

    def total(self, name, passed):
        print(f"{name}: {passed} tests passed in suites that are as they should be", flush=True)

    def finish(self, suites):
        print(f"{suites} suites: {self.passed} tests passed, {self.failed} failed, {self.skipped} skipped")
        if self.not_good:
            print(f"not as with the C modules: {', '.join(self.not_good)}")
        return 1 if self.not_good else 0


class Runner:
    def __init__(self, options, baseline, twins):
        self.options = options
        self.baseline = baseline
        self.twins = twins
        self.report = Report()
        other = os.path.join(options.servers, OTHER_SERVER, "valkey-server")
        self.other_server = other if os.path.exists(other) else None

    def run_one(self, tree, suite):
        start = time.monotonic()
        log = self.options.logs and os.path.join(self.options.logs, f"{tree.name}.{suite}.log")
        left_out = self.baseline.skips(tree.name, suite)
        outcome = run.run_suite(tree, suite, self.twins, left_out, self.other_server, log)
        return suite, outcome, time.monotonic() - start

    def run_server(self, tree, suites):
        """Runs these suites of one server: {suite: tests passed} of those that are as they should be."""
        needed = {module for suite in suites for module in tree.modules_of(suite)}
        tree.compile_c_modules(needed - self.twins.keys())
        good = {}
        with ThreadPoolExecutor(self.options.jobs) as pool:
            for suite, outcome, seconds in pool.map(lambda suite: self.run_one(tree, suite), suites):
                expected = 0 if self.options.record else self.baseline.expected(tree.name, suite)
                reasons = account.objections(outcome, expected)
                self.report.add(tree, suite, outcome, reasons, origin(tree, suite, self.twins), seconds)
                if not reasons:
                    good[suite] = outcome.passed
        self.report.total(tree.name, sum(good.values()))
        return good


def run_suites(options):
    twins = find_twins(options.twins)
    if bool(twins) == (options.baseline or options.record):
        raise TreeError("either --twins DIR or --baseline: see --help")
    if twins:
        check_that_all_replace(twins, options)
    runner = Runner(options, account.load_baseline(options.baseline_file), twins)
    suites = 0
    for label in options.labels or SERVERS:
        tree = Tree(os.path.join(options.servers, label))
        chosen = choose_suites(tree, twins, options)
        suites += len(chosen)
        counts = runner.run_server(tree, chosen)
        if options.record:
            runner.baseline.replace(tree.name, counts)
            account.save_baseline(runner.baseline, options.baseline_file)
    if suites == 0:
        raise TreeError("no suite drives a module of ours")
    return runner.report.finish(suites)


def stop(signal_number, _):
    run.processes.end_all()
    sys.exit(128 + signal_number)


def main(argv):
    options = parse(argv)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    if options.logs:
        os.makedirs(options.logs, exist_ok=True)
    try:
        if options.lines:
            return lines.compare(options.sources, [os.path.join(options.servers, label) for label in SERVERS])
        return run_suites(options)
    except (TreeError, account.BaselineError, OSError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    finally:
        run.processes.end_all()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
