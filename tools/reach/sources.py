"""Reads the library's sources far enough to say which public wrapper ends in which function of the module API.

No compiler: the sources have one style, and what matters is where a function begins, what it is called, in which class
and namespace it is, and which names its body mentions.
"""

import collections
import pathlib
import re

COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n]){1,4}\'', re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
CALL = re.compile(r"\bapi\.([A-Z_]\w+)")
NAME = re.compile(r"((?:\w+(?:<[^();]*?>)?::)*(?:operator\s*[^\s(\w]+|operator [\w:]+(?:<[^()]*>)?|~?\w+))\s*\(")
NO_NAMES = {"noexcept", "decltype", "requires", "asm", "__attribute__", "alignas", "sizeof", "static_assert", "explicit", "if"}
CLASS = re.compile(r"^(?:friend )?(?:class|struct|union)\s+(?:\[\[[^]]*\]\]\s*)*([\w:]+)([^;]*)$", re.S)
NAMESPACE = re.compile(r"^(?:inline )?namespace\s*([\w:]*)$")
MACRO = re.compile(r"^#define REDISMODULE_\w+(?:[^\n]*\\\n)*[^\n]*", re.M)
ACCESS = re.compile(r"^(public|protected|private)$")

# Something with a body: a function, or a variable whose initializer names functions.
Function = collections.namedtuple("Function", "file spaces classes name access body")
# What is declared in a class, or of a class: its data members and bases.
Mention = collections.namedtuple("Mention", "file spaces classes text access")


def drop_balanced(text, opening, closing):
    """What follows the first balanced pair in a text that begins with its opening."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char == opening) - (char == closing)
        if depth == 0:
            return text[at + 1:]
    return ""


def drop_prefixes(head):
    """A declaration without its template head, attributes and constraints."""
    while True:
        head = head.lstrip()
        if head.startswith("[["):
            head = head[head.index("]]") + 2:]
        elif re.match(r"template\s*<", head):
            head = drop_balanced(head[head.index("<"):], "<", ">")
        elif re.match(r"requires\s*\(", head):
            head = drop_balanced(head[head.index("("):], "(", ")")
        elif re.match(r"requires\s+[\w:]+\s*(<|\s)", head):
            rest = re.sub(r"^requires\s+[\w:]+\s*", "", head)
            head = drop_balanced(rest, "<", ">") if rest.startswith("<") else rest
        elif re.match(r"&&|\|\|", head):
            rest = re.sub(r"^(&&|\|\|)\s*!?[\w:]*\s*", "", head)
            head = drop_balanced(rest, rest[0], ">" if rest[0] == "<" else ")") if rest[:1] in ("<", "(") else rest
        else:
            return head


def name_in(head):
    """The declared function's name with its qualifiers, or None."""
    for match in NAME.finditer(head):
        if match[1].split("::")[-1] not in NO_NAMES:
            return re.sub(r"<[^<>]*(?:<[^<>]*>[^<>]*)*>(?=::)", "", match[1])
    return None


def is_initializer(head):
    """Whether the brace after this head begins a member's initial value in a constructor."""
    return re.search(r"\)\s*(?:noexcept\s*)?:[^:]", head) and re.search(r"[\w>]\s*$", head)


class Scope:
    def __init__(self, kind, name="", access="public"):
        self.kind, self.name, self.access = kind, name, access


class Reader:
    """One file."""

    def __init__(self, path, text):
        self.file = path
        text = COMMENT.sub(lambda found: '""' if found[0][0] in "R\"" else " ", text)
        self.text = DIRECTIVE.sub("", text)
        self.functions, self.mentions = [], []
        self.scopes = []
        self.at = 0
        self.read()

    def spaces(self):
        return tuple(part for s in self.scopes if s.kind == "namespace" for part in s.name.split("::"))

    def classes(self):
        return tuple(s.name for s in self.scopes if s.kind == "class")

    def access(self):
        order = ("public", "protected", "private")
        return max((s.access for s in self.scopes if s.kind == "class"), key=order.index, default="public")

    def balanced(self):
        """Past the brace that the one at `at` opens; the text between them."""
        begin, depth = self.at, 0
        while True:
            char = self.text[self.at]
            depth += (char == "{") - (char == "}")
            self.at += 1
            if depth == 0:
                return self.text[begin + 1:self.at - 1]

    def read(self):
        head, extra, parens = "", "", 0
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in "([":
                parens += 1
            elif char in ")]":
                parens -= 1
            if parens > 0 and char == "{":
                extra += self.balanced()
                head += "{}"
                continue
            if parens > 0 or char not in "{};:":
                head += char
            elif char == ":":
                if self.scopes and self.scopes[-1].kind == "class" and ACCESS.match(head.strip()):
                    self.scopes[-1].access = head.strip()
                    head = ""
                else:
                    head += char
            elif char == "{":
                if is_initializer(head):
                    extra += " " + self.balanced() + " "
                    head += "{}"
                    continue
                if self.open(head, extra):
                    head, extra = "", ""
                    continue
                head, extra = "", ""
            elif char == ";":
                self.declare(head + extra)
                head, extra = "", ""
            else:
                if self.scopes:
                    self.scopes.pop()
                head, extra = "", ""
            self.at += 1

    def open(self, head, extra):
        """At a brace. Whether what is in it was read as a whole."""
        head = drop_prefixes(re.sub(r"\s+", " ", head))
        space = NAMESPACE.match(head.strip())
        if space or head.strip() in ('extern ""',):
            self.scopes.append(Scope("namespace", space[1] if space else "extern"))
            return False
        made = CLASS.match(head.strip())
        if made and "(" not in head:
            name = made[1]
            self.scopes.append(Scope("class", name, "private" if head.startswith("class") else "public"))
            self.mentions.append(Mention(self.file, self.spaces(), self.classes(), made[2], self.access()))
            return False
        body = self.balanced()
        if head.startswith("enum") or " concept " in " " + head or head.startswith("concept"):
            return True
        before = head.split("=")[0] if re.search(r"[^=!<>]=\s*[^=]*$", head) and "(" not in head.split("=")[0] else head
        name = name_in(head) if before == head else None
        if name is None:
            words = re.findall(r"\w+", re.sub(r"\[[^]]*\]", "", before))
            name = words[-1] if words else ""
        self.add(name, head[head.find("("):] + " " + extra + " " + body)
        return True

    def add(self, name, body):
        *qualifiers, last = name.split("::")
        if last in NO_NAMES:
            return
        classes = self.classes() + tuple(qualifiers)
        self.functions.append(Function(self.file, self.spaces(), classes, last, self.access(), body))

    def declare(self, head):
        head = drop_prefixes(re.sub(r"\s+", " ", head))
        if head.strip():
            self.mentions.append(Mention(self.file, self.spaces(), self.classes(), head, self.access()))


class Sources:
    def __init__(self, root):
        root = pathlib.Path(root)
        paths = sorted(root.glob("include/redismodule/**/*.h")) + sorted(root.glob("src/**/*.cc")) + sorted(root.glob("src/**/*.h"))
        self.functions, self.mentions, self.macro_words = [], [], set()
        for path in paths:
            relative = path.relative_to(root).as_posix()
            if relative.startswith(("src/faults", "include/redismodule/abi", "src/memory_system")):
                continue
            text = path.read_text()
            self.macro_words |= {word for macro in MACRO.findall(text) for word in re.findall(r"\w+", macro)}
            reader = Reader(relative, text)
            self.functions += reader.functions
            self.mentions += reader.mentions
        self.accesses = {(each.classes, name_in(each.text)): each.access for each in self.mentions if "(" in each.text}
        self.public_names = self.find_public_names()
        self.words = {id(f): set(re.findall(r"\w+", f.body)) for f in self.functions}
        self.member_words = collections.defaultdict(set)
        for each in self.mentions:
            if each.classes:
                self.member_words[each.classes].update(re.findall(r"\w+", each.text))

    def find_public_names(self):
        """(classes, name) of all that a public header declares for its readers."""
        names = set()
        for each in self.mentions:
            if self.is_hidden(each) or "(" not in each.text:
                continue
            name = name_in(each.text)
            if name:
                names.add((each.classes, name))
        return names

    @staticmethod
    def is_hidden(each):
        return not each.file.startswith("include/redismodule/") or "detail" in each.spaces or "" in each.spaces or \
            each.access != "public"

    def is_public(self, function):
        if "detail" in function.spaces or "" in function.spaces or function.access != "public":
            return False
        if function.file.startswith("include/"):
            # Defined outside of its class in a header: the class has said whether it is public.
            return not function.classes or self.accesses.get((function.classes, function.name), "public") == "public"
        return (function.classes, function.name) in self.public_names

    def callers(self, function):
        for other in self.functions:
            if other is function or function.name not in self.words[id(other)]:
                continue
            if self.may_call(other, function):
                yield other

    def is_hidden_member(self, function):
        """Of a class that readers know, but not for them."""
        return "detail" not in function.spaces and "" not in function.spaces

    def may_call(self, other, function):
        if "" in function.spaces and other.file != function.file:
            return False
        owner = function.classes[-1] if function.classes else None
        if owner is not None and self.is_hidden_member(function):
            return other.classes[:1] == function.classes[:1]
        if owner is None:
            return not re.search(r"(\.|->)\s*%s\b" % function.name, other.body) or \
                bool(re.search(r"(?<![.>\w])%s\b" % function.name, other.body))
        if owner in other.classes or owner in self.words[id(other)]:
            return True
        mentioned = set()
        for depth in range(len(other.classes)):
            mentioned |= self.member_words[other.classes[:depth + 1]]
        return owner in mentioned and bool(re.search(r"(\.|->|\b)%s\s*[(<]" % re.escape(function.name), other.body))

    def is_in_macro(self, function):
        return not function.classes and "detail" in function.spaces and function.name in self.macro_words

    def holders(self, function):
        """Public classes with a member of the type that this function belongs to."""
        owner = function.classes[-1] if function.classes else None
        for classes, words in self.member_words.items():
            if owner and owner in words and owner not in classes:
                yield classes

    def wrappers(self):
        """From each function of the API that is called to the public names nearest to the call."""
        found = collections.defaultdict(list)
        for function in self.functions:
            for name in set(CALL.findall(function.body)):
                found[name].append(function)
        return {name: self.climb(functions) for name, functions in found.items()}

    def climb(self, functions):
        level, seen = functions, set()
        while level:
            seen |= {id(each) for each in level}
            public = sorted({shown(each) for each in level if self.is_public(each)} |
                            {"REDISMODULE_MODULE()" for each in level if self.is_in_macro(each)})
            if public:
                return public
            level = [other for each in level for other in self.callers(each) if id(other) not in seen]
            level = list({id(each): each for each in level}.values())
        return sorted({"::".join(c) for each in functions for c in self.holders(each) if self.is_open(c)})

    def is_open(self, classes):
        return any(each.classes == classes and each.file.startswith("include/") and "detail" not in each.spaces
                   for each in self.mentions)


def shown(function):
    return "::".join(function.spaces[1:] + function.classes + (function.name,)) + "()"


if __name__ == "__main__":
    for name, public in sorted(Sources(pathlib.Path(__file__).parents[2]).wrappers().items()):
        print(name, ", ".join(public))
