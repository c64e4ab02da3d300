#!/usr/bin/env python3
"""Runs the project's benchmarks: prints tables, draws pictures, and fails when a bar is missed.

    bench.py --build DIR [--servers LABEL…] [--only allocator|commands|keys|types|options|headers|fifty|start …] [--quick] [--publish]

--build    a build of this project, with its benchmarks; pictures and tables go to DIR/bench/report/
--servers  labels such as redis@bookworm, of servers that are provisioned
--publish  writes docs/performance.md and its pictures anew
Exit status: 0 all bars kept, 1 some missed, 2 it could not measure.
"""

import argparse
import os
import platform
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from suite import allocator, commands, fifty, headers, keys, options as keyword_options, servers, start, types
from suite.report import Report

SECTIONS = {"allocator": allocator.run, "commands": commands.run, "keys": keys.run, "types": types.run,
            "options": keyword_options.run, "headers": headers.run, "fifty": fifty.run, "start": start.run}
KINDS = ["redis@bookworm", "redis@sid", "valkey@bookworm-backports", "valkey@sid"]
BUILT = ["redis@built-jemalloc", "valkey@built-jemalloc", "redis@built-libc", "redis@built-prefix"]


class Options:
    def __init__(self, arguments):
        self.build = os.path.abspath(arguments.build)
        self.out = os.path.join(self.build, "bench", "report")
        self.servers = arguments.servers or [label for label in KINDS + BUILT if servers.is_provisioned(label)]
        self.rounds = 5 if arguments.quick else 9
        self.throughput_rounds = 9 if arguments.quick else 25
        self.compiles = 3 if arguments.quick else 5
        self.pictures = {}
        os.makedirs(self.out, exist_ok=True)

    def save(self, name, content):
        self.pictures[name] = content
        os.makedirs(os.path.join(self.out, "img"), exist_ok=True)
        with open(os.path.join(self.out, "img", name), "w") as file:
            file.write(content)


def parse(argv):
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--servers", nargs="*")
    parser.add_argument("--only", nargs="*", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--publish", action="store_true")
    return parser.parse_args(argv)


def machine():
    compiler = subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True).stdout.strip()
    valgrind = subprocess.run(["valgrind", "--version"], capture_output=True, text=True).stdout.strip()
    return f"{platform.machine()}, {os.cpu_count()} cores, Linux, g++ {compiler}, {valgrind}"


def write(report, options, publish):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "method.md")) as file:
        text = file.read().replace("@MACHINE@", machine()) + "\n" + report.markdown()
    places = [options.out] + ([os.path.join(servers.REPOSITORY, "docs")] if publish else [])
    for place in places:
        os.makedirs(os.path.join(place, "img"), exist_ok=True)
        with open(os.path.join(place, "performance.md"), "w") as file:
            file.write(text)
        for name, content in options.pictures.items():
            with open(os.path.join(place, "img", name), "w") as file:
                file.write(content)


def main(argv):
    arguments = parse(argv)
    options = Options(arguments)
    if arguments.publish and set(arguments.only) != set(SECTIONS):
        print("bench: --publish needs all sections", file=sys.stderr)
        return 2
    if not options.servers:
        print("bench: no server is provisioned", file=sys.stderr)
        return 2
    report = Report()
    for name in arguments.only:
        SECTIONS[name](report, options)
    report.finish()
    write(report, options, arguments.publish)
    print(f"\nTables and pictures: {options.out}")
    return 0 if report.all_kept() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
