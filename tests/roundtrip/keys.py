"""Keys as arguments, from docs/commands.md: what the handler gets, and what the server is told is done to them."""

from values import Refused, shown_bytes

# What the server under test holds: the size of each key by its name. Any other name is missing.
HELD = {"list": 3, "hash": 4, "sorted_set": 5, "set": 6, "stream": 2, "string_key": 7}
NAMES = [b"%s:%d" % (kind.encode(), i) for kind in HELD for i in (1, 2)]
MISSING = [b"none:1", b"none:2", b"", b"*", b"a b", b"none\r\n:3", b"\0\xfe", b"-1", b"1", b"2"]


def kind_of(name):
    return name.split(b":")[0].decode() if name in NAMES else None


class Key:
    """`view`: read, write or name, which is not opened. `kind`: of value, any_key for all."""

    least = 1
    is_key = True
    doc = "key"

    def __init__(self, view, kind, access, by_default):
        self.view, self.kind, self.access = view, kind, access
        spelled = "" if by_default else " | ".join(f"rm::access::{each}" for each in access) or "rm::access::none"
        parts = [spelled] if view == "name" else [f"rm::{kind}", spelled]
        self.cpp = f"rm::{'key_name' if view == 'name' else view}<{', '.join(part for part in parts if part)}>"

    @property
    def is_written(self):
        if self.view == "name":
            return bool(set(self.access) - {"read"})
        return self.view == "write"

    def flags(self):
        """The flags of a key spec, as COMMAND GETKEYSANDFLAGS spells them."""
        flags = {"read": "access", "update": "update", "insert": "insert", "remove": "delete"}
        found = {flags[each] for each in self.access if each in flags}
        if "erase" in self.access:
            return found | {"RM", "delete"}
        if not self.is_written:
            return found | {"RO"}
        return found | {"OW" if "overwrite" in self.access else "RW"}

    def read(self, cursor):
        name = cursor.take()
        cursor.keys.append((cursor.at - 1, name, frozenset(self.flags())))
        if self.view == "name":
            return b"n" + shown_bytes(name)
        held = kind_of(name)
        if held and self.kind not in (held, "any_key") and cursor.rules.planted != "any_type":
            cursor.wrong_type = True
        return b"k%s=%d;" % (shown_bytes(name), HELD[held] if held else 0)

    def invent(self, rng):
        right = [name for name in NAMES if self.kind in ("any_key", kind_of(name))]
        return rng.choice(rng.choice([right, MISSING]) if self.view != "name" else NAMES + MISSING)

    def spoil(self, rng):
        return rng.choice(NAMES)

    def documentation(self, name):
        return {"name": name, "type": "key"}


def invent_key(rng, kinds=("read", "write", "name")):
    view = rng.choice(kinds)
    kind = rng.choice(["any_key"] + list(HELD)) if view != "name" else None
    default = {"read": ["read"], "write": ["read", "update"], "name": ["read"]}[view]
    if rng.random() < 0.5:
        return Key(view, kind, default, by_default=True)
    if view == "read":
        return Key(view, kind, rng.choice([["read"], []]), by_default=False)
    of_writing = [["update"], ["insert"], ["remove"], ["read", "update"], ["read", "remove"], ["erase"],
                  ["overwrite", "update"], ["overwrite", "insert"], ["overwrite"], ["read", "insert"], ["read", "erase"]]
    return Key(view, kind, rng.choice(of_writing + [["read"]] * (3 * (view == "name"))), by_default=False)


class Naming:
    """A function of the author's that names the keys: rm::keys_by. Every `step`-th argument from the `start`-th on; with
    `beyond` also one that is not there, which is left out."""

    def __init__(self, start, step, flags, beyond):
        self.start, self.step, self.flags, self.beyond = start, step, flags, beyond

    def definition(self, name):
        flags = "".join(f" | rm::key_flags::{flag}" for flag in self.flags).removeprefix(" | ")
        given = f", {flags}" if flags else ""
        more = f" out.add(all.size() + {self.step}{given});" if self.beyond else ""
        return (f"void {name}(rm::args all, rm::positions& out) {{ for (std::size_t i = {self.start}; i < all.size(); "
                f"i += {self.step}) out.add(i{given});{more} }}\n")

    def keys(self, words, rules):
        spelled = {"ro": "RO", "rw": "RW", "ow": "OW", "rm": "RM", "remove": "delete"}
        flags = frozenset(spelled.get(flag, flag) for flag in self.flags or ["rw", "access", "update"])
        last = len(words) - (1 if rules.planted == "function_keys" else 0)
        return [(i, words[i], flags) for i in range(self.start, last, self.step)]


def invent_naming(rng):
    flags = rng.choice([[], [], ["ro", "access"], ["rw", "update"], ["ow", "insert"], ["rm", "remove"], ["rw", "access", "update"]])
    return Naming(rng.choice([0, 0, 1, 2]), rng.choice([1, 1, 2]), flags, rng.random() < 0.3)
