"""A calibration plot as SVG, written by hand: drawing libraries are not part of the product."""

from collections.abc import Sequence
from html import escape

from assistant.evaluation.judging.agreement import Agreement

SIDE, MARGIN = 320, 44
COLOURS = ("#b3401f", "#4a5a6a", "#2f7d5b")


def calibration_plot(agreements: Sequence[Agreement]) -> str:
    """Draw what judges said against what was found, a dot a bin; on the diagonal they are calibrated."""
    drawn = [one for one in agreements if one.bins]
    whole = SIDE + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" font-size="12">',
        f'<rect width="{whole}" height="{whole}" fill="white"/>',
        f'<path d="M{_x(0)} {_y(0)}H{_x(1)}M{_x(0)} {_y(0)}V{_y(1)}" stroke="black" fill="none"/>',
        f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="#bbbbbb" stroke-dasharray="4"/>',
        f'<text x="{_x(0.5)}" y="{whole - 8}" text-anchor="middle">judged probability</text>',
        f'<text transform="translate(14 {_y(0.5)}) rotate(-90)" text-anchor="middle">share wrong</text>',
    ]
    for tick in (0.0, 0.5, 1.0):
        parts.append(f'<text x="{_x(tick)}" y="{_y(0) + 16}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="{_x(0) - 6}" y="{_y(tick) + 4}" text-anchor="end">{tick:g}</text>')
    for row, one in enumerate(drawn):
        colour = COLOURS[row % len(COLOURS)]
        points = " ".join(f"{_x(each.said)},{_y(each.found)}" for each in one.bins)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}"/>')
        parts += [
            f'<circle cx="{_x(each.said)}" cy="{_y(each.found)}" r="3.5" fill="{colour}">'
            f"<title>said {each.said:.2f}, found {each.found:.2f}, {each.count} answers</title></circle>"
            for each in one.bins
        ]
        parts.append(
            f'<text x="{_x(0) + 10}" y="{_y(1) + 14 + 16 * row}" fill="{colour}">{escape(one.name)}</text>'
        )
    return "\n".join([*parts, "</svg>\n"])


def _x(value: float) -> float:
    return round(MARGIN + SIDE * value, 1)


def _y(value: float) -> float:
    return round(MARGIN + SIDE * (1.0 - value), 1)
