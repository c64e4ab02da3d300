"""Makes a module of the samples of a page: a frame of what a page leaves out, with the samples in it.

usage: fill_frame.py PAGE FRAME OUTPUT [SAMPLE...]     SAMPLE: a number of one that stands in another frame

A line `@3@` of the frame stands for the page's third sample, `@3:2-5@` for lines 2 to 5 of it. Every line of every sample
has to stand somewhere in the frame. Where a sample has `…`, a call of seen() takes what the line names in brackets.
"""

import re
import sys

SAMPLE = re.compile(r"^```cpp\n(.*?)^```$", re.M | re.S)
MARK = re.compile(r"^\s*@(\d+)(?::(\d+)-(\d+))?@$")
BINDING = re.compile(r"auto&? \[([\w, ]+)\]")


def finished(line):
    names = BINDING.search(line)
    return line.replace("…", "seen(%s);" % (names[1] if names else ""))


def main():
    page, frame, output, *elsewhere = sys.argv[1:]
    with open(page, encoding="utf-8") as file:
        samples = [sample.splitlines() for sample in SAMPLE.findall(file.read())]
    unused = {(s + 1, line + 1) for s, sample in enumerate(samples) for line, text in enumerate(sample) if text.strip()}
    unused -= {place for place in unused if str(place[0]) in elsewhere}
    made = []
    with open(frame, encoding="utf-8") as file:
        for text in file.read().splitlines():
            mark = MARK.match(text)
            if not mark:
                made.append(text)
                continue
            number = int(mark[1])
            if number > len(samples):
                sys.exit("%s: there is no sample %d in %s" % (frame, number, page))
            first, last = int(mark[2] or 1), int(mark[3] or len(samples[number - 1]))
            made += [finished(line) for line in samples[number - 1][first - 1:last]]
            unused -= {(number, line) for line in range(first, last + 1)}
    if unused:
        sys.exit("%s: of %s these lines stand nowhere (sample, line): %s" % (frame, page, sorted(unused)))
    with open(output, "w", encoding="utf-8") as file:
        file.write("\n".join(made) + "\n")


if __name__ == "__main__":
    main()
