"""Writes docs/functions.md from the table: which function of the module API is in which release.

usage: functions_page.py --include DIR [--check PAGE]     writes the page to stdout, or compares it with PAGE
"""

import argparse
import sys

import table

HEAD = """# Functions of the module API

All functions of the module APIs of Redis and Valkey that this library knows, with the first release of each family
whose server answers for the function. A dash: no release of the family does; *unstable*: it is in the family's
development branch only. Valkey started as Redis 7.2.4, so 7.2.5 is its first release; its 9.0 was not examined, so 9.1.0
may stand for 9.0.0. Patch releases count: a function that came with 7.0.6 is missing in 7.0.0. A module compiled once
asks at run time: `redismodule::has(abi::function::ReplyWithMap)`. In signatures, `ModuleCtx` is `RedisModuleCtx` or
`ValkeyModuleCtx`, and so on.

This page is made from `include/redismodule/abi/functions.inc` by `tools/abi/functions_page.py`.

| family | functions | in a release | unstable only |
| --- | ---: | ---: | ---: |
"""


def release(value):
    if value is None:
        return "–"
    return "*unstable*" if value == "unstable" else ".".join(map(str, value))


def summary(name, releases):
    known = [value for value in releases if value is not None]
    unstable = sum(value == "unstable" for value in known)
    return "| %s | %d | %d | %d |\n" % (name, len(known), len(known) - unstable, unstable)


def page(rows):
    text = HEAD + summary("Redis", [row.redis for row in rows]) + summary("Valkey", [row.valkey for row in rows])
    text += "| in the table | %d | | |\n\n" % len(rows)
    text += "| function | Redis | Valkey | signature |\n| --- | --- | --- | --- |\n"
    for row in rows:
        signature = "%s (%s)" % (row.type, row.text or "void")
        text += "| %s | %s | %s | `%s` |\n" % (row.name, release(row.redis), release(row.valkey), signature)
    nowhere = [row.name for row in rows if row.redis is None and row.valkey is None]
    text += "\nDeclared by official headers, though no server answers for it: %s.\n" % ", ".join(nowhere)
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--include", required=True)
    parser.add_argument("--check")
    options = parser.parse_args()
    text = page(table.Table(options.include).functions)
    if not options.check:
        sys.stdout.write(text)
        return
    with open(options.check) as file:
        if file.read() != text:
            sys.exit("%s is not what functions.inc gives: tools/abi/functions_page.py --include include > %s" %
                     (options.check, options.check))


if __name__ == "__main__":
    main()
