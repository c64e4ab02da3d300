"""Reads rooms.txt: which room each function of the module API belongs to."""

import re


class Rooms:
    def __init__(self, path):
        self.names, self.later, self.room_of, self.instead = [], set(), {}, {}
        with open(path) as file:
            text = re.sub(r"^#.*\n", "", file.read(), flags=re.M)
        for paragraph in re.split(r"\n(?=\S)", text.strip()):
            self.add(*re.match(r"(room|later|without) ([^:]+):(.*)$", paragraph.strip(), re.S).groups())

    def add(self, kind, name, rest):
        if kind == "without":
            self.instead[name] = rest.strip()
            return
        self.names.append(name)
        if kind == "later":
            self.later.add(name)
        for function in rest.split():
            if function in self.room_of:
                raise ValueError("%s is in two rooms: %s and %s" % (function, self.room_of[function], name))
            self.room_of[function] = name

    def is_later(self, function):
        return self.room_of[function] in self.later

    def faults(self, functions):
        """What does not fit to the table of functions."""
        known = set(functions)
        yield from ("%s: in no room of rooms.txt" % name for name in sorted(known - set(self.room_of)))
        yield from ("%s: in rooms.txt, and not in functions.inc" % name for name in sorted(set(self.room_of) - known))
        yield from ("%s: without a wrapper, and in no room" % name for name in sorted(set(self.instead) - set(self.room_of)))
