"""Bar charts as SVG, written by hand: readable on a light and on a dark page."""

from html import escape

COLOURS = ["#5b8ff9", "#f6bd16", "#5ad8a6", "#e8684a", "#9270ca", "#8d99ae"]
ROW = 18
GAP = 14
LEFT = 190
WIDTH = 900
TOP = 64


def bar_chart(title, unit, series, groups):
    """`series`: names. `groups`: (name, one value for each series, or None where there is none)."""
    shown = [value for _, values in groups for value in values if value is not None]
    largest = max(shown) if shown else 1
    parts = [legend(series)]
    y = TOP
    for name, values in groups:
        middle = y + ROW * len(values) / 2 + 4
        parts.append(text(LEFT - 10, middle, name, anchor="end"))
        for index, value in enumerate(values):
            if value is not None:
                parts.append(bar(y, value, largest, COLOURS[index % len(COLOURS)], f"{name}, {series[index]}", unit))
            y += ROW
        y += GAP
    height = y + 6
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" '
            f'height="{height:g}" font-family="system-ui, sans-serif" font-size="12" fill="#808890">\n')
    heading = f'<text x="10" y="22" font-size="15" font-weight="600">{escape(title)}</text>\n'
    return head + heading + "".join(parts) + "</svg>\n"


def bar(y, value, largest, colour, label, unit):
    room = WIDTH - LEFT - 90
    length = max(1.0, room * value / largest)
    words = f"{value:.1f}{unit}" if value < 100 else f"{value:.0f}{unit}"
    return (f'<rect x="{LEFT}" y="{y + 2}" width="{length:.1f}" height="{ROW - 4}" rx="2" fill="{colour}">'
            f"<title>{escape(label)}: {escape(words)}</title></rect>\n"
            + text(LEFT + length + 6, y + ROW / 2 + 4, words))


def legend(series):
    parts = []
    x = 10
    for index, name in enumerate(series):
        colour = COLOURS[index % len(COLOURS)]
        parts.append(f'<rect x="{x}" y="36" width="12" height="12" rx="2" fill="{colour}"/>\n')
        parts.append(text(x + 17, 46, name))
        x += 34 + 6.6 * len(name)
    return "".join(parts)


def text(x, y, words, anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>\n'
