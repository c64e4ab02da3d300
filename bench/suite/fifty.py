"""A module with fifty typed commands: how long it takes to compile, and how large it is beside the same in C."""

import os
import random
import subprocess
import tempfile

from .headers import COMPILER, INCLUDE, RUNTIME, cpu_milliseconds, median, text_of_objects
from .servers import Server, version_of

COMMANDS = 50
MOST_SECONDS = 10.0
MOST_TEXT = 1.3
TEXT = ("Fifty commands of different signatures: integers of several widths, floats, text, optional arguments, lists of the "
        "rest, keys of four types to read and to write, and keyword options. The twin in C is made from the same list: the "
        "same checks, the same error texts, the same words for COMMAND DOCS, what is alike in functions that all share, as "
        "one would by hand.")


# --- The signatures ---
#
# One letter for each parameter. Arguments: i long long, n int, u unsigned, d double, s text; keys to read: k string, l list,
# h hash, z sorted set, in upper case to write. Then at most one of: ? an optional integer, r any number of texts, R some
# integers, o keyword options.

SIMPLE = "iinnudsss"
KEYS = "klhzKLHZ"


def signatures():
    choose = random.Random(50)
    found = []
    while len(found) < COMMANDS:
        keys = "".join(choose.sample(KEYS, choose.choice([0, 1, 1, 2])))
        simple = "".join(choose.choice(SIMPLE) for _ in range(choose.choice([0, 1, 2, 2, 3])))
        each = keys + simple + choose.choice(["", "", "?", "r", "R", "o"])
        if each and each not in found:
            found.append(each)
    return found


def words(signature):
    names = [f"{'key' if letter in KEYS else 'word'}{i}" for i, letter in enumerate(signature) if letter not in "?rRo"]
    return names + {"?": ["[more]"], "r": ["[more...]"], "R": ["more..."]}.get(signature[-1], [])


# --- C++ ---

CPP = {"i": "long long", "n": "int", "u": "unsigned", "d": "double", "s": "rm::string_ref", "?": "std::optional<long long>",
       "r": "rm::rest<rm::string_ref>", "R": "rm::at_least_one<long long>", "o": "const options&"}
KEY_OF = {"k": "string_key", "l": "list", "h": "hash", "z": "sorted_set"}
CPP_VALUE = {"s": "{}.view().size()", "?": "{}.value_or(0)", "r": "{}.size()", "R": "sum_of({})", "o": "sum_of({})"}
CPP_HEAD = """#include <redismodule/redismodule.h>
namespace rm = redismodule;

struct options {
  rm::one_of<rm::flag<"NX">, rm::flag<"XX">> condition;
  rm::option<"EX", long long, rm::named<"seconds">> ex;
  rm::option<"LIMIT", std::pair<long long, long long>, rm::named<"offset count">> limit;
};
static long long sum_of(const options& given) {
  const long long flags = given.condition.get<"NX">() ? 1 : given.condition.get<"XX">() ? 2 : 0;
  return flags + given.ex.value_or(0) + (given.limit ? given.limit->first + given.limit->second : 0);
}
static long long sum_of(const rm::at_least_one<long long>& numbers) {
  long long sum = 0;
  for (long long number : numbers) sum += number;
  return sum;
}

"""


def cpp_type(letter):
    if letter not in KEYS:
        return CPP[letter]
    return f"rm::{'write' if letter.isupper() else 'read'}<rm::{KEY_OF[letter.lower()]}>"


def cpp_value(letter, name):
    return f"static_cast<long long>({'{}->size()'.format(name) if letter in KEYS else CPP_VALUE.get(letter, '{}').format(name)})"


def cpp_source():
    parts, registered = [CPP_HEAD], []
    for number, signature in enumerate(signatures()):
        declared = ", ".join(f"{cpp_type(letter)} p{i}" for i, letter in enumerate(signature))
        value = " + ".join(cpp_value(letter, f"p{i}") for i, letter in enumerate(signature))
        parts.append(f"static long long c{number}({declared}) {{ return {value}; }}\n")
        synopsis = " ".join([f"fifty.c{number}"] + words(signature))
        registered.append(f'  m.command<c{number}>("{synopsis}", {{.summary = "Sums", .flags = rm::flags::fast}});\n')
    return "".join(parts + ["\nREDISMODULE_MODULE(fifty, 1, m) {\n"] + registered + ["}\n"])


# --- C ---

C_KINDS = {"k": 1, "l": 2, "h": 3, "z": 5}
C_TYPES = {"i": "long long", "n": "long long", "u": "long long", "d": "double", "?": "long long", "R": "long long"}
C_TAKES = {"i": "take_integer(ctx, argv[{at}], LLONG_MIN, LLONG_MAX, &p{i}, \"{word}\")",
           "n": "take_integer(ctx, argv[{at}], INT_MIN, INT_MAX, &p{i}, \"{word}\")",
           "u": "take_integer(ctx, argv[{at}], 0, UINT_MAX, &p{i}, \"{word}\")",
           "d": "take_double(ctx, argv[{at}], &p{i}, \"{word}\")"}
DOC_TYPES = {"i": 1, "n": 1, "u": 1, "?": 1, "R": 1, "d": 2, **dict.fromkeys(KEYS, 3)}


def c_body(signature):
    """The declarations, the decoding, the opening of keys, and what is summed."""
    declared, taken, opened, values, closed = [], [], [], [], []
    keys = [i for i, letter in enumerate(signature) if letter in KEYS]
    for i, (letter, at) in enumerate(zip(signature, range(1, 20))):
        word = words(signature)[i].strip("[].") if letter != "o" else ""
        if letter in KEYS:
            mode = "READ | WRITE" if letter.isupper() else "READ"
            declared.append(f"void *p{i};")
            opened.append((i, f"p{i} = RedisModule_OpenKey(ctx, argv[{at}], {mode});", C_KINDS[letter.lower()]))
            values.append(f"size_of(p{i})")
        elif letter in C_TAKES:
            declared.append(f"{C_TYPES[letter]} p{i};")
            taken.append(C_TAKES[letter].format(at=at, i=i, word=word))
            values.append(f"(long long)p{i}")
        elif letter == "s":
            values.append(f"length_of(argv[{at}])")
        elif letter == "?":
            declared.append(f"long long p{i} = 0;")
            taken.append(f'(argc <= {at} || take_integer(ctx, argv[{at}], LLONG_MIN, LLONG_MAX, &p{i}, "{word}"))')
            values.append(f"p{i}")
        elif letter == "r":
            values.append(f"argc - {at}")
        elif letter == "R":
            declared.append(f"long long p{i};")
            taken.append(f'take_sum(ctx, argv + {at}, argc - {at}, &p{i}, "{word}")')
            values.append(f"p{i}")
        else:
            declared.append(f"struct options p{i} = {{0}};")
            taken.append(f"take_options(ctx, argv + {at}, argc - {at}, &p{i})")
            values.append(f"sum_of(&p{i})")
    return declared, taken, opened, values, keys


def c_arity(signature):
    least = 1 + len(signature.rstrip("?ro"))
    if signature[-1] == "?":
        return least, f"argc < {least} || argc > {least + 1}"
    return (-least, f"argc < {least}") if signature[-1] in "rRo" else (least, f"argc != {least}")


def c_function(number, signature):
    declared, taken, opened, values, keys = c_body(signature)
    lines = [f"if ({c_arity(signature)[1]}) return RedisModule_WrongArity(ctx);"] + declared
    if taken:
        lines.append(f"if (!({' && '.join(taken)})) return OK;")
    lines += [line for _, line, _ in opened]
    close = " ".join(f"RedisModule_CloseKey(p{i});" for i in keys)
    if opened:
        wrong = " || ".join(f"!is_of_type(p{i}, {kind})" for i, _, kind in opened)
        lines.append(f"if ({wrong}) {{ {close} return RedisModule_ReplyWithError(ctx, WRONG_TYPE); }}")
    lines.append(f"RedisModule_ReplyWithLongLong(ctx, {' + '.join(values)});")
    lines += [close, "return OK;"]
    unused = "" if any(f"argv[" in line or "argv +" in line for line in lines) else "(void)argv; "
    return f"static int c{number}(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {{\n  {unused}" + "\n  ".join(
        lines) + "\n}\n"


def c_documentation(number, signature):
    """The same that the library says of the command."""
    args, specs = [], []
    for i, letter in enumerate(signature):
        if letter == "o":
            args += ['{.name = "nx-or-xx", .type = 7, .key_spec_index = -1, .flags = 1, .subargs = nx_or_xx}',
                     '{.name = "seconds", .type = 1, .key_spec_index = -1, .token = "EX", .flags = 1}',
                     '{.name = "limit", .type = 8, .key_spec_index = -1, .token = "LIMIT", .flags = 1, .subargs = limit}']
            continue
        flags = {"?": 1, "r": 3, "R": 2}.get(letter, 0)
        spec = len(specs) if letter in KEYS else -1
        if letter in KEYS:
            rights = "RW | ACCESS | UPDATE" if letter.isupper() else "RO | ACCESS"
            specs.append(f"{{.flags = {rights}, .begin_search_type = 2, .pos = {i + 1}, .find_keys_type = 2, .step = 1}}")
        args.append(f'{{.name = "{words(signature)[i].strip("[].")}", .type = {DOC_TYPES.get(letter, 0)}, '
                    f".key_spec_index = {spec}, .flags = {flags}}}")
    text = f"static CommandArg a{number}[] = {{{', '.join(args + ['{0}'])}}};\n"
    return text + (f"static KeySpec k{number}[] = {{{', '.join(specs + ['{0}'])}}};\n" if specs else "")


def c_row(number, signature):
    keys = [i + 1 for i, letter in enumerate(signature) if letter in KEYS]
    flags = "write deny-oom fast" if any(letter in KEYS and letter.isupper() for letter in signature) else \
        "readonly fast" if keys else "fast"
    first, last = (keys[0], keys[-1]) if keys else (0, 0)
    arity = c_arity(signature)[0]
    arity = -arity if signature[-1] == "?" else arity
    return (f'    {{"fifty.c{number}", c{number}, "{flags}", {first}, {last}, {int(bool(keys))}, {arity}, a{number}, '
            f"{f'k{number}' if keys else 'NULL'}}},\n")


def c_source():
    with open(os.path.join(os.path.dirname(os.path.dirname(__file__)), "twins", "fifty.h")) as file:
        head = file.read()
    numbered = list(enumerate(signatures()))
    parts = [head] + [c_function(*each) + c_documentation(*each) for each in numbered]
    rows = "".join(c_row(*each) for each in numbered)
    return "".join(parts + ["static const struct row rows[] = {\n", rows, "};\n\n",
                            "int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {\n",
                            "  (void)argv;\n  (void)argc;\n",
                            f"  return load(ctx, rows, {COMMANDS});\n}}\n"])


def write(directory):
    """For the build: both sources."""
    for name, text in (("fifty.cc", cpp_source()), ("fifty.c", c_source())):
        with open(os.path.join(directory, name), "w") as file:
            file.write(text)


# --- What is measured ---


def compile_seconds(rounds):
    with tempfile.TemporaryDirectory() as directory:
        write(directory)
        command = [COMPILER, "-std=c++20", "-O2", "-fPIC", "-fvisibility=hidden", "-fvisibility-inlines-hidden",
                   "-ffunction-sections", "-fdata-sections", f"-I{INCLUDE}", "-c", os.path.join(directory, "fifty.cc"),
                   "-o", os.devnull]
        return median([cpu_milliseconds(command) for _ in range(rounds)]) / 1000


def text_bytes(map_path):
    parts = {"own": 0, "library": 0, "runtime": 0}
    for name, size in text_of_objects(map_path).items():
        parts["library" if "libredismodule" in name else "runtime" if RUNTIME.search(name) else "own"] += size
    return parts


# What clients may send: of the right type, and not.
WORDS = {**dict.fromkeys("iR?", ["5", "-7", "0", "9223372036854775807", "x", "1.5"]), "n": ["5", "-7", "2147483648", "x"],
         "u": ["5", "4294967295", "-1", "x"], "d": ["1.5", "1e3", "inf", "x"], "s": ["text", "", "a\r\nb"], "r": ["text", ""]}
NAMES = {"k": "string", "l": "list", "h": "hash", "z": "zset"}
KEYWORDS = ["NX", "xx", "EX", "5", "LIMIT", "0", "10", "x", "some\r\nword", "EX", "LIMIT"]


def argument_lists(signature):
    choose = random.Random(signature)
    for _ in range(30):
        arguments = []
        for letter in signature:
            if letter in KEYS:
                name = NAMES[letter.lower()]
                arguments.append(choose.choice([name, name, name, "none", "set"]))
            elif letter == "o":
                arguments += [choose.choice(KEYWORDS) for _ in range(choose.choice([0, 1, 2, 4]))]
            else:
                most = 3 if letter in "rR" else 1
                arguments += [choose.choice(WORDS[letter]) for _ in range(choose.randint(letter not in "?r", most))]
        yield arguments + ["surplus"] * (choose.random() < 0.1)


def answers(label, module):
    """What every command answers, and what the server says of it."""
    found = []
    with Server(label, [module]) as server:
        for words in (["SET", "string", "text"], ["RPUSH", "list", "a", "b"], ["HSET", "hash", "f", "v"],
                      ["ZADD", "zset", "1", "m"], ["SADD", "set", "m"]):
            server.client.call(*words)
        for number, signature in enumerate(signatures()):
            name = f"fifty.c{number}"
            calls = [[name, *arguments] for arguments in argument_lists(signature)]
            # (The client's own call() raises errors.)
            replies = [getattr(reply, "text", reply) for reply in server.client.pipeline(calls)]
            said = [] if version_of(label).startswith("6.") else server.client.call("COMMAND", "DOCS", name)
            found += [*zip(calls, replies), (name, said), (name, server.client.call("COMMAND", "INFO", name))]
    return found


def compare_answers(label, build):
    """How many answers are alike. The module that the twin stands beside must do the same."""
    ours, twin = (answers(label, os.path.join(build, "bench", f"{name}_fifty.so")) for name in ("bench", "twin"))
    for mine, other in zip(ours, twin):
        if mine != other:
            raise RuntimeError(f"ours and the twin do not answer alike: {mine} and {other}")
    return len(ours)


def run(report, options):
    compare_answers(options.servers[0], options.build)
    seconds = compile_seconds(max(1, options.compiles // 2))
    ours = text_bytes(os.path.join(options.build, "bench", "redismodule", "bench_fifty.map"))
    twin = text_bytes(os.path.join(options.build, "bench", "twin_fifty.map"))["own"]
    report.section("Fifty commands", TEXT)
    report.table(["", "C", "ours"], [
        ["processor time to compile, s", None, f"{seconds:.1f}"],
        [".text of the module's own objects, bytes", str(twin), str(ours["own"])],
        [".text of this library's archives in it, bytes", None, str(ours["library"])],
        [".text of the static C++ runtime in it, bytes", None, str(ours["runtime"])],
    ])
    report.at_most("fifty commands, to compile", seconds, MOST_SECONDS, " s", digits=1)
    report.at_most(".text of fifty commands' own objects, to the C twin's", ours["own"] / twin, MOST_TEXT, digits=2)


if __name__ == "__main__":
    import sys
    write(sys.argv[1])
