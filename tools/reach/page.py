"""Makes docs/wrappers.md: function of the module API, public wrapper, test.

usage: page.py ROOT             writes the page to stdout
       page.py ROOT --check     fails where the page is not what the sources give, or where a function has a gap
       page.py ROOT --control   plants gaps, and fails unless each is found
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "abi"))

import recorded
import rooms
import sources
import table
from functions_page import release

PAGE = "docs/wrappers.md"
OLDER = "tests/reach/older_test.cc"
ROW = re.compile(r'^    \{"(\w+)", without::(\w+)(?:, "((?:\\.|[^"\\])*)")?\},$', re.M)
# The oldest server of each family that the library is tested on.
OLDEST = {"redis": (6, 0, 16), "valkey": (8, 0, 1)}
MOST_WRAPPERS = 3
HEAD = """# Functions, wrappers, tests

For each function of the module API: what of the library's public names ends in it, and a test that reaches it in a real
server. The wrappers are derived from the sources: the public names nearest to the call. `T(…)` stands for the type's
constructor, a type alone for its destructor. The tests were measured: a recorder between server and module
(`tests/reach/recorder.cc`) notes each call and where it comes from, and only calls by the library count;
`tests/reach` runs the tests named here again. Several tests may reach a function; one is named.

Since when servers have a function is in [functions.md](functions.md); what a wrapper does, in the headers. Where the server
lacks it, the wrapper refuses, by an error that names the function and the releases that have it, or does what it does by other means;
`tests/reach/older_test.cc` tries that on servers that lack it.

This page is made by `tools/reach/page.py`; tests in it by `tools/reach/record.py`.

"""


class Table:
    def __init__(self, root):
        root = pathlib.Path(root)
        self.functions = table.Table(str(root / "include")).functions
        self.rooms = rooms.Rooms(HERE / "rooms.txt")
        self.wrappers = sources.Sources(root).wrappers()
        self.reached = recorded.read(HERE / "recorded.txt")
        self.rows = {row.name: row for row in self.functions}
        self.without = {name: (what, said) for name, what, said in ROW.findall((root / OLDER).read_text())}

    def gaps(self):
        yield from self.rooms.faults(self.rows)
        for name in self.rows:
            if self.rooms.room_of.get(name) is None or self.rooms.is_later(name) or name in self.rooms.instead:
                continue
            if not self.wrappers.get(name):
                yield "%s: no public wrapper calls it" % name
            elif name not in self.reached:
                yield "%s: no test reaches it by its wrapper, %s" % (name, self.wrappers[name][0])
            if self.is_lacked(name) and name not in self.without:
                yield "%s: %s does not say what becomes of it on a server that lacks it" % (name, OLDER)
        for name in self.rooms.instead:
            if self.wrappers.get(name):
                yield "%s: said to be without a wrapper, and %s calls it" % (name, self.wrappers[name][0])

    def is_lacked(self, name):
        """By some server that the tests are run on."""
        for family, oldest in OLDEST.items():
            first = self.rows[name].release(family)
            if first is None or first == "unstable" or first > oldest:
                return True
        return False

    def without_text(self, name):
        what, said = self.without.get(name, ("", ""))
        if what == "refuses":
            return "an error names %s" % (said or "it")
        return {"option": "an error names the option `%s`" % said, "same": "does without"}.get(what, "")

    def wrapper_text(self, name):
        if name in self.rooms.instead:
            return "none: " + self.rooms.instead[name]
        found = sorted(self.wrappers.get(name, []), key=lambda each: ("operator" in each, each.count("::"), each))
        shown = ["`%s`" % plain(each) for each in found]
        more = ", …" if len(shown) > MOST_WRAPPERS else ""
        return ", ".join(shown[:MOST_WRAPPERS]) + more or "–"

    def test_text(self, name):
        reach = self.reached.get(name)
        return "%s: %s" % (reach.program, reach.test) if reach else "–"

    def page(self):
        text = HEAD
        counts = {True: 0, False: 0}
        for name in self.rows:
            counts[self.rooms.is_later(name) if name in self.rooms.room_of else True] += 1
        text += "%d functions are covered, %d of them by something else than a wrapper; %d belong to rooms that are still to come.\n" % (
            counts[False], len(self.rooms.instead), counts[True])
        for room in self.rooms.names:
            if room not in self.rooms.later:
                text += self.room_text(room)
        return text + self.later_text()

    def later_text(self):
        """What is reached already is so by the way."""
        text = "\n## Rooms that are still to come\n\n| room | not covered yet | reached already |\n| --- | --- | --- |\n"
        for room in self.rooms.names:
            if room not in self.rooms.later:
                continue
            names = self.of_room(room)
            there = ["%s (`%s`)" % (name, plain(self.wrappers[name][0])) for name in names if self.wrappers.get(name)]
            missing = [name for name in names if not self.wrappers.get(name)]
            text += "| %s | %s | %s |\n" % (room, ", ".join(missing), ", ".join(there))
        return text

    def room_text(self, room):
        text = "\n## %s\n\n" % room.capitalize()
        text += "| function | Redis | Valkey | wrapper | test | where it is missing |\n"
        text += "| --- | --- | --- | --- | --- | --- |\n"
        for name in self.of_room(room):
            row = self.rows[name]
            cells = [name, release(row.redis), release(row.valkey), self.wrapper_text(name), self.test_text(name)]
            text += "| " + " | ".join(cells + [self.without_text(name)]) + " |\n"
        return text

    def of_room(self, room):
        return sorted(name for name, its in self.rooms.room_of.items() if its == room and name in self.rows)


def plain(name):
    """A destructor is the type's own doing, a constructor reads as its type."""
    parts = name.replace("()", "").split("::")
    if parts[-1].startswith("~"):
        return "::".join(parts[:-1])
    if len(parts) > 1 and parts[-1] == parts[-2]:
        return "::".join(parts[:-1]) + "(…)"
    return name


def check(made, root):
    faults = list(made.gaps())
    if (pathlib.Path(root) / PAGE).read_text() != made.page():
        faults.append("%s is out of date: python3 -B tools/reach/page.py . > %s" % (PAGE, PAGE))
    return faults


def control(made, root):
    """What is planted has to be found, each by its name."""
    def without_wrapper(): made.wrappers["ListGet"] = []
    def without_test(): del made.reached["HashGet"]
    def without_room(): del made.rooms.room_of["DbSize"]
    def without_refusal(): del made.without["ListSet"]
    def not_known(): made.rooms.room_of["NoSuchFunction"] = "keys"
    planted = [(without_wrapper, "ListGet: no public wrapper"), (without_test, "HashGet: no test"),
               (without_room, "DbSize: in no room"),
               (without_refusal, "ListSet: tests/reach/older_test.cc does not say"), (not_known, "NoSuchFunction: in rooms.txt")]
    before = list(made.gaps())
    missed = []
    for plant, words in planted:
        plant()
        if not any(fault.startswith(words) for fault in made.gaps()):
            missed.append("not found: " + words)
    if removed_from_sources(root):
        missed.append("not found: a wrapper that was removed from the sources")
    return before + missed


def removed_from_sources(root):
    """The sources without the one call of ListGet: whether a wrapper is still found."""
    found = sources.Sources(root)
    for each in found.functions[:]:
        if "ListGet" in each.body:
            found.functions.remove(each)
    return "ListGet" in found.wrappers()


def main():
    root = sys.argv[1]
    made = Table(root)
    what = sys.argv[2] if len(sys.argv) > 2 else ""
    if not what:
        for gap in made.gaps():
            print(gap, file=sys.stderr)
        sys.stdout.write(made.page())
        return 0
    faults = check(made, root) if what == "--check" else control(made, root)
    print("\n".join(faults) or "nothing found that should not be" if what == "--check" else "\n".join(faults) or "all found")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
