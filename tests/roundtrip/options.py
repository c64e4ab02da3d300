"""Keyword options: the members of an aggregate, and how docs/commands.md says they are read."""

from keys import invent_key
from shapes import Counted, Several, documentation_of, invent_counted, multiple, words_of
from values import Refused, any_case, invent_value

TOKENS = [b"NX", b"XX", b"GET", b"EX", b"PX", b"LIMIT", b"COUNT", b"BY", b"STORE", b"TO", b"ASC", b"WITHSCORES", b"MATCH",
          b"A", b"B", b"C", b"1", b"2", b"=", b"~", b"X-Y", b"KEYS", b"KEEP_TTL", b"5", b"*", b"0", b"YES", b"IDLE", b"FORCE",
          b"JUSTID", b"ENTRIES", b"REPLACE", b"DB", b"TYPE", b"WEIGHTS", b"AGGREGATE", b"<", b"(", b"R2D2", b"\\", b"[X]"]


class Keyword:
    """One entry: `kind` is flag, option or repeated; `shape` what stands behind it."""

    def __init__(self, token, kind, shape, names):
        self.token, self.kind, self.shape, self.names = token, kind, shape, names
        self.needs, self.excludes = set(), set()

    @property
    def least(self):
        return 1 + (self.shape.least if self.shape else 0)

    @property
    def cpp(self):
        token = self.token.decode().replace("\\", "\\\\")
        parts = [f'"{token}"'] + ([self.shape.cpp] if self.shape else [])
        parts += ['rm::needs<"%s">' % each.decode().replace("\\", "\\\\") for each in sorted(self.needs)]
        parts += ['rm::excludes<"%s">' % each.decode().replace("\\", "\\\\") for each in sorted(self.excludes)]
        if self.names:
            parts.insert(rng_place(self.token, len(parts)), f'rm::named<"{" ".join(self.names)}">')
        return f"rm::{self.kind}<{', '.join(parts)}>"

    def read(self, cursor):
        return self.shape.read(cursor) if self.shape else b""

    def invent(self, rng):
        return [any_case(rng, self.token)] + (words_of(self.shape, rng) if self.shape else [])

    def documentation(self, optional):
        default = self.token.decode().lower()
        names = self.names or [default]
        flags = ["optional"] * optional
        if self.kind == "flag":
            documentation = {"name": names[0], "type": "pure-token"}
        else:
            is_block = isinstance(self.shape, (Several, Counted))
            documentation = documentation_of(self.shape, default if is_block else names[0], names)
        documentation = {**documentation, "token": self.token.decode(), "flags": flags}
        return multiple(documentation, "multiple-token") if self.kind == "repeated" else documentation


def rng_place(token, most):
    """Where rm::named stands among the rules: behind the token and the type, but else anywhere."""
    return most if len(token) % 2 else min(most, 2)


class OneOf:
    def __init__(self, keywords):
        self.keywords = keywords

    @property
    def cpp(self):
        return f"rm::one_of<{', '.join(each.cpp for each in self.keywords)}>"

    def documentation(self, optional):
        return {"name": "-or-".join(each.token.decode().lower() for each in self.keywords), "type": "oneof",
                "flags": ["optional"] * optional, "arguments": [each.documentation(False) for each in self.keywords]}


class Single:
    """A member that is one keyword."""

    def __init__(self, keyword):
        self.keywords = [keyword]

    @property
    def cpp(self):
        return self.keywords[0].cpp

    def documentation(self, optional):
        return self.keywords[0].documentation(optional)


class Options:
    """The parameter: an aggregate with these members; `required` has the numbers of those that have to be given."""

    def __init__(self, name, members, required):
        self.name, self.members, self.required = name, members, required
        self.keywords = [keyword for member in members for keyword in member.keywords]
        self.excluded = {keyword.token: set(keyword.excludes) for keyword in self.keywords}
        for member in members:
            for keyword in member.keywords if isinstance(member, OneOf) else []:
                self.excluded[keyword.token] |= {each.token for each in member.keywords} - {keyword.token}
        for token, others in list(self.excluded.items()):
            for other in others:
                self.excluded[other].add(token)

    @property
    def least(self):
        return sum(min(keyword.least for keyword in self.members[i].keywords) for i in self.required)

    def definition(self):
        lines = [f"  {f'rm::required<{member.cpp}>' if i in self.required else member.cpp} m{i};"
                 for i, member in enumerate(self.members)]
        return "\n".join([f"struct {self.name} {{"] + lines + ["};\n"])

    def show(self, variable):
        """Statements of C++."""
        lines = []
        for i, member in enumerate(self.members):
            if isinstance(member, OneOf):
                lines += ['show(out_, %s.m%d.get<"%s">());' % (variable, i, keyword.token.decode().replace("\\", "\\\\"))
                          for keyword in member.keywords]
            else:
                lines.append(f"show(out_, {variable}.m{i});")
        return lines

    def find(self, word):
        for keyword in self.keywords:
            if keyword.token.lower() == word.lower():
                return keyword
        return None

    def read(self, cursor):
        given = {}
        while cursor.left():
            keyword = self.find(cursor.words[cursor.at])
            if not keyword:
                break
            cursor.take()
            self.check_beside(keyword, given, cursor.rules)
            value = keyword.read(cursor)
            if keyword.token in given and keyword.kind != "repeated":
                value = given.pop(keyword.token)[0]
            given.setdefault(keyword.token, []).append(value)
        self.check_all(given, cursor.rules)
        return b"".join(shown_member(keyword, given.get(keyword.token, [])) for keyword in self.keywords)

    def check_beside(self, keyword, given, rules):
        if keyword.token in given and keyword.kind != "repeated" and rules.planted != "given_twice":
            raise Refused
        if self.excluded[keyword.token] & set(given) and rules.planted != "no_exclusion":
            raise Refused

    def check_all(self, given, rules):
        for keyword in self.keywords:
            if keyword.token in given and keyword.needs - set(given) and rules.planted != "no_needs":
                raise Refused
        for i in self.required:
            if not set(given) & {keyword.token for keyword in self.members[i].keywords} and rules.planted != "no_required":
                raise Refused

    def invent(self, rng):
        chosen = []
        for i, member in enumerate(self.members):
            if i in self.required or rng.random() < 0.4:
                chosen.append(rng.choice(member.keywords))
        for keyword in list(chosen):
            chosen += [each for each in self.keywords if each.token in keyword.needs and each not in chosen]
        if rng.random() < 0.8:
            chosen = [each for each in chosen if not self.excluded[each.token] & {other.token for other in chosen}] or chosen[:1]
        rng.shuffle(chosen)
        chosen += [each for each in chosen if each.kind == "repeated" and rng.random() < 0.5]
        return [word for keyword in chosen for word in keyword.invent(rng)]

    def documentation(self, words):
        return [member.documentation(i not in self.required) for i, member in enumerate(self.members)]


def shown_member(keyword, values):
    if keyword.kind == "flag":
        return b"f%d;" % len(values)
    if keyword.kind == "repeated":
        return b"r%d;" % len(values) + b"".join(values)
    return b"o%d;" % len(values) + b"".join(values)


def invent_shape(rng, names, kind):
    choice = rng.random()
    if choice < 0.45:
        return invent_value(rng, names)
    if choice < 0.6:
        return Several([invent_value(rng, names) for _ in range(rng.randint(2, 4))], rng.random() < 0.3)
    if choice < 0.75:
        return invent_counted(rng, names, () if kind == "repeated" else ("read", "write", "name"))
    return invent_key(rng, ("name",) if kind == "repeated" else ("read", "write", "name"))


def invent_keyword(rng, names, token, kinds):
    kind = rng.choice(kinds)
    shape = None if kind == "flag" else invent_shape(rng, names, kind)
    value_names = []
    if rng.random() < 0.4:
        value_names = [names.fresh("n") for _ in range(rng.randint(1, max(1, shape.least if shape else 1)))]
    return Keyword(token, kind, shape, value_names)


def invent_options(rng, names):
    tokens = rng.sample(TOKENS, rng.choice([1, 2, 3, 4, 5, 6, 8, 12]))
    members = []
    while tokens and len(members) < 16:
        if rng.random() < 0.25 and len(tokens) > 1:
            group = [tokens.pop() for _ in range(rng.randint(2, min(4, len(tokens))))]
            members.append(OneOf([invent_keyword(rng, names, token, ("flag", "flag", "option")) for token in group]))
        else:
            members.append(Single(invent_keyword(rng, names, tokens.pop(), ("flag", "option", "option", "repeated"))))
    keywords = [keyword for member in members for keyword in member.keywords]
    for keyword in keywords:
        others = [other.token for other in keywords if other is not keyword]
        if others and rng.random() < 0.15:
            keyword.needs.add(rng.choice(others))
        if others and rng.random() < 0.15:
            keyword.excludes.add(rng.choice(others))
    required = {i for i in range(len(members)) if rng.random() < 0.12}
    return Options(names.fresh("options"), members, required)
