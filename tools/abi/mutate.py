"""Shows that check.py finds faults: plants them one at a time in copies of our table, and checks each copy.

The faults are drawn from a fixed seed: 10 each of a wrong type, a wrong count, a wrong constant, a shifted offset and a
wrong order. A control, the unchanged table, has to pass.

usage: mutate.py --servers DIR --include DIR --differences FILE [--compiler CXX] [--seed N] [--each N]
"""

import argparse
import concurrent.futures
import os
import random
import re
import shutil
import sys
import tempfile

import check
import table

ABI = "redismodule/abi/"
MEMBER = re.compile(r"^  [\w ]+[*]* ?\w+(?:\[\d+\])?;", re.M)


class Mutation:
    """One file's text with a fault in it, and words for the fault."""

    def __init__(self, file, text, words):
        self.file = file
        self.text = text
        self.words = words


class Mutator:
    def __init__(self, include, headers, seed):
        self.random = random.Random(seed)
        self.texts = {}
        for name in ("functions.inc", "constants.inc", "structs.h", "callbacks.h"):
            with open(os.path.join(include, ABI, name)) as file:
                self.texts[name] = file.read()
        # A fault where no header looks is none that could be found.
        self.functions = set().union(*(official.functions for official in headers.values()))
        self.structs = set().union(*(official.structs for official in headers.values()))
        self.callbacks = set().union(*(official.callbacks for official in headers.values()))
        self.ours = table.Table(include)

    def replace(self, file, old, new, words):
        text = self.texts[file]
        if text.count(old) != 1 or old == new:
            return None
        return Mutation(file, text.replace(old, new), words)

    def line_of(self, file, name):
        return re.search(r"^REDISMODULE_ROW\(%s, .*$" % name, self.texts[file], re.M).group(0)

    def pick_function(self):
        row = self.random.choice([row for row in self.ours.functions if row.name in self.functions])
        return row, self.line_of("functions.inc", row.name)

    def checkable_constants(self):
        return [row for row in self.ours.constants if "unstable" not in (row.redis, row.valkey)]

    def pick_struct(self):
        """The text of a struct without nested ones, and its members' lines."""
        text = self.texts["structs.h"]
        bodies = re.findall(r"^struct Module(\w+) \{[^\n]*\n(.*?)^\};", text, re.M | re.S)
        plain = [(name, body) for name, body in bodies if name in self.structs and "union" not in body]
        name, body = self.random.choice(plain)
        return name, body, MEMBER.findall(body)

    def wrong_type(self):
        return self.random.choice([self.function_type, self.function_type, self.constant_type, self.member_type,
                                   self.callback_type])()

    def constant_type(self):
        row = self.random.choice([row for row in self.checkable_constants() if "*" not in row.type])
        line = self.line_of("constants.inc", row.name)
        wrong = "unsigned" if row.type == "int" else "int"
        return self.replace("constants.inc", line, line.replace(", %s, " % row.type, ", %s, " % wrong, 1),
                            "%s: %s" % (row.name, wrong))

    def member_type(self):
        """Of the same size, so that nothing but the type is wrong."""
        name, body, members = self.pick_struct()
        member = self.random.choice(members)
        wrong = member.replace("* ", "** ", 1)
        for right, other in (("int ", "unsigned "), ("uint64_t", "int64_t"), ("int32_t", "uint32_t"),
                             ("size_t", "ssize_t"), ("long long", "unsigned long long"), ("Func ", "Func2 ")):
            if wrong == member and member.lstrip().startswith(right):
                wrong = member.replace(right, other, 1)
        if body.count(member) != 1 or wrong == member:
            return None
        return self.replace("structs.h", body, body.replace(member, wrong), "%s: %s" % (name, wrong.strip()))

    def callback_type(self):
        callbacks = re.findall(r"^using Module(\w+) =\s+([^\n]*?) \(\*\)", self.texts["callbacks.h"], re.M)
        name, result = self.random.choice([each for each in callbacks if each[0] in self.callbacks])
        right = re.search(r"^using Module%s =\s+[^\n]*? \(\*\)" % name, self.texts["callbacks.h"], re.M).group(0)
        return self.replace("callbacks.h", right, right.replace(" (*)", "* (*)"), "%s: result %s*" % (name, result))

    def function_type(self):
        row, line = self.pick_function()
        parameters = row.text.split(", ")
        at = self.random.randrange(len(parameters))
        named = re.fullmatch(r"([\w ]+?)( ?)(\*{0,2}) ?(\w+)", parameters[at])
        if "(*" in row.text or not named:
            return self.replace("functions.inc", line, line.replace(", %s, (" % row.type, ", %s*, (" % row.type, 1),
                                "%s: result %s*" % (row.name, row.type))
        changed = "%s*%s %s" % (named.group(1), named.group(3), named.group(4))
        parameters[at] = changed
        return self.replace("functions.inc", line, line.replace("(%s)" % row.text, "(%s)" % ", ".join(parameters), 1),
                            "%s: parameter %s" % (row.name, changed))

    def wrong_count(self):
        row, line = self.pick_function()
        if self.random.random() < 0.2:
            return self.replace("functions.inc", line + "\n", "", "%s: not in the table" % row.name)
        if self.random.random() < 0.5 or ", " not in row.text or "(*" in row.text or row.text.endswith("..."):
            more = "int more" + (", " if row.text else "") + row.text
            return self.replace("functions.inc", line, line.replace("(%s)" % row.text, "(%s)" % more, 1),
                                "%s: a parameter more" % row.name)
        fewer = row.text.rsplit(", ", 1)[0]
        return self.replace("functions.inc", line, line.replace("(%s)" % row.text, "(%s)" % fewer, 1),
                            "%s: a parameter fewer" % row.name)

    def wrong_constant(self):
        row = self.random.choice(self.checkable_constants())
        line = self.line_of("constants.inc", row.name)
        wrong = row.text[:-1] + '?"' if row.type == "const char*" else "(%s) + 1" % row.text
        if row.type == "double":
            wrong = "1.0"
        return self.replace("constants.inc", line, line.replace(", %s, " % row.text, ", %s, " % wrong, 1),
                            "%s: %s" % (row.name, wrong))

    def shifted_offset(self):
        name, body, members = self.pick_struct()
        member = self.random.choice(members)
        if body.count(member) != 1:
            return None
        wrong = "  alignas(64)" + member[1:]
        return self.replace("structs.h", body, body.replace(member, wrong), "%s: %s" % (name, wrong.strip()))

    def wrong_order(self):
        if self.random.random() < 0.5:
            return self.swapped_members()
        row, line = self.pick_function()
        parameters = row.text.split(", ")
        if len(parameters) < 2 or "(*" in row.text or row.text.endswith("..."):
            return self.swapped_lines(line)
        at = self.random.randrange(len(parameters) - 1)
        first, second = parameters[at], parameters[at + 1]
        if re.sub(r"\w+$", "", first).replace(" ", "") == re.sub(r"\w+$", "", second).replace(" ", ""):
            return self.swapped_lines(line)
        parameters[at:at + 2] = second, first
        return self.replace("functions.inc", line, line.replace(row.text, ", ".join(parameters), 1),
                            "%s: %s, %s" % (row.name, second, first))

    def swapped_lines(self, line):
        lines = self.texts["functions.inc"].split("\n")
        at = lines.index(line)
        if not lines[at + 1].startswith("REDISMODULE_ROW("):
            return None
        return self.replace("functions.inc", line + "\n" + lines[at + 1], lines[at + 1] + "\n" + line,
                            "the lines of %s and the next" % line.split(",")[0].split("(")[1])

    def swapped_members(self):
        name, body, members = self.pick_struct()
        at = self.random.randrange(len(members) - 1) if len(members) > 1 else 0
        if len(members) < 2 or body.count(members[at]) != 1 or body.count(members[at + 1]) != 1:
            return None
        first, second = members[at], members[at + 1]
        swapped = body.replace(first, "\0").replace(second, first).replace("\0", second)
        return self.replace("structs.h", body, swapped, "%s: %s before %s" % (name, second.strip(), first.strip()))

    def draw(self, kind, count):
        drawn = {}
        while len(drawn) < count:
            mutation = getattr(self, kind)()
            if mutation:
                drawn.setdefault(mutation.words, mutation)
        return list(drawn.values())


KINDS = ["wrong_type", "wrong_count", "wrong_constant", "shifted_offset", "wrong_order"]


class Trial:
    def __init__(self, options, headers, work):
        self.options = options
        self.headers = headers
        self.work = work
        self.differences = check.Differences(options.differences)

    def run(self, number, mutation):
        """The first thing that a check of the copy finds, or an empty text."""
        include = os.path.join(self.work, "%03d" % number)
        shutil.copytree(os.path.join(self.options.include, ABI), os.path.join(include, ABI))
        if mutation:
            with open(os.path.join(include, ABI, mutation.file), "w") as file:
                file.write(mutation.text)
        ours = table.Table(include)
        if not check.names_in_order(ours):
            return "names not in order"
        # The headers with most in them first: most faults are found there.
        for name in ("valkey-9.1.2", "redis-8.0.6", "redis-8.0.2", "valkey-8.1.1", "redis-7.0.15", "redis-6.0.16"):
            result = check.check_header(name, self.headers[name], ours, self.differences, self.options.compiler,
                                        include, include)
            problems = check.problems_of(result, self.differences)
            if problems:
                return problems[0]
        return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", required=True)
    parser.add_argument("--include", required=True)
    parser.add_argument("--differences", required=True)
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=10)
    options = parser.parse_args()
    options.servers = os.path.abspath(options.servers)
    headers = check.read_headers(options.servers, options.compiler)
    mutator = Mutator(options.include, headers, options.seed)
    mutations = [(kind, mutation) for kind in KINDS for mutation in mutator.draw(kind, options.each)]
    with tempfile.TemporaryDirectory(prefix="abi-mutate-") as work:
        trial = Trial(options, headers, work)
        control = trial.run(0, None)
        if control:
            sys.exit("the unchanged table does not pass, so nothing can be shown: " + control)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda item: trial.run(item[0], item[1][1]), enumerate(mutations, 1)))
    for (kind, mutation), finding in zip(mutations, found):
        print("%-15s %-75s %s" % (kind, mutation.words[:75], finding[:90] or "NOT FOUND"))
    crude = sum("error:" in finding for finding in found)
    print("planted: %d; found: %d, of which only as a table that does not compile: %d; in the unchanged table: 0" %
          (len(found), sum(map(bool, found)), crude))
    sys.exit(0 if all(found) else 1)


if __name__ == "__main__":
    main()
