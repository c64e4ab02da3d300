"""The file of measured reach: for each function one test that reaches it, and on which servers: `all` that have it, or
those alone where nothing else serves."""

import collections

Reach = collections.namedtuple("Reach", "function program test servers")


def read(path):
    with open(path) as file:
        rows = [line.split() for line in file if line.strip() and not line.startswith("#")]
    return {row[0]: Reach(*row) for row in rows}


HEAD = """# Made by tools/reach/record.py: a function of the module API, a test program, a test in it that reaches the function
# through the library, and on which servers, of those that were measured: all that have it, or these.
"""


def write(path, reached):
    with open(path, "w") as file:
        file.write(HEAD)
        for name in sorted(reached):
            file.write(" ".join(reached[name]) + "\n")
