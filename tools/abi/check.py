"""Holds our table of the module API against the official headers.

For each header it generates one translation unit, which includes the header and our table and asserts that each
function's type, each constant's type and value, each struct's size and each member's offset and type agree. What
disagrees has to be a row of the list of differences, and each row of that list has to be found.

usage: check.py --servers DIR --include DIR --differences FILE [--compiler CXX]
"""

import argparse
import concurrent.futures
import functools
import os
import re
import subprocess
import sys
import tempfile

import header
import table

# Directory of the server's source, and the release that the header belongs to.
HEADERS = {
    "redis-6.0.16": ("redis", (6, 0, 16)),
    "redis-7.0.15": ("redis", (7, 0, 15)),
    "redis-8.0.2": ("redis", (8, 0, 2)),
    "redis-8.0.6": ("redis", (8, 0, 6)),
    "valkey-8.1.1": ("valkey", (8, 1, 1)),
    "valkey-9.1.2": ("valkey", (9, 1, 2)),
}

# Constants that are no constant expression in C++: their text, without blanks, and what ours is compared with.
SPECIAL = {
    "POSITIVE_INFINITE": ("(1.0/0.0)", "abi::MODULE_POSITIVE_INFINITE == __builtin_inf()"),
    "NEGATIVE_INFINITE": ("(-1.0/0.0)", "abi::MODULE_NEGATIVE_INFINITE == -__builtin_inf()"),
    "HASH_DELETE": ("((%sModuleString*)(long)1)", "same<decltype(abi::MODULE_HASH_DELETE), abi::ModuleString* const>"),
    "COMMAND_INFO_VERSION": ("(&%sModule_CurrentCommandInfoVersion)",
                             "abi::CurrentCommandInfoVersion.version == 1 && "
                             "abi::MODULE_COMMAND_INFO_VERSION == &abi::CurrentCommandInfoVersion"),
}

FLAGS = ["-std=c++20", "-fsyntax-only", "-w", "-DREDISMODULE_EXPERIMENTAL_API"]


class Differences:
    """The committed list: what differs, and what goes by another name."""

    def __init__(self, path):
        self.expected = {}
        self.renames = {}
        with open(path) as file:
            for line in file:
                words = line.split("#")[0].split()
                if not words:
                    continue
                if words[0] == "differs" and len(words) == 4:
                    self.expected.setdefault(words[1], set()).add((words[2], words[3]))
                elif words[0] == "rename" and len(words) == 4:
                    self.renames.setdefault(words[1], {})[words[2]] = words[3]
                else:
                    raise ValueError(path + ": cannot read: " + line)


class Result:
    def __init__(self, name):
        self.name = name
        self.counts = {}
        self.found = set()
        self.used_renames = set()
        self.broken = []
        self.functions = set()

    def count(self, kind):
        self.counts[kind] = self.counts.get(kind, 0) + 1


class Comparison:
    """Writes the assertions for one header."""

    def __init__(self, name, official, ours, renames):
        self.family, self.release = HEADERS[name]
        self.official = official
        self.ours = ours
        self.renames = renames
        self.result = Result(name)
        self.lines = []

    def differs(self, kind, name):
        self.result.found.add((kind, name))

    def require(self, kind, name, condition):
        self.result.count(kind)
        self.lines.append('static_assert(%s, "DIFFERS %s %s");' % (condition, kind, name))

    def renamed(self, name):
        if name not in self.renames:
            return name
        self.result.used_renames.add(name)
        return self.renames[name]

    def presence(self, kind, rows, theirs, prefix=""):
        """Whether our releases say of each name what the header says. Yields the rows that both have."""
        known = {row.name[len(prefix):]: row for row in rows}
        for name in sorted(theirs - set(known)):
            self.differs(kind + "-missing", name)
        for name, row in known.items():
            first = row.release(self.family)
            expected = isinstance(first, tuple) and first <= self.release
            if name in theirs and not expected:
                self.differs(kind + "-early", name)
            if name not in theirs and expected:
                self.differs(kind + "-late", name)
            if name in theirs:
                yield name, row

    def map_types(self):
        prefix = self.official.prefix + "Module"
        for name in sorted({*self.official.opaque, *self.official.structs, *self.official.enums}):
            ours = self.renamed(name)
            if ours not in self.ours.types and ours not in self.ours.structs:
                self.differs("type-missing", name)
                continue
            self.lines.append("template <> struct abi_check::named<%s%s> { using type = abi::Module%s; };" %
                              (prefix, name, ours))

    def compare_functions(self):
        for name, _ in self.presence("function", self.ours.functions, self.official.functions):
            self.result.functions.add(name)
            self.require("function", name,
                         "same<decltype(%sModule_%s), decltype(abi::function_table::%s)>" %
                         (self.official.prefix, name, name))

    def compare_callbacks(self):
        for name in self.official.callbacks:
            ours = self.renamed(name)
            if ours not in self.ours.callbacks:
                self.differs("callback-missing", name)
                continue
            self.require("callback", name, "same<%sModule%s, abi::Module%s>" % (self.official.prefix, name, ours))

    def compare_constants(self):
        values = {name: "%s%s" % (self.official.macro_prefix, name) for name in self.official.macros}
        for special, (text, condition) in SPECIAL.items():
            if special not in self.official.macros:
                continue
            text = text % self.official.prefix if "%s" in text else text
            if self.official.macros[special].replace(" ", "") != text:
                self.differs("constant", special)
            self.require("constant", special, condition)
        for names in self.official.enums.values():
            for name in names:
                values[re.sub("^" + self.official.macro_prefix, "", name)] = name
        known = {row.name for row in self.ours.constants}
        theirs = {n for n in values if n not in SPECIAL or "MODULE_" + n in known}
        for name, _ in self.presence("constant", self.ours.constants, theirs, "MODULE_"):
            if name in SPECIAL:
                continue
            self.require("constant", name,
                         "same<value_type<decltype((%s))>, value_type<decltype((abi::MODULE_%s))>> && "
                         "same_value<decltype(+abi::MODULE_%s)>(%s, +abi::MODULE_%s)" %
                         (values[name], name, name, values[name], name))

    def compare_events(self):
        for name, (number, data_version) in self.official.events.items():
            if name not in self.ours.events:
                self.differs("event-missing", name)
                continue
            self.require("event", name, "abi::ModuleEvent_%s.id == %d && abi::ModuleEvent_%s.dataver == %d" %
                         (name, number, name, data_version))

    def compare_structs(self):
        for name, struct in self.official.structs.items():
            ours = self.ours.structs.get(self.renamed(name))
            if ours:
                self.compare_struct(name, struct, ours)

    def compare_struct(self, name, struct, ours):
        theirs = [self.renamed(name + "." + path) for path in struct.members]
        theirs = [path.split(".", 1)[1] if path.startswith(name + ".") else path for path in theirs]
        their_type = self.official.prefix + "Module" + struct.name
        our_type = "abi::Module" + ours.name
        size = "sizeof(%s)" % our_type
        if len(theirs) < len(ours.members) and theirs == ours.members[:len(theirs)]:
            # The server grew the struct later: what it had is where it was, and the rest follows.
            self.differs("struct-shorter", "%s.%s" % (name, theirs[-1]))
            size = "offsetof(%s, %s)" % (our_type, ours.members[len(theirs)])
        for path in set(ours.members) - set(theirs) if size.startswith("sizeof") else ():
            self.differs("member-absent", name + "." + path)
        self.require("struct", name, "sizeof(%s) == %s && alignof(%s) == alignof(%s)" %
                     (their_type, size, their_type, our_type))
        for path, our_path in zip(struct.members, theirs):
            if our_path not in ours.members:
                self.differs("member-missing", name + "." + path)
                continue
            self.compare_member(name, path, their_type, our_type, our_path)

    def compare_member(self, name, path, their_type, our_type, our_path):
        self.require("offset", name + "." + path,
                     "offsetof(%s, %s) == offsetof(%s, %s)" % (their_type, path, our_type, our_path))
        self.require("member", name + "." + path,
                     "same<decltype(std::declval<%s>().%s), decltype(std::declval<%s>().%s)>" %
                     (their_type, path, our_type, our_path))

    def source(self):
        self.map_types()
        self.lines += ["namespace {", "using abi_check::same;", "using abi_check::same_value;",
                       "template <class T> using value_type = std::remove_cv_t<std::decay_t<T>>;"]
        self.compare_functions()
        self.compare_callbacks()
        self.compare_constants()
        self.compare_events()
        self.compare_structs()
        return "\n".join([
            '#include "%s"' % self.official.path,
            "#include <redismodule/abi/constants.h>",
            "#include <redismodule/abi/functions.h>",
            '#include "%s/type_map.h"' % os.path.dirname(os.path.abspath(__file__)),
            "#include <cstddef>",
            "#include <utility>",
            "namespace abi = redismodule::abi;",
            *self.lines,
            "}",
            "",
        ])


def names_in_order(ours):
    names = [row.name for row in ours.functions]
    return names == sorted(names) and len(names) == len(set(names))


@functools.lru_cache(None)
def all_errors(compiler):
    """The option that has the compiler show all errors, not the first few."""
    version = subprocess.run([compiler, "--version"], check=True, capture_output=True, text=True).stdout
    return "-ferror-limit=0" if "clang" in version else "-fmax-errors=0"


def compile_errors(compiler, include, path):
    command = [compiler, *FLAGS, all_errors(compiler), "-I", include, path]
    run = subprocess.run(command, capture_output=True, text=True)
    return [line for line in run.stderr.splitlines() if "error:" in line]


def check_header(name, official, ours, differences, compiler, include, work):
    comparison = Comparison(name, official, ours, differences.renames.get(name, {}))
    result = comparison.result
    path = os.path.join(work, name + ".cc")
    with open(path, "w") as file:
        file.write(comparison.source())
    for line in compile_errors(compiler, include, path):
        found = re.search(r"DIFFERS ([\w-]+) ([\w.]+)", line)
        if found:
            result.found.add(found.groups())
        else:
            result.broken.append(line)
    return result


def read_headers(servers, compiler):
    """Those of all servers but the ones whose sources the mirror has lost, as long as there is one of each family."""
    headers = {}
    for name, (family, _) in HEADERS.items():
        path = os.path.join(servers, name, "source/src", family + "module.h")
        if os.path.exists(path):
            headers[name] = header.Header(path, compiler)
        elif os.path.exists(os.path.join(servers, name, "no-source")):
            print("%-14s not compared: the mirror does not have its source" % name)
        else:
            sys.exit("there is no %s: run ./dev servers, which fetches the sources with the official headers" % path)
    for family in {family for family, _ in HEADERS.values()} - {HEADERS[name][0] for name in headers}:
        sys.exit("there is no official header of %s to compare with" % family)
    return headers


def problems_of(result, differences):
    """What this header says against the table, as lines of text; none: they agree."""
    expected = differences.expected.get(result.name, set())
    renames = set(differences.renames.get(result.name, {}))
    problems = ["%s: %s %s" % (result.name, *found) for found in sorted(result.found - expected)]
    problems += ["%s: expected, not found: %s %s" % (result.name, *row) for row in sorted(expected - result.found)]
    problems += ["%s: renamed, not found: %s" % (result.name, row) for row in sorted(renames - result.used_renames)]
    return problems + ["%s: %s" % (result.name, line) for line in result.broken[:20]]


def report(results, ours, differences):
    columns = ["function", "callback", "constant", "event", "struct", "offset"]
    print("%-14s" % "header" + "".join("%10s" % (column + "s") for column in columns) + "   differences, as listed")
    for result in results:
        row = "".join("%10d" % result.counts.get(column, 0) for column in columns)
        print("%-14s%s%10d" % (result.name, row, len(differences.expected.get(result.name, ()))))
    compared = set().union(*(result.functions for result in results))
    unchecked = [row.name for row in ours.functions if row.name not in compared]
    print("functions in the table: %d; in no header: %d" % (len(ours.functions), len(unchecked)))
    for name in unchecked:
        print("  " + name)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", required=True)
    parser.add_argument("--include", required=True)
    parser.add_argument("--differences", required=True)
    parser.add_argument("--compiler", default="g++")
    options = parser.parse_args()
    options.servers = os.path.abspath(options.servers)
    differences = Differences(options.differences)
    headers = read_headers(options.servers, options.compiler)
    ours = table.Table(options.include)
    with tempfile.TemporaryDirectory(prefix="abi-check-") as work, concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda name: check_header(name, headers[name], ours, differences, options.compiler,
                                                          options.include, work), headers))
    report(results, ours, differences)
    problems = [problem for result in results for problem in problems_of(result, differences)]
    unknown = (set(differences.expected) | set(differences.renames)) - set(HEADERS)
    problems += ["the list of differences names a header that is not compared: " + name for name in sorted(unknown)]
    if not names_in_order(ours):
        problems.append("functions.inc: the names are not in order, or one is there twice")
    for problem in problems:
        print("DISAGREES " + problem)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
