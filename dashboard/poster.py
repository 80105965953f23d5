"""The results of a run on one sheet, for a slide or a printout: figures and charts, drawn as one picture.

Pure: from results and their charts to SVG. Whatever it says in words is escaped.
"""

import re
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from dashboard.charts import rows_of, weighted_rows_of
from dashboard.templating import count, decimal, percent, range_of, signed
from feedback.results import figures
from feedback.results.figures import Figure
from feedback.results.results import QuestionResult, Results
from feedback.results.shown_results import TOO_FEW_HERE
from feedback.results.verdicts import TITLE

WIDTH, MARGIN, GUTTER = 1280, 48, 32
COLUMN = (WIDTH - 2 * MARGIN - GUTTER) // 2
INK, MUTED, LINE, DOUBTFUL = "#1d1f22", "#5b6068", "#e1e4e8", "#8a4b00"
FONT = "Liberation Sans, Helvetica, Arial, sans-serif"
TOP, HEAD, QUOTE, ROW, TITLE_ROW = 200, 74, 24, 19, 24
LETTER = 0.56  # of the size of the letters: how wide one is on average
_SIZE = re.compile(r'<svg[^>]*?\bwidth="([\d.]+)"[^>]*?\bheight="([\d.]+)"')
_NAMED = re.compile(r'(\bid="|url\(#|href="#)')

Drawn = tuple[QuestionResult, str]  # a question, and its chart as SVG; empty where it has none


def poster(results: Results, drawn: Sequence[Drawn], at: datetime) -> str:
    """Return everything as one SVG, two charts beside each other."""
    head, top = _head(results, at)
    ends, body = [top, top], []
    for number, (one, chart) in enumerate(drawn):
        side = 0 if ends[0] <= ends[1] else 1
        x, y = MARGIN + side * (COLUMN + GUTTER), ends[side]
        piece, height = _question(one, chart, number, x, y)
        body.append(piece)
        ends[side] = y + height + 28
    height = max(ends) + 40
    foot = "Ranges are 95 % intervals. They say nothing about people who did not answer."
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{WIDTH}" '
        f'height="{height}" viewBox="0 0 {WIDTH} {height}" font-family="{FONT}">'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>{head}{"".join(body)}'
        f"{_text(foot, MARGIN, height - 28, 13, MUTED)}</svg>"
    )


def _head(results: Results, at: datetime) -> tuple[str, int]:
    """Return what stands above the questions, and where these begin."""
    run, rate = results.run, figures.share(results.n, results.reached)
    when = f"{at.astimezone(UTC):%d %b %Y, %H:%M} UTC".lstrip("0")
    why = [one.words for one in results.verdict.reasons]
    doubts = _lines([f"{TITLE}. {why[0]}", *why[1:]] if why else [], 15, WIDTH - 2 * MARGIN)
    about = f"{run.run} to {run.audience}, as of {when}. {results.withheld}".rstrip()
    told = [("Answered", count(results.n), f"of {count(results.reached)} reached")]
    if results.reached:
        told.append(("Response rate", percent(rate.value), _ranged(rate, "percent")))
    told += [("NPS", signed(one.nps.value), _ranged(one.nps, "signed")) for one in results.questions if one.nps]
    tiles = [
        _text(name, MARGIN + 250 * place, 122, 13, MUTED)
        + _text(value, MARGIN + 250 * place, 152, 28, INK, is_bold=True)
        + _text(small, MARGIN + 250 * place + 12 + 17 * len(value), 152, 13, MUTED)
        for place, (name, value, small) in enumerate(told[:4])
    ]
    title = _text(_cut(run.survey.title, 30, WIDTH - 2 * MARGIN), MARGIN, 64, 30, INK, is_bold=True)
    warning = [_text(one, MARGIN, 178 + ROW * n, 15, DOUBTFUL, is_bold=True) for n, one in enumerate(doubts)]
    about = _text(_cut(about, 15, WIDTH - 2 * MARGIN), MARGIN, 90, 15, MUTED)
    return f"{title}{about}{''.join(tiles)}{''.join(warning)}", TOP + ROW * max(0, len(doubts) - 1)


def _question(one: QuestionResult, chart: str, number: int, x: int, y: int) -> tuple[str, int]:
    """Return a question's piece and its height."""
    asked = _lines([one.question.text], 17, COLUMN)
    below = y + 24 + TITLE_ROW * len(asked)
    told = [(line, MUTED) for line in _lines(_figures(one), 14, COLUMN)]
    told += [(line, DOUBTFUL) for line in _lines([f"{TITLE}: {each.words}" for each in one.verdict.own], 14, COLUMN)]
    parts = [
        f'<path d="M{x} {y}h{COLUMN}" stroke="{LINE}"/>',
        *(_text(line, x, y + 24 + TITLE_ROW * n, 17, INK, is_bold=True) for n, line in enumerate(asked)),
        *(_text(line, x, below + ROW * n, 14, ink) for n, (line, ink) in enumerate(told)),
    ]
    head = HEAD + TITLE_ROW * (len(asked) - 1) + ROW * (len(told) - 1)
    size = _SIZE.search(chart)
    if size is not None:
        scale = COLUMN / float(size[1])
        parts.append(f'<g transform="translate({x} {y + head - 12}) scale({scale:.4f})">{_apart(chart, number)}</g>')
        return "".join(parts), head + int(float(size[2]) * scale)
    parts += [
        _text(_cut(f"“{words}”", 15, COLUMN), x, y + head + 4 + line * QUOTE, 15, INK)
        for line, words in enumerate(one.latest)
    ]
    return "".join(parts), head + QUOTE * len(one.latest)


def _figures(one: QuestionResult) -> list[str]:
    if one.is_withheld:
        return [TOO_FEW_HERE]
    told = [f"{count(one.n)} {'answer' if one.n == 1 else 'answers'}"]
    if one.nps:
        told.append(f"NPS {signed(one.nps.value)} {_ranged(one.nps, 'signed')}")
    elif one.mean:
        told.append(f"mean {decimal(one.mean.value)} {_ranged(one.mean, 'decimal')}")
    if one.median:
        told.append(f"median {decimal(one.median.value)} {_ranged(one.median, 'decimal')}")
    return [" · ".join(told), *_weighted(one)]


def _weighted(one: QuestionResult) -> list[str]:
    """Return the same weighted, as the chart is of raw figures; nothing where there are no weights."""
    weighted = one.weighted
    if weighted is None:
        return []
    if weighted.nps:
        said = f"NPS {signed(weighted.nps.value)} {_ranged(weighted.nps, 'signed')}"
    elif weighted.mean:
        said = f"mean {decimal(weighted.mean.value)} {_ranged(weighted.mean, 'decimal')}"
    else:
        labels = [label for label, _ in rows_of(one)]
        shares = zip(labels, weighted_rows_of(one), strict=False)
        said = ", ".join(f"{label} {percent(share.value)}" for label, share in shares)
    worth = weighted.precision
    effective = f"effective n {count(int(worth.n_effective))} of {count(worth.n)}"
    return [f"Weighted: {said}; {effective}, design effect {worth.design_effect:.2f}"]


def _ranged(figure: Figure, written: str) -> str:
    if figure.is_thin or figure.interval is None:
        return f"(n {count(figure.n)}, too few to say more)"
    return f"(95 %: {range_of(figure.interval, written)})"


def _text(words: str, x: int, y: int, size: int, color: str, *, is_bold: bool = False) -> str:
    weight = ' font-weight="bold"' if is_bold else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{color}"{weight}>{escape(words)}</text>'


def _lines(paragraphs: Sequence[str], size: int, width: int) -> list[str]:
    """Return paragraphs in lines, so that nothing of them is cut off."""
    most = int(width / (size * LETTER))
    return [line for one in paragraphs for line in textwrap.wrap(_plain(one), most)]


def _plain(words: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in words).split())


def _cut(words: str, size: int, width: int) -> str:
    most = int(width / (size * LETTER))
    plain = _plain(words)
    return plain if len(plain) <= most else f"{plain[: most - 1].rstrip()}…"


def _apart(chart: str, number: int) -> str:
    """Return a chart whose names are its own, so that two in one picture do not mean each other's."""
    return _NAMED.sub(rf"\g<1>c{number}-", chart)
