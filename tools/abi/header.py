"""Reads the declarations of a module API out of C headers: an official one, or our own structs.h."""

import re
import subprocess


class Struct:
    def __init__(self, name, members):
        self.name = name
        self.members = members  # paths, as in "bs.index.pos", in the order of the layout


class Header:
    """What an official header declares, under the names without the family's prefix."""

    def __init__(self, path, compiler):
        self.path = path
        self.prefix = "Valkey" if "valkeymodule" in path.rsplit("/", 1)[-1] else "Redis"
        self.macro_prefix = self.prefix.upper() + "MODULE_"
        text = preprocess(compiler, path, ["-P"])
        # The text of the headers that it includes is not of interest: none of it has the prefix.
        self.text = re.sub(r"\s+", " ", text)
        self.macros = find_macros(preprocess(compiler, path, ["-dM"]), self.macro_prefix)
        self.functions = set(re.findall(r"\(\s*\*\s*%sModule_(\w+)\s*\)" % self.prefix, self.text)) - {"GetApi"}
        self.callbacks = self.find_callbacks()
        self.enums = self.find_enums()
        self.structs = {strip_version(s.name): s for s in find_structs(self.text, self.prefix + "Module")}
        self.opaque = self.find_opaque()
        self.events = self.find_events()

    def find_callbacks(self):
        found = re.findall(r"typedef [^;{}()]*\(\s*\*\s*%sModule(\w+)\s*\)\s*\(" % self.prefix, self.text)
        return sorted(set(found))

    def find_enums(self):
        """Enumerators by the name of their type."""
        enums = {}
        pattern = r"typedef enum(?: \w+)? \{([^}]*)\} %sModule(\w+);" % self.prefix
        for body, name in re.findall(pattern, self.text):
            enums[name] = [part.split("=")[0].strip() for part in body.split(",") if part.strip()]
        return enums

    def find_opaque(self):
        """Structs that are only named: (tag, name of the typedef)."""
        found = re.findall(r"typedef struct (\w+) %sModule(\w+);" % self.prefix, self.text)
        return sorted({name for _, name in found} - set(self.structs))

    def find_events(self):
        pattern = r"%sModuleEvent_(\w+) = \{ ?(\d+), ?(\d+) ?\}" % self.prefix
        return {name: (int(number), int(version)) for name, number, version in re.findall(pattern, self.text)}


def preprocess(compiler, path, options):
    command = [compiler, "-E", "-x", "c", "-DREDISMODULE_EXPERIMENTAL_API", *options, path]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def find_macros(text, prefix):
    """Macros that stand for a value: the rest are compiler attributes, initializers and parts of structs."""
    macros = {}
    for name, body in re.findall(r"^#define %s(\w+) (\S.*)$" % prefix, text, re.M):
        is_value = not body.startswith(("{", "struct", "__attribute__", prefix + "ATTR"))
        if is_value and name not in ("API", "ATTR", "EXPERIMENTAL_API"):
            macros[name] = body
    return macros


def strip_version(name):
    """The first version of a struct goes by its plain name; later ones by theirs, unless they are the last."""
    return name[:-2] if name.endswith("V1") else name


def find_structs(text, prefix, keyword="typedef struct"):
    """All `typedef struct tag { … } prefixName;` (with the keyword struct: `struct prefixName { … };`)."""
    structs = []
    for match in re.finditer(r"%s (\w+ )?\{" % keyword, text):
        end = matching_brace(text, match.end() - 1)
        name = match.group(1) if keyword == "struct" else text[end + 1:text.index(";", end)]
        name = (name or "").strip()
        if name.startswith(prefix):
            structs.append(Struct(name[len(prefix):], members_of(text[match.end():end])))
    return structs


def matching_brace(text, start):
    depth = 0
    for i in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth == 0:
            return i
    raise ValueError("no closing brace after: " + text[start:start + 60])


def members_of(body):
    paths = []
    rest = body.strip()
    while rest:
        nested = re.match(r"(struct|union)( \w+)? ?\{", rest)
        if nested:
            end = matching_brace(rest, nested.end() - 1)
            stop = rest.index(";", end)
            name = rest[end + 1:stop].strip()
            inner = members_of(rest[nested.end():end])
            paths += [f"{name}.{path}" if name else path for path in inner]
        else:
            stop = rest.index(";")
            if stop:
                paths.append(declared_name(rest[:stop]))
        rest = rest[stop + 1:].strip()
    return paths


def declared_name(declaration):
    pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)\s*\(", declaration)
    if pointer:
        return pointer.group(1)
    return re.search(r"(\w+)\s*(\[[^\]]*\])?\s*$", declaration).group(1)
