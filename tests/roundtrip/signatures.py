"""Invents commands, and tells from the documented rules what each does with a list of arguments."""

import random

from keys import invent_key, invent_naming
from options import Options, invent_options
from shapes import Counted, Cursor, Several, documentation_of, invent_counted, invent_element, multiple, words_of
from values import INTEGER, Refused, invent_value


class Names:
    """Names that are used once, and the enums that a command defines."""

    def __init__(self, prefix):
        self.prefix, self.next, self.enums = prefix, 0, []

    def fresh(self, kind):
        self.next += 1
        return f"{kind}_{self.prefix}_{self.next}"

    def enum(self, enum):
        self.enums.append(enum)
        return enum


class Parameter:
    """`words`: as they stand in the synopsis. `least`, `most`: arguments, None for any number."""

    most = None
    is_argument = True
    can_be_missing = False

    def keys(self):
        return []

    def places(self, words, start):
        """Where the server finds keys by the place of the first argument alone; None where it does not."""
        return []

    def show(self, variable):
        return [f"show(out_, {variable});"]

    def definition(self):
        return ""


def each_from(words, start, step):
    return list(range(start, len(words), step)) or None


class One(Parameter):
    def __init__(self, shape, name):
        self.shape, self.cpp, self.words, self.least, self.most = shape, shape.cpp, [name], 1, 1

    def synopsis(self):
        return self.words[0]

    def read(self, cursor):
        return self.shape.read(cursor)

    def invent(self, rng):
        return words_of(self.shape, rng)

    def keys(self):
        return [self.shape] * self.shape.is_key

    def places(self, words, start):
        return ([start] if start < len(words) else None) if self.shape.is_key else []

    def documentation(self):
        return [self.shape.documentation(self.words[0])]


class Optional(One):
    can_be_missing = True

    def __init__(self, shape, name):
        super().__init__(shape, name)
        self.cpp, self.least = f"std::optional<{shape.cpp}>", 0

    def synopsis(self):
        return f"[{self.words[0]}]"

    def read(self, cursor):
        return b"o1;" + self.shape.read(cursor) if cursor.left() else b"o0;"

    def invent(self, rng):
        return words_of(self.shape, rng)

    def documentation(self):
        return [{**self.shape.documentation(self.words[0]), "flags": ["optional"]}]


def dotted(words):
    return " ".join(words) + "..."


class Rest(Parameter):
    def __init__(self, shape, words, is_empty_allowed):
        self.shape, self.words, self.can_be_missing = shape, words, is_empty_allowed
        self.cpp = f"rm::{'rest' if is_empty_allowed else 'at_least_one'}<{shape.cpp}>"
        self.least = 0 if is_empty_allowed else shape.least

    def synopsis(self):
        return f"[{dotted(self.words)}]" if self.can_be_missing else dotted(self.words)

    def read(self, cursor):
        if cursor.left() < self.least or (cursor.left() % self.shape.least and cursor.rules.planted != "odd_pairs"):
            raise Refused
        count = cursor.left() // self.shape.least
        shown = b"r%d;" % count + b"".join(self.shape.read(cursor) for _ in range(count))
        cursor.at = cursor.end
        return shown

    def invent(self, rng):
        count = rng.choice([1, 1, 2, 3, 6] + [0] * self.can_be_missing)
        return [word for _ in range(count) for word in words_of(self.shape, rng)]

    def keys(self):
        return [self.shape] * self.shape.is_key

    def places(self, words, start):
        return each_from(words, start, self.shape.least) if self.shape.is_key else []

    def documentation(self):
        name = "pair" if isinstance(self.shape, Several) else self.words[0]
        documentation = documentation_of(self.shape, name, self.words)
        return [multiple(documentation, *["optional"] * self.can_be_missing)]


class CountedList(Parameter):
    def __init__(self, shape, words):
        self.shape, self.cpp, self.words, self.least = shape, shape.cpp, words, shape.least

    def synopsis(self):
        return f"{self.words[0]} {dotted(self.words[1:])}"

    def read(self, cursor):
        return self.shape.read(cursor)

    def invent(self, rng):
        return self.shape.invent(rng)

    def keys(self):
        return [self.shape.of] * self.shape.is_key

    def places(self, words, start):
        if not self.shape.is_key:
            return []
        if not INTEGER.fullmatch(words[start]) or not 0 < int(words[start]) <= len(words) - start - 1:
            return None
        return list(range(start + 1, start + 1 + int(words[start])))

    def documentation(self):
        of = self.shape.of
        name = "pair" if isinstance(of, Several) else self.words[1]
        return [{"name": self.words[0], "type": "integer"}, multiple(documentation_of(of, name, self.words[1:]))]


class Halves(Parameter):
    least = 2

    def __init__(self, key, value, words):
        self.key, self.value, self.words = key, value, words
        self.cpp = f"rm::half_and_half<{key.cpp}, {value.cpp}>"

    def synopsis(self):
        return f"{self.words[0]}... {self.words[1]}..."

    def read(self, cursor):
        if cursor.left() < 2 or cursor.left() % 2:
            raise Refused
        count = cursor.left() // 2
        keys = [self.key.read(cursor) for _ in range(count)]
        values = [self.value.read(cursor) for _ in range(count)]
        return b"r%d;" % count + b"".join(key + value for key, value in zip(keys, values))

    def invent(self, rng):
        count = rng.choice([1, 2, 3])
        return [self.key.invent(rng) for _ in range(count)] + [self.value.invent(rng) for _ in range(count)]

    def keys(self):
        return [self.key]

    def places(self, words, start):
        return each_from(words[:start + (len(words) - start) // 2], start, 1)

    def documentation(self):
        return [multiple(self.key.documentation(self.words[0])), multiple(self.value.documentation(self.words[1]))]


class Keywords(Parameter):
    words = []

    def __init__(self, options):
        self.options, self.cpp, self.least = options, options.name, options.least

    def synopsis(self):
        return ""

    def read(self, cursor):
        return self.options.read(cursor)

    def invent(self, rng):
        return self.options.invent(rng)

    def keys(self):
        shapes = [keyword.shape for keyword in self.options.keywords if keyword.shape and keyword.shape.is_key]
        return [shape.of if isinstance(shape, Counted) else shape for shape in shapes]

    def places(self, words, start):
        """The key specs begin behind keywords, which may be values as well: where one is seen the handler is asked.
        (Servers do not look at the last word.)"""
        tokens = {keyword.token.lower() for keyword in self.options.keywords if keyword.shape and keyword.shape.is_key}
        return None if tokens & {word.lower() for word in words[start or 1:-1]} else []

    def show(self, variable):
        return self.options.show(variable)

    def definition(self):
        return self.options.definition()

    def documentation(self):
        return self.options.documentation(self.words)


class NoArgument(Parameter):
    """rm::context&, rm::reply& and rm::args."""

    least = most = 0
    words = []
    is_argument = False

    def __init__(self, cpp):
        self.cpp = cpp

    def synopsis(self):
        return ""

    def read(self, cursor):
        if self.cpp != "rm::args":
            return b""
        words = cursor.words[cursor.first:]
        return b"r%d;" % len(words) + b"".join(b"s%d:%s" % (len(word), word) for word in words)

    def invent(self, rng):
        return []

    def show(self, variable):
        return [f"show(out_, {variable});"] if self.cpp == "rm::args" else [f"static_cast<void>({variable});"]

    def documentation(self):
        return []


class Outcome:
    """What a command does: `error` is None, or why it is refused: `words`, `type` or `unsupported`. `reply` if it is
    accepted; `keys` also where only their types are wrong."""

    def __init__(self, error=None, reply=None, keys=()):
        self.error, self.reply, self.keys = error, reply, list(keys)


def with_key_specs(documentation, next_spec):
    """Keys are numbered in the order of their specs."""
    if documentation["type"] == "key":
        documentation = {**documentation, "key_spec_index": next_spec[0]}
        next_spec[0] += 1
    if "arguments" in documentation:
        documentation = {**documentation,
                         "arguments": [with_key_specs(part, next_spec) for part in documentation["arguments"]]}
    return documentation


class Signature:
    def __init__(self, module, index, seed):
        rng = random.Random(f"{seed}/{index}")
        self.index, self.module, self.seed = index, module, seed
        self.names = Names(str(index))
        self.parameters = add_frame(rng, invent_parameters(rng, self.names))
        self.is_subcommand = rng.random() < 0.15
        self.by_reference = [rng.random() < 0.3 for _ in self.parameters]
        self.naming = invent_naming(rng) if not self.keys() and rng.random() < 0.3 else None
        self.is_lambda = self.naming is None and rng.random() < 0.3
        self.own_flags = rng.sample(["fast", "admin", "deny_script", "no_monitor"], rng.choice([0, 0, 1, 2]))

    # --- C++ ---

    @property
    def function(self):
        return f"c{self.index}"

    def synopsis(self):
        name = self.function if self.is_subcommand else f"{self.module}.{self.function}"
        return " ".join([name] + [text for parameter in self.parameters if (text := parameter.synopsis())])

    def definition(self):
        parts = [enum.definition() for enum in self.names.enums] + [each.definition() for each in self.parameters]
        if self.naming:
            parts.append(self.naming.definition(f"name_{self.function}"))
        return "".join(parts) + ("" if self.is_lambda else f"{self.returned()} {self.function}({self.declared()}) {self.body()}\n")

    def returned(self):
        return "void" if self.writes_reply() else "std::string"

    def writes_reply(self):
        return any(parameter.cpp == "rm::reply" for parameter in self.parameters)

    def declared(self):
        return ", ".join(self.declared_one(i, parameter) for i, parameter in enumerate(self.parameters))

    def declared_one(self, i, parameter):
        if parameter.cpp in ("rm::context", "rm::reply"):
            return f"{parameter.cpp}& p{i}"
        return f"const {parameter.cpp}& p{i}" if self.by_reference[i] else f"{parameter.cpp} p{i}"

    def body(self):
        lines = [line for i, parameter in enumerate(self.parameters) for line in parameter.show(f"p{i}")]
        out = [f"p{i}" for i, parameter in enumerate(self.parameters) if parameter.cpp == "rm::reply"]
        lines.append(f"{out[0]}.push(out_);" if out else "return out_;")
        return "{ std::string out_; " + " ".join(lines) + " }"

    def registration(self):
        builder = "group" if self.is_subcommand else "m"
        flags = " | ".join(f"rm::flags::{flag}" for flag in self.own_flags)
        options = f", {{.flags = {flags}}}" if flags else ""
        if self.is_lambda:
            handler = f"[]({self.declared()}) -> {self.returned()} {self.body()}"
            return f'  {builder}.command("{self.synopsis()}", {handler}{options});\n'
        by = f", rm::keys_by<name_{self.function}>" if self.naming else ""
        return f'  {builder}.command<{self.function}{by}>("{self.synopsis()}"{options});\n'

    # --- What the server has to say of it ---

    def command(self):
        return [f"{self.module}.group".encode(), self.function.encode()] if self.is_subcommand else [
            f"{self.module}.{self.function}".encode()]

    def full_name(self):
        return b"|".join(self.command())

    def arity(self):
        first = len(self.command())
        least = first + sum(each.least for each in self.parameters)
        return least if all(each.most == each.least for each in self.parameters) else -least

    def keys(self):
        return [key for parameter in self.parameters for key in parameter.keys()]

    def flags(self):
        """Of COMMAND INFO, those that follow from the signature and those that were given."""
        shapes = [key_of(key) for key in self.keys()]
        derived = set()
        if shapes:
            derived = {"write", "denyoom"} if any(key.is_written for key in shapes) else {"readonly"}
        return derived | {{"deny_script": "noscript", "no_monitor": "skip_monitor"}.get(flag, flag) for flag in self.own_flags}

    def documentation(self):
        next_spec = [0]
        return [with_key_specs(each, next_spec) for parameter in self.parameters for each in parameter.documentation()]

    # --- What it does ---

    def outcome(self, words, rules):
        """`words`: behind the command's name, or the subcommand's."""
        first = len(self.command())
        cursor = Cursor(self.command() + words, first, rules)
        cursor.first = first
        try:
            self.check_arity(len(words), rules)
            shown = b"".join(self.read(i, parameter, cursor) for i, parameter in enumerate(self.parameters))
            if cursor.at != len(cursor.words):
                raise Refused
        except Refused as refused:
            return Outcome(error=refused.kind)
        keys = cursor.keys[:-1] if rules.planted == "missing_key" else cursor.keys
        return Outcome(error="type", keys=keys) if cursor.wrong_type else Outcome(reply=shown, keys=keys)

    def keys_told(self, words, outcome, rules):
        """What the server is told of the command's keys. Of one that is refused for its words: what its key specs find,
        if they find something for each; a handler that is asked names none, since it would not be called. With a wrong
        number of words none at all."""
        first, arity = len(self.command()), self.arity()
        count = first + len(words)
        if count != arity if arity > 0 else count < -arity:
            return []
        if self.naming:
            return self.naming.keys(words, rules)
        if outcome.error in (None, "type"):
            return outcome.keys
        return [] if rules.planted == "refused_keys" else self.keys_in_specs(self.command() + words, first)

    def is_answerable(self, words):
        """Servers look for keys in memory that they take for the count as it is written, whatever there is."""
        return not any(parameter.keys() and isinstance(parameter, CountedList) for parameter in self.parameters) or not any(
            INTEGER.fullmatch(word) and int(word) > 2**20 for word in words)

    def keys_in_specs(self, words, place):
        found = []
        for parameter in self.parameters:
            is_known = place is not None or isinstance(parameter, Keywords) or not parameter.keys()
            places = parameter.places(words, place) if is_known else None
            if places is None:
                return []
            found += [(at, words[at], frozenset(key_of(shape).flags())) for shape in parameter.keys() for at in places]
            place = place + parameter.least if place is not None and parameter.least == parameter.most else None
        return found

    def check_arity(self, count, rules):
        if count < sum(each.least for each in self.parameters):
            raise Refused
        if all(each.most is not None for each in self.parameters) and count > sum(each.most for each in self.parameters):
            raise Refused

    def read(self, i, parameter, cursor):
        needed = sum(each.least for each in self.parameters[i + 1:])
        cursor.end = len(cursor.words) - (0 if cursor.rules.planted == "greedy" else needed)
        return parameter.read(cursor)

    # --- Lists of arguments ---

    def invent_words(self, rng):
        words = []
        for parameter in self.parameters:
            if isinstance(parameter, Optional) and rng.random() < 0.4:
                return words  # those behind it are missing as well
            words += parameter.invent(rng)
        return words

    def tokens(self):
        return [keyword.token for each in self.parameters if isinstance(each, Keywords) for keyword in each.options.keywords]

    def spoiled(self, rng):
        """A word that some argument of the command may not like."""
        shapes = [shape for each in self.parameters for shape in shapes_of(each)]
        return rng.choice(shapes).spoil(rng) if shapes else b"surplus"


def key_of(shape):
    return shape.parts[0] if isinstance(shape, Several) else shape


def shapes_of(parameter):
    found = [getattr(parameter, name) for name in ("shape", "key", "value") if hasattr(parameter, name)]
    if isinstance(parameter, Keywords):
        found += [keyword.shape for keyword in parameter.options.keywords if keyword.shape]
    flat = []
    while found:
        shape = found.pop()
        if isinstance(shape, Several):
            found += shape.parts
        elif isinstance(shape, Counted):
            found.append(shape.of)
        else:
            flat.append(shape)
    return flat


def change(rng, words, signature):
    """One thing about a list of arguments made different."""
    words = list(words)
    place = rng.randrange(len(words) + 1)
    how = rng.choice(["replace", "replace", "replace", "insert", "delete", "double", "swap", "cut", "keyword", "case"])
    if how == "insert" or not words:
        return words[:place] + [signature.spoiled(rng)] + words[place:]
    place = min(place, len(words) - 1)
    if how == "replace":
        words[place] = signature.spoiled(rng)
    elif how == "keyword" and signature.tokens():
        words[place:place + rng.randint(0, 1)] = [rng.choice(signature.tokens())]
    elif how == "delete":
        del words[place]
    elif how == "double":
        words.insert(place, words[place])
    elif how == "swap":
        other = rng.randrange(len(words))
        words[place], words[other] = words[other], words[place]
    elif how == "cut":
        words = words[:place]
    else:
        words[place] = words[place].swapcase()
    return words


def argument_lists(signature, count):
    """Some that are meant to be right, some of these changed, and some of any words."""
    rng = random.Random(f"{signature.seed}/{signature.index}/lists")
    for i in range(count):
        words = signature.invent_words(rng)
        if i % 10 < 5:
            for _ in range(rng.choice([1, 1, 1, 2, 3])):
                words = change(rng, words, signature)
        elif i % 10 == 8 and words and signature.tokens():
            words[-rng.randint(1, min(3, len(words)))] = rng.choice(signature.tokens())
        elif i % 10 == 9:
            words = [rng.choice(words + [signature.spoiled(rng)] + signature.tokens()) for _ in range(rng.randint(0, 8))]
        yield words


# --- Invention ---


def invent_one(rng, names):
    return One(invent_key(rng) if rng.random() < 0.3 else invent_value(rng, names), names.fresh("w"))


def invent_fixed(rng, names):
    """Arguments that are there, counted lists among them."""
    found = [invent_one(rng, names) for _ in range(rng.choice([0, 0, 1, 1, 2, 3]))]
    if rng.random() < 0.15:
        shape = invent_counted(rng, names)
        words = [names.fresh("w") for _ in range(1 + (shape.of.least if isinstance(shape.of, Several) else 1))]
        found.insert(rng.randint(0, len(found)), CountedList(shape, words))
    return found


def invent_rest(rng, names, is_empty_allowed):
    if not is_empty_allowed and rng.random() < 0.2:
        return Halves(invent_key(rng), invent_value(rng, names), [names.fresh("w"), names.fresh("w")])
    shape = invent_element(rng, names)
    return Rest(shape, [names.fresh("w") for _ in range(shape.least)], is_empty_allowed)


def invent_parameters(rng, names):
    before = invent_fixed(rng, names)
    choice = rng.random()
    if choice < 0.2:
        return before
    if choice < 0.4:
        optional = [Optional(invent_key(rng) if rng.random() < 0.3 else invent_value(rng, names), names.fresh("w"))
                    for _ in range(rng.randint(1, 3))]
        return before + optional + [invent_rest(rng, names, True)] * (rng.random() < 0.2)
    if choice < 0.6:
        return before + [invent_rest(rng, names, rng.random() < 0.5)]
    behind = invent_fixed(rng, names) if rng.random() < 0.4 else []
    rest = [invent_rest(rng, names, rng.random() < 0.5)] if rng.random() < 0.25 else []
    return before + [Keywords(invent_options(rng, names))] + behind + rest


def add_frame(rng, parameters):
    """Parameters that are no arguments stand anywhere, but not behind a rest."""
    for cpp, share in (("rm::context", 0.15), ("rm::reply", 0.1), ("rm::args", 0.1)):
        if rng.random() < share:
            most = len(parameters) - (bool(parameters) and isinstance(parameters[-1], (Rest, Halves)))
            parameters.insert(rng.randint(0, most), NoArgument(cpp))
    return parameters
