"""Several arguments that are one thing: pairs, tuples, counted lists."""

from keys import invent_key
from values import MOST_OF_LONG_LONG, Refused, integer_in, invent_value


class Cursor:
    """The words of a command behind its name, as they are read."""

    def __init__(self, words, first, rules):
        self.words, self.at, self.end, self.rules = words, first, len(words), rules
        self.keys, self.wrong_type = [], False

    def left(self):
        return self.end - self.at

    def take(self):
        if self.at >= self.end:
            raise Refused
        self.at += 1
        return self.words[self.at - 1]


class Several:
    """A pair or a tuple."""

    doc = "block"

    def __init__(self, parts, is_tuple=False):
        self.parts = parts
        inner = ", ".join(part.cpp for part in parts)
        self.cpp = f"std::tuple<{inner}>" if is_tuple or len(parts) != 2 else f"std::pair<{inner}>"
        self.least = len(parts)
        self.is_key = any(part.is_key for part in parts)

    def read(self, cursor):
        return b"".join(part.read(cursor) for part in self.parts)

    def invent(self, rng):
        return [part.invent(rng) for part in self.parts]

    def documentation(self, name, names):
        parts = [part.documentation(names[min(i, len(names) - 1)]) for i, part in enumerate(self.parts)]
        return {"name": name, "type": "block", "arguments": parts}


class Counted:
    """A number, and that many: rm::count_then."""

    doc = "block"

    def __init__(self, of):
        self.of, self.cpp, self.is_key = of, f"rm::count_then<{of.cpp}>", of.is_key
        self.least = 1 + of.least

    def read(self, cursor):
        count = integer_in(cursor.take(), 1, MOST_OF_LONG_LONG, cursor.rules)
        if count * self.of.least > cursor.left() and cursor.rules.planted != "short_count":
            raise Refused
        count = min(count, cursor.left() // self.of.least)
        return b"r%d;" % count + b"".join(self.of.read(cursor) for _ in range(count))

    def invent(self, rng):
        count = rng.choice([1, 1, 2, 3, 5])
        return [b"%d" % count] + [word for _ in range(count) for word in words_of(self.of, rng)]

    def documentation(self, name, names):
        of = documentation_of(self.of, name if isinstance(self.of, Several) else names[0], names)
        return {"name": name, "type": "block", "arguments": [{"name": "count", "type": "integer"}, multiple(of)]}


def multiple(documentation, *more):
    return {**documentation, "flags": sorted({*documentation.get("flags", []), "multiple", *more})}


def documentation_of(shape, name, names):
    return shape.documentation(name, names) if isinstance(shape, (Several, Counted)) else shape.documentation(name)


def words_of(shape, rng):
    words = shape.invent(rng)
    return words if isinstance(words, list) else [words]


def invent_pair(rng, names):
    return Several([invent_value(rng, names), invent_value(rng, names)])


def invent_element(rng, names):
    """What lists hold: values, pairs of them, keys, keys with a value each."""
    choice = rng.random()
    if choice < 0.4:
        return invent_value(rng, names)
    if choice < 0.6:
        return invent_pair(rng, names)
    if choice < 0.8:
        return invent_key(rng)
    return Several([invent_key(rng), invent_value(rng, names)])


def invent_counted(rng, names, kinds=("read", "write", "name")):
    choice = rng.random()
    if choice < 0.4:
        return Counted(invent_value(rng, names))
    return Counted(invent_key(rng, kinds) if choice < 0.8 and kinds else invent_pair(rng, names))
