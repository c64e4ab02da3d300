"""What one argument of a command can be, from docs/commands.md alone: which bytes are accepted, as which value.

A value is compared as text; prelude.h writes the same text for what a handler was given.
"""

import re
import struct

LEAST_OF_LONG_LONG, MOST_OF_LONG_LONG = -(2**63), 2**63 - 1


class Refused(Exception):
    """The command has to be an error. Its `kind`: `words` for what cannot be decoded, `type` for a key's value."""

    def __init__(self, kind="words"):
        super().__init__(kind)
        self.kind = kind


class Rules:
    """What servers differ in, and a rule that is wrong on purpose (for the control)."""

    def __init__(self, hexadecimal_floats=True, has_stream_ids=True, planted=None):
        self.hexadecimal_floats, self.has_stream_ids = hexadecimal_floats, has_stream_ids
        self.planted = planted


INTEGER = re.compile(rb"-?[1-9][0-9]*|0")
DECIMAL = re.compile(rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
HEXADECIMAL = re.compile(rb"[+-]?0[xX]([0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)([pP][+-]?[0-9]+)?")
INFINITE = re.compile(rb"[+-]?(inf|infinity)", re.IGNORECASE)
ODD_INTEGERS = [b"05", b"-0", b"+5", b" 5", b"5 ", b"5\n", b"", b"5.0", b"1e3", b"0x5", b"five", b"-", b"--5", b"5\0",
                b"18446744073709551616", b"-9223372036854775809", b"99999999999999999999999"]
ODD_FLOATS = [b"", b" 5", b"5 ", b"5\n", b"nan", b"-nan", b"1e400", b"-1e400", b"1e-400", b"five", b"5e", b"5e+", b".",
              b"1,5", b"5\0", b"--5", b"1_0", b"+", b"e5", b"in", b"infx", b"0x", b"0x5", b"0x1.8p3", b"1e39", b"-3.5e38",
              b"+5", b"05", b"-0", b".5", b"5.", b"inf", b"-inf", b"+inf", b"Infinity", b"INF", b"1e-310", b"4.9e-324",
              b"1.7976931348623157e308", b"3.4028234663852886e38", b"3.4028235677973366e38", b"1e22", b"0.1",
              b"123456789012345678901234567890", b"1e-45", b"1E5"]
UNITS_OF_TIME = {b"ns": 1, b"us": 10**3, b"ms": 10**6, b"s": 10**9, b"m": 60 * 10**9, b"h": 3600 * 10**9,
                 b"d": 86400 * 10**9}
UNITS_OF_MEMORY = {b"": 1, b"b": 1, b"k": 10**3, b"kb": 2**10, b"m": 10**6, b"mb": 2**20, b"g": 10**9, b"gb": 2**30}


def shown_bytes(data):
    return b"s%d:%s" % (len(data), data)


def any_case(rng, word):
    return bytes(rng.choice((byte, byte ^ 0x20)) if bytes([byte]).isalpha() else byte for byte in word)


def integer_in(word, least, most, rules):
    if rules.planted == "plus_sign":
        word = word.removeprefix(b"+")
    if not INTEGER.fullmatch(word) or not least <= int(word) <= most:
        raise Refused
    return int(word)


def double_of(word, rules):
    """The value, which no float of 0 or infinity may stand for by rounding."""
    if INFINITE.fullmatch(word):
        return float(word)
    if HEXADECIMAL.fullmatch(word) and rules.hexadecimal_floats:
        return float.fromhex(word.decode())  # none of the words is out of range
    if not DECIMAL.fullmatch(word):
        raise Refused
    value = float(word)
    if value in (float("inf"), float("-inf")) or value == 0 and re.search(rb"[1-9]", re.split(rb"[eE]", word)[0]):
        raise Refused
    return value


class Value:
    """One argument. `cpp`: its type. `doc`: what COMMAND DOCS calls that type."""

    least = 1
    doc = "string"
    is_key = False

    def read(self, cursor):
        return self.decode(cursor.take(), cursor.rules)

    def documentation(self, name):
        return {"name": name, "type": self.doc}


class Integer(Value):
    doc = "integer"

    def __init__(self, cpp, least, most):
        self.cpp, self.lowest, self.highest = cpp, least, most

    def decode(self, word, rules):
        return b"i%d;" % integer_in(word, self.lowest, self.highest, rules)

    def invent(self, rng):
        near = [self.lowest, self.highest, self.lowest + 1, self.highest - 1, 0, 1, 7, 255, 65536, -1]
        number = rng.choice(near) if rng.random() < 0.5 else rng.randint(self.lowest, self.highest)
        return b"%d" % min(max(number, self.lowest), self.highest)

    def spoil(self, rng):
        outside = [b"%d" % (self.lowest - 1), b"%d" % (self.highest + 1)]
        return rng.choice(ODD_INTEGERS + [b"+7"] + outside * 3)


class Float(Value):
    doc = "double"

    def __init__(self, cpp, code):
        self.cpp, self.code = cpp, code

    def decode(self, word, rules):
        value = double_of(word, rules)
        most = struct.unpack(">f", b"\x7f\x7f\xff\xff")[0]
        if self.code == "f" and most < abs(value) != float("inf"):
            raise Refused
        return b"%s%s;" % (self.code.encode(), struct.pack(">" + self.code, value).hex().encode())

    def invent(self, rng):
        number = rng.choice([rng.uniform(-10, 10), rng.randint(-1000, 1000), rng.uniform(-1, 1) * 10 ** rng.randint(-30, 30)])
        return rng.choice(["%r", "%.3f", "%g", "%e"]).__mod__(number).encode()

    def spoil(self, rng):
        return rng.choice(ODD_FLOATS)


class Boolean(Value):
    cpp = "bool"
    names = {b"yes": 1, b"true": 1, b"1": 1, b"no": 0, b"false": 0, b"0": 0}

    def decode(self, word, rules):
        if word.lower() not in self.names:
            raise Refused
        return b"b%d;" % self.names[word.lower()]

    def invent(self, rng):
        return any_case(rng, rng.choice(list(self.names)))

    def spoil(self, rng):
        return rng.choice([b"", b"on", b"off", b"2", b"01", b"yes ", b"y", b"ye\0", b"\xd9es", b"+1", b"TRUE\n"])


class Text(Value):
    samples = [b"", b"a", b"word", b"two words", b"line\r\nbreak", b"-ERR no error", b"\0\xff\x80", b"x" * 100, b"5", b"*", b"$5"]

    def __init__(self, cpp):
        self.cpp = cpp

    def decode(self, word, rules):
        return shown_bytes(word)

    def invent(self, rng):
        return rng.choice(self.samples) if rng.random() < 0.7 else rng.randbytes(rng.randint(0, 20))

    def spoil(self, rng):
        return self.invent(rng)


class Duration(Integer):
    """A count of a unit."""

    def __init__(self, cpp, least=LEAST_OF_LONG_LONG, most=MOST_OF_LONG_LONG):
        super().__init__(cpp, least, most)


class UnixTime(Duration):
    doc = "unix-time"


class FloatDuration(Float):
    def __init__(self):
        super().__init__("std::chrono::duration<double>", "d")


class WithUnit(Value):
    """A number with the name of its unit, as a whole number of units of `own` nanoseconds."""

    def __init__(self, cpp, own, least=LEAST_OF_LONG_LONG, most=MOST_OF_LONG_LONG):
        self.cpp, self.own, self.lowest, self.highest = f"rm::with_unit<{cpp}>", own, least, most

    def decode(self, word, rules):
        match = re.fullmatch(rb"(-?[0-9]+)([a-zA-Z]*)", word)
        unit = match and match[2].lower()
        if not match or (unit and unit not in UNITS_OF_TIME):
            raise Refused
        number = integer_in(match[1], LEAST_OF_LONG_LONG, MOST_OF_LONG_LONG, rules)
        count, left = divmod(number * UNITS_OF_TIME[unit], self.own) if unit else (number, 0)
        if left or not self.lowest <= count <= self.highest:
            raise Refused
        return b"i%d;" % count

    def invent(self, rng):
        unit = rng.choice([b""] + list(UNITS_OF_TIME))
        factor = max(1, self.own // UNITS_OF_TIME.get(unit, self.own))
        return b"%d%s" % (rng.randint(-20, 100) * factor, any_case(rng, unit))

    def spoil(self, rng):
        return rng.choice([b"", b"ms", b"1 s", b"1w", b"+1s", b"1500us", b"9223372036854775807s", b"1.5s", b"05s", b"-0s", b"1s ",
                           b"9223372036854775807", b"9223372036854775808", b"3000000000", b"1sm", b"s1", b"90s", b"90m", b"3m"])


class ByteCount(Value):
    cpp = "rm::byte_count"

    def decode(self, word, rules):
        match = re.fullmatch(rb"([0-9]+)([a-zA-Z]*)", word)
        if not match or match[2].lower() not in UNITS_OF_MEMORY:
            raise Refused
        number = integer_in(match[1], 0, MOST_OF_LONG_LONG, rules) * UNITS_OF_MEMORY[match[2].lower()]
        if number >= 2**64:
            raise Refused
        return b"i%d;" % number

    def invent(self, rng):
        return b"%d%s" % (rng.randint(0, 5000), any_case(rng, rng.choice(list(UNITS_OF_MEMORY))))

    def spoil(self, rng):
        return rng.choice([b"", b"-1", b"1tb", b"mb", b"18446744073709551615", b"9223372036854775807gb", b"17179869183gb",
                           b"17179869184gb", b"1.5kb", b"+1", b"05", b"1 kb", b"1kb ", b"-0", b"-1kb", b"9223372036854775807"])


class Bounded(Integer):
    def __init__(self, of, least, most):
        super().__init__(f"rm::bounded<{of.cpp}, {spelled(least, of.cpp)}, {spelled(most, of.cpp)}>", least, most)


def spelled(number, cpp):
    """A constant of C++: the least long long is no literal."""
    if number == LEAST_OF_LONG_LONG:
        return f"std::numeric_limits<{cpp}>::min()"
    return f"{number}u" if number > MOST_OF_LONG_LONG else str(number)


class Enum(Value):
    doc = "oneof"

    def __init__(self, cpp, names):
        self.cpp, self.names = cpp, names  # names: of each value, several of the same index are aliases

    def decode(self, word, rules):
        for name, value in self.names:
            if name.lower() == word.lower():
                return b"e%d;" % value
        raise Refused

    def invent(self, rng):
        return any_case(rng, rng.choice(self.names)[0])

    def spoil(self, rng):
        return rng.choice([b"", b"0", b"none-of-them", self.names[0][0] + b"\0", self.names[0][0][:-1] + b"\xc9", b"* "])

    def documentation(self, name):
        parts = [{"name": each.decode(), "type": "pure-token", "token": each.decode()} for each, _ in self.names]
        return {"name": name, "type": "oneof", "arguments": parts}

    def definition(self):
        """The enum, in a namespace of its own."""
        space = self.cpp.split("::")[0]
        values = sorted({value for _, value in self.names})
        names = ", ".join('{"%s", kind::v%d}' % (name.decode(), value) for name, value in self.names)
        return (f"namespace {space} {{\nenum class kind {{ {', '.join(f'v{value} = {value}' for value in values)} }};\n"
                f"[[maybe_unused]] constexpr auto describe(rm::of<kind>) {{ return rm::names<kind>({{{names}}}); }}\n}}\n")


class StreamId(Value):
    """As the server reads it: up to a zero byte, and numbers as strtoull() does where they are not plain ones."""

    cpp = "rm::stream_id"
    ends = {b"-": (0, 0), b"+": (2**64 - 1, 2**64 - 1)}
    lenient = re.compile(rb"[ \t\n\v\f\r]*([+-]?)([0-9]+)")

    def decode(self, word, rules):
        if not rules.has_stream_ids:
            raise Refused("unsupported")
        if len(word) > 127:
            raise Refused
        word = word.split(b"\0")[0]
        if word in self.ends:
            return b"i%d;i%d;" % self.ends[word]
        time, dash, sequence = word.partition(b"-")
        bare = 1 if rules.planted == "bare_id" else 0
        return b"i%d;i%d;" % (self.number(time), self.number(sequence) if dash else bare)

    def number(self, word):
        found = self.lenient.fullmatch(word)
        if not found or int(found[2]) >= 2**64:
            raise Refused
        number = int(found[1] + found[2])
        if number < 0 and number >= LEAST_OF_LONG_LONG and INTEGER.fullmatch(word):
            raise Refused
        return number % 2**64

    def invent(self, rng):
        return rng.choice([b"-", b"+", b"5", b"0", b"5-7", b"0-0", b"1526919030474-55", b"18446744073709551615",
                           b"18446744073709551615-18446744073709551615", b"9223372036854775808-1"])

    def spoil(self, rng):
        return rng.choice([b"", b"a", b"5-", b"-5", b"--", b"5-7-9", b"5-a", b"a-5", b"5.5", b"5-*", b"*", b"$", b">", b"(5-7",
                           b"18446744073709551616", b"5-18446744073709551616", b"+5", b"05-007", b" 5", b"5 ", b"5-+7",
                           b"5--7", b"5--18446744073709551615", b"5\0-", b"\0", b"1" + b"0" * 200])


class ScoreBound(Value):
    cpp = "rm::score_bound"

    def decode(self, word, rules):
        excluded = word.startswith(b"(")
        value = double_of(word[excluded:], rules)
        return b"d%s;b%d;" % (struct.pack(">d", value).hex().encode(), excluded and rules.planted != "closed_bound")

    def invent(self, rng):
        return rng.choice([b"", b"("]) + rng.choice([b"-inf", b"+inf", b"inf", b"0", b"5", b"-2.5", b"1e10", b"%d" % rng.randint(-99, 99)])

    def spoil(self, rng):
        return rng.choice([b"(", b"((5", b"[5", b"5(", b"( 5", b"-", b"+", b"(inf", b"(nan", b"(+5", b"(05"] + ODD_FLOATS)


class LexBound(Value):
    """What it holds is not compared: nothing tells it."""

    cpp = "rm::lex_bound"

    def decode(self, word, rules):
        if word not in (b"-", b"+") and not word.startswith((b"[", b"(")):
            raise Refused
        return b"l;"

    def invent(self, rng):
        return rng.choice([b"-", b"+", b"[", b"(", b"[a", b"(a", b"[\0\xff", b"(word", b"[[", b"(-"])

    def spoil(self, rng):
        return rng.choice([b"", b"a", b"--", b"-a", b"+inf", b"-\0", b"]a", b")", b"5", b" [a", b"\0["])


class HexByte(Value):
    """A type with arg_traits of the author's own, in prelude.h: two small hexadecimal digits."""

    cpp = "hex_byte"

    def decode(self, word, rules):
        if not re.fullmatch(rb"[0-9a-f]{2}", word):
            raise Refused
        return b"i%d;" % int(word, 16)

    def invent(self, rng):
        return b"%02x" % rng.randrange(256)

    def spoil(self, rng):
        return rng.choice([b"", b"f", b"FF", b"0x1f", b"g0", b"123", b"1\0"])


INTEGERS = [Integer("short", -(2**15), 2**15 - 1), Integer("unsigned short", 0, 2**16 - 1), Integer("int", -(2**31), 2**31 - 1),
            Integer("unsigned", 0, 2**32 - 1), Integer("long", LEAST_OF_LONG_LONG, MOST_OF_LONG_LONG),
            Integer("unsigned long", 0, 2**64 - 1), Integer("long long", LEAST_OF_LONG_LONG, MOST_OF_LONG_LONG),
            Integer("unsigned long long", 0, 2**64 - 1), Integer("std::int16_t", -(2**15), 2**15 - 1),
            Integer("std::size_t", 0, 2**64 - 1)]
TEXTS = [Text("std::string_view"), Text("rm::string_ref"), Text("std::string"), Text("rm::string")]
FLOATS = [Float("double", "d"), Float("float", "f")]
DURATIONS = [Duration(f"std::chrono::{unit}") for unit in ("nanoseconds", "microseconds", "milliseconds", "seconds", "minutes", "hours")]
DURATIONS += [Duration("std::chrono::duration<int, std::ratio<90>>", -(2**31), 2**31 - 1), FloatDuration()]
TIMES = [UnixTime("std::chrono::sys_seconds"), UnixTime("std::chrono::sys_time<std::chrono::milliseconds>")]
WITH_UNITS = [WithUnit("std::chrono::milliseconds", 10**6), WithUnit("std::chrono::seconds", 10**9),
              WithUnit("std::chrono::hours", 3600 * 10**9), WithUnit("std::chrono::nanoseconds", 1),
              WithUnit("std::chrono::minutes", 60 * 10**9),
              WithUnit("std::chrono::duration<int, std::milli>", 10**6, -(2**31), 2**31 - 1),
              WithUnit("std::chrono::duration<long long, std::ratio<90>>", 90 * 10**9)]

ENUM_NAMES = [b"m", b"mi", b"metre", b"red", b"GREEN", b"Blue", b"left", b"RIGHT", b"a", b"b", b"c", b"x-y", b"1", b"up_down", b"=", b"~"]


def invent_bounded(rng):
    of = rng.choice(INTEGERS)
    points = [of.lowest, of.highest, 0, 1, 5, 100, 1000] + [-5] * (of.lowest < 0)
    least, most = sorted(rng.choices([point for point in points if of.lowest <= point <= of.highest], k=2))
    return Bounded(of, least, most)


def invent_enum(rng, names):
    chosen = rng.sample(ENUM_NAMES, rng.randint(1, 5))
    values = [min(index, rng.randrange(len(chosen))) for index in range(len(chosen))]
    return Enum(f"{names.fresh('space')}::kind", list(zip(chosen, values)))


def invent_value(rng, names):
    """Any type of one argument."""
    kinds = [INTEGERS] * 5 + [TEXTS] * 4 + [FLOATS] * 2 + [DURATIONS, TIMES, WITH_UNITS, [Boolean()], [ByteCount()], [HexByte()]]
    kinds += [[StreamId()], [ScoreBound()], [LexBound()], [Enum("rm::trim", [(b"=", 0), (b"~", 1)])]]
    choice = rng.randrange(len(kinds) + 2)
    if choice == len(kinds):
        return invent_bounded(rng)
    if choice == len(kinds) + 1:
        return names.enum(invent_enum(rng, names))
    return rng.choice(kinds[choice])
