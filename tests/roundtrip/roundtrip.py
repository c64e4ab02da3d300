#!/usr/bin/env python3
"""Commands invented at random, what each does told from the documented rules alone, and compared on a real server.

  roundtrip.py generate --seed SEED --count N --per-module M OUTPUT...    the sources of the modules, one file each
  roundtrip.py run --seed SEED --count N --server TREE [--lists L] [--only I] [--cli PROGRAM] MODULE...
  roundtrip.py control … as run: each of the rules that are planted wrong in the grammar has to be found
  roundtrip.py hints --server TREE --cli PROGRAM --suite FILE MODULE...   the hints that a file expects, on these modules;
                                                                          every command of theirs has to be in it
  roundtrip.py show --seed SEED --only I                                  one command's source and documentation

The same seed makes the same commands and the same lists of arguments. TREE is a directory with a redis-server or
valkey-server. Compared are: accepted or refused; the values that the handler got; COMMAND GETKEYS and GETKEYSANDFLAGS with
the keys that it got, or that the server is told of a command that is refused; COMMAND INFO's arity and flags; COMMAND DOCS' arguments; with --cli, the hints that this redis-cli
(7.2 or later) makes of them.

Exit status 1: something differs.
"""

import argparse
import collections
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

import hints
from keys import HELD
from server import ErrorReply, Server
from signatures import Signature, argument_lists
from values import Rules

PLANTED = ["plus_sign", "any_type", "short_count", "given_twice", "no_exclusion", "no_needs", "no_required", "odd_pairs",
           "missing_key", "greedy", "refused_keys", "function_keys", "bare_id", "closed_bound"]
SHOWN = 12  # commands of each sort of difference, the first difference of each


def signatures(seed, count, per_module):
    return [Signature(f"rt{i // per_module}", i, seed) for i in range(count)]


# --- Sources ---


def source(module, commands, seed):
    parts = [f"// Made by roundtrip.py with the seed {seed}.\n", '#include "prelude.h"\n\n', "namespace {\n\n"]
    parts += [command.definition() + "\n" for command in commands]
    parts += ["}  // namespace\n\n", f"REDISMODULE_MODULE({module}, 1, m) {{\n"]
    if any(command.is_subcommand for command in commands):
        parts.append(f'  auto group = m.command_group("{module}.group");\n')
    return "".join(parts + [command.registration() for command in commands] + ["}\n"])


def generate(arguments):
    commands = signatures(arguments.seed, arguments.count, arguments.per_module)
    for i, path in enumerate(arguments.files):
        own = commands[i * arguments.per_module:(i + 1) * arguments.per_module]
        pathlib.Path(path).write_text(source(f"rt{i}", own, arguments.seed))


# --- What is compared ---


class Comparison:
    """Collects what differs, by what it is about."""

    def __init__(self):
        self.differences, self.counts = collections.defaultdict(list), collections.Counter()

    def expect(self, about, command, words, expected, found):
        self.counts[about] += 1
        if expected == found:
            return
        line = f"{command.index} {command.synopsis()!r} {words}\n    expected {expected!r}\n    found    {found!r}"
        self.differences[about].append((command.index, line))

    def report(self):
        for about, lines in self.differences.items():
            print(f"\n{len(lines)} of {self.counts[about]} differ: {about}")
            first_of_each = dict(reversed(lines))
            for index in sorted(first_of_each)[:SHOWN]:
                print("  " + first_of_each[index])
        return not self.differences


def fill(server):
    """The keys that the grammar knows of."""
    commands = []
    for i in (1, 2):
        for n in range(HELD["list"]):
            commands.append(["RPUSH", f"list:{i}", n])
        for n in range(HELD["hash"]):
            commands.append(["HSET", f"hash:{i}", n, n])
        for n in range(HELD["sorted_set"]):
            commands.append(["ZADD", f"sorted_set:{i}", n, n])
        for n in range(HELD["set"]):
            commands.append(["SADD", f"set:{i}", n])
        for n in range(HELD["stream"]):
            commands.append(["XADD", f"stream:{i}", f"{n + 1}-1", "f", n])
        commands.append(["SET", f"string_key:{i}", "x" * HELD["string_key"]])
    for command in commands:
        server.client.call(*command)


def rules_of(server, planted=None):
    family, version = server.version()
    return Rules(hexadecimal_floats=not (family == "valkey" and version >= (9, 1)), has_stream_ids=version >= (6, 2),
                 planted=planted)


def kind_of_error(reply):
    """As the grammar calls it; the whole text, where it is none of the documented ones."""
    if reply.text.startswith(b"WRONGTYPE "):
        return "type"
    if reply.text.startswith(b"ERR StringToStreamID needs "):
        return "unsupported"
    documented = (b"ERR wrong number of arguments", b"ERR syntax error (", b"ERR value is not", b"ERR value is out of range",
                  b"ERR argument must be a memory value", b"ERR numkeys should be greater than 0",
                  b"ERR min or max is not a float", b"ERR min or max not valid string range item",
                  b"ERR Invalid stream ID specified as stream command argument",
                  b"ERR Number of keys can't be greater than number of args")
    return "words" if reply.text.startswith(documented) else reply


def compare_lists(server, command, lists, rules, comparison):
    outcomes = [command.outcome(words, rules) for words in lists]
    calls = [command.command() + words for words in lists]
    for words, outcome, reply in zip(lists, outcomes, server.client.pipeline(calls)):
        found = (kind_of_error(reply), None) if isinstance(reply, ErrorReply) else (None, reply)
        comparison.expect("what the command does", command, words, (outcome.error, outcome.reply), found)
    compare_keys(server, command, lists, outcomes, rules, comparison)


def compare_keys(server, command, lists, outcomes, rules, comparison):
    """Before Redis 7.0, which knows no arity and no key specs, of commands that are not refused for their words."""
    is_old = server.version()[1] < (7, 0)
    told = [(outcome.error, command.command() + words, command.keys_told(words, outcome, rules))
            for words, outcome in zip(lists, outcomes) if not (is_old and outcome.error not in (None, "type")) and command.is_answerable(words)]
    ask = [b"COMMAND", b"GETKEYS"]
    for (error, call, keys), reply in zip(told, server.client.pipeline([ask + call for _, call, _ in told])):
        found = [] if isinstance(reply, ErrorReply) else reply
        comparison.expect(about("COMMAND GETKEYS", error), command, call, sorted(key for _, key, _ in keys), sorted(found))
    if is_old:
        return
    ask = [b"COMMAND", b"GETKEYSANDFLAGS"]
    for (error, call, keys), reply in zip(told, server.client.pipeline([ask + call for _, call, _ in told])):
        found = [] if isinstance(reply, ErrorReply) else [(key, sorted(flag.decode() for flag in flags)) for key, flags in reply]
        expected = [(key, sorted(flags)) for _, key, flags in keys]
        comparison.expect(about("COMMAND GETKEYSANDFLAGS", error), command, call, sorted(expected), sorted(found))


def about(asked, error):
    return asked if error is None else f"{asked} where it is refused"


def compare_info(server, command, comparison):
    is_old = server.version()[1] < (7, 0)
    if is_old and command.is_subcommand:
        return
    info = server.client.call("COMMAND", "INFO", command.full_name())[0]
    known = {"write", "readonly", "denyoom", "fast", "admin", "noscript", "skip_monitor"}
    flags = {flag.decode() for flag in info[2]} & known
    comparison.expect("COMMAND INFO's flags", command, "", sorted(command.flags()), sorted(flags))
    if not is_old:
        comparison.expect("COMMAND INFO's arity", command, "", command.arity(), info[1])


def as_dictionary(argument):
    """One argument of COMMAND DOCS, without what repeats the rest."""
    fields = {argument[i].decode(): argument[i + 1] for i in range(0, len(argument), 2)}
    found = {name: value.decode() if isinstance(value, bytes) else value for name, value in fields.items()}
    found.pop("display_text", None)
    if "flags" in found:
        found["flags"] = sorted(flag.decode().replace("_", "-") for flag in found["flags"])
    if "arguments" in found:
        found["arguments"] = [as_dictionary(part) for part in found["arguments"]]
    return found


def without_empty(documentation):
    found = {name: value for name, value in documentation.items() if name != "flags" or value}
    if "arguments" in found:
        found["arguments"] = [without_empty(part) for part in found["arguments"]]
    return found


def compare_documentation(server, command, comparison):
    if server.version()[1] < (7, 0):
        return
    docs = server.client.call("COMMAND", "DOCS", command.full_name())[1]
    fields = {docs[i]: docs[i + 1] for i in range(0, len(docs), 2)}
    found = [as_dictionary(each) for each in fields.get(b"arguments", [])]
    expected = [without_empty(each) for each in command.documentation()]
    comparison.expect("COMMAND DOCS", command, "", expected, found)


def compare(server, commands, lists, rules, first_is_enough=False):
    comparison = Comparison()
    for command in commands:
        if first_is_enough and comparison.differences:
            break
        compare_info(server, command, comparison)
        compare_documentation(server, command, comparison)
        compare_lists(server, command, list(argument_lists(command, lists)), rules, comparison)
    return comparison


def chosen(arguments):
    commands = signatures(arguments.seed, arguments.count, arguments.per_module)
    return commands if arguments.only is None else [commands[arguments.only]]


def run(arguments):
    commands = chosen(arguments)
    with Server(arguments.server, arguments.files) as server:
        fill(server)
        comparison = compare(server, commands, arguments.lists, rules_of(server))
        if arguments.cli and server.version()[1] >= (7, 0):
            hints.compare(arguments.cli, server, commands, comparison)
        name = " ".join([server.version()[0], server.field("valkey_version") or server.field("redis_version")])
    same = comparison.report() and not server.reports
    print("".join(f"{line}\n" for line in server.reports), end="")
    print(f"{name}, seed {arguments.seed}, {len(commands)} commands: " +
          ", ".join(f"{count} of {about}" for about, count in comparison.counts.items()) +
          (": all as documented" if same else ": see above"))
    return 0 if same else 1


def control(arguments):
    commands, missed = chosen(arguments), []
    with Server(arguments.server, arguments.files) as server:
        fill(server)
        for planted in PLANTED:
            comparison = compare(server, commands, arguments.lists, rules_of(server, planted), first_is_enough=True)
            lists = comparison.counts["what the command does"]
            print(f"{planted}: {f'found, after {lists} lists' if comparison.differences else 'not found'}")
            missed += [planted] * (not comparison.differences)
    print(f"missed: {', '.join(missed)}" if missed else "every rule that is planted wrong was found")
    return 1 if missed else 0


def check_hints(arguments):
    with Server(arguments.server, arguments.files) as server:
        if server.version()[1] < (7, 0):
            print("skipped: the server has no COMMAND DOCS")
            return 0
        typed = pathlib.Path(arguments.suite).read_text().upper()
        # Redis 8 has modules of its own, which are in no file.
        loaded = [dict(zip(module[::2], module[1::2])) for module in server.client.call("MODULE", "LIST")]
        commands = {name.decode() for module in loaded if module[b"path"]
                    for name in server.client.call("COMMAND", "LIST", "FILTERBY", "MODULE", module[b"name"])}
        missing = sorted(name for name in commands if f'"{name.upper().replace("|", " ")} ' not in typed)
        count, failed = hints.run(arguments.cli, server, arguments.suite)
    for line, expected, found in failed:
        print(f"{line!r}\n    expected {expected!r}\n    found    {found!r}")
    for name in missing:
        print(f"{name} is not in {arguments.suite}")
    print(f"{count - len(failed)} of {count} hints as expected, of {len(commands)} commands")
    return 1 if failed or missing or not commands else 0


def show(arguments):
    command = Signature("rt0", arguments.only, arguments.seed)
    print(command.definition() + command.registration())
    for words in argument_lists(command, arguments.lists):
        outcome = command.outcome(words, Rules())
        print(words, outcome.error or outcome.reply)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["generate", "run", "control", "hints", "show"])
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--per-module", type=int, default=50)
    parser.add_argument("--lists", type=int, default=60)
    parser.add_argument("--only", type=int)
    parser.add_argument("--server")
    parser.add_argument("--cli")
    parser.add_argument("--suite")
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_intermixed_args()
    action = {"generate": generate, "run": run, "control": control, "hints": check_hints, "show": show}[arguments.what]
    return action(arguments)


if __name__ == "__main__":
    sys.exit(main())
