"""What was measured: tables, and bars that were kept or missed; in the terminal and as Markdown."""


class Report:
    def __init__(self):
        self.parts = []  # Markdown, in order
        self.bars = []   # (what, measured, limit, kept)

    def section(self, title, text=""):
        print(f"\n== {title}")
        self.parts.append(f"## {title}\n")
        if text:
            print(text)
            self.parts.append(text + "\n")

    def note(self, text):
        print(text)
        self.parts.append(text + "\n")

    def picture(self, name, caption):
        self.parts.append(f"![{caption}](img/{name})\n")

    def table(self, header, rows):
        cells = [[show(cell) for cell in row] for row in [header] + rows]
        widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
        for number, row in enumerate(cells):
            print("  " + "  ".join(align(cell, width, i) for i, (cell, width) in enumerate(zip(row, widths))))
            if number == 0:
                print("  " + "  ".join("-" * width for width in widths))
        lines = ["| " + " | ".join(row) + " |" for row in cells]
        lines.insert(1, "| --- |" + " ---: |" * (len(header) - 1))
        self.parts.append("\n".join(lines) + "\n")

    def bar(self, what, measured, limit, kept):
        self.bars.append((what, measured, limit, kept))

    def at_most(self, what, measured, limit, unit="", digits=0):
        """The measured figure is compared as it is printed, so that what is shown decides."""
        shown = round(measured, digits)
        self.bar(what, f"{shown:.{digits}f}{unit}", f"at most {limit:g}{unit}", shown <= limit)

    def all_kept(self):
        return all(kept for *_, kept in self.bars)

    def finish(self):
        self.section("Bars")
        self.table(["bar", "measured", "wanted", ""],
                   [[what, measured, limit, "kept" if kept else "MISSED"] for what, measured, limit, kept in self.bars])

    def markdown(self):
        return "\n".join(self.parts)


def show(cell):
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:.1f}"
    return str(cell)


def align(cell, width, column):
    return cell.ljust(width) if column == 0 else cell.rjust(width)


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
