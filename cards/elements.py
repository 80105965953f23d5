"""The building blocks of every card, in Adaptive Cards 1.5, and the treatment of people's words.

Words of people go into a card in one of two ways: `verbatim` shows a whole text as it was written, in an element
that knows no Markdown; `escape` makes a text safe to stand inside a sentence of ours. Nothing else may carry them.
Knows nothing of surveys, runs or people.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from feedback.language import ENGLISH, current, is_right_to_left, isolated
from feedback.surveys.questions import without_controls

Card = dict[str, object]
Element = dict[str, object]

SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
VERSION = "1.5"  # the highest that Teams promises for cards sent by bots
ELLIPSIS = "…"
_METER = 100  # parts of a meter
_BAR_CELLS = 10  # fits beside a count on a phone 320 px wide

# Zero width, and no part of any Markdown: it breaks a construct apart and nobody sees it. Backslashes alone will
# not do for links, because the parser of the mobile clients takes "\[a](b)" for a link all the same.
_GAP = "\u200b"
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # left open, they turn around what stands after them
_FUNCTIONS = re.compile(r"(?<=\{)(?=\{)")  # {{DATE(…)}} is computed by the client, in every kind of text
_CONSTRUCTS = re.compile(r"(?<=\])(?=[(:])|(?<=<)(?=[A-Za-z/!?])|(?<=&)(?=#?\w+;)")  # links, tags, entities
_MARKS = re.compile(r"[\\`*_~]")
_LINE_STARTS = re.compile(r"^[ \t]*(?=[-+#>=|:])|^[ \t]*(\d+)(?=[.)])|^[ \t]+", re.MULTILINE)


class Color(StrEnum):
    """Colours that every theme redefines, so that they read in light, dark and high contrast."""

    DEFAULT = "default"
    ACCENT = "accent"
    GOOD = "good"
    WARNING = "warning"
    ATTENTION = "attention"


class Style(StrEnum):
    """How much a button stands out."""

    DEFAULT = "default"
    POSITIVE = "positive"
    DESTRUCTIVE = "destructive"


def card(body: Sequence[Element], actions: Sequence[Element] = (), *, fallback: str) -> Card:
    """Return a whole card. `fallback` is read where the client cannot show it; it may contain Markdown."""
    whole: Card = {
        "$schema": SCHEMA,
        "type": "AdaptiveCard",
        "version": VERSION,
        "fallbackText": fallback,
        "body": list(body),
    }
    if is_right_to_left():
        whole["rtl"] = True
    return {**whole, "actions": list(actions)} if actions else whole


def heading(sentence: str) -> Element:
    """Return the card's title, announced as a heading by screen readers."""
    return {
        "type": "TextBlock",
        "text": sentence,
        "size": "large",
        "weight": "bolder",
        "wrap": True,
        "style": "heading",
    }


def text(sentence: str, *, color: Color = Color.DEFAULT, is_bold: bool = False) -> Element:
    """Return a paragraph of our own words, Markdown included; people's words in it are escaped."""
    block: Element = {"type": "TextBlock", "text": sentence, "wrap": True}
    if color is not Color.DEFAULT:
        block["color"] = color.value
    if is_bold:
        block["weight"] = "bolder"
    return block


def hint(sentence: str, *, color: Color = Color.DEFAULT) -> Element:
    """Return a paragraph in small print, close to what it explains."""
    tone: Element = {"isSubtle": True} if color is Color.DEFAULT else {}
    return {**text(sentence, color=color), **tone, "size": "small", "spacing": "small"}


def stretch(
    words: str,
    *,
    color: Color = Color.DEFAULT,
    is_bold: bool = False,
    is_subtle: bool = False,
    is_small: bool = False,
) -> Element:
    """Return one part of a verbatim paragraph."""
    part: Element = {"type": "TextRun", "text": clean(words)}
    if color is not Color.DEFAULT:
        part["color"] = color.value
    if is_bold:
        part["weight"] = "bolder"
    if is_subtle:
        part["isSubtle"] = True
    return {**part, "size": "small"} if is_small else part


def verbatim(*words: str | Element, is_close: bool = False) -> Element:
    """Return a paragraph exactly as it was written: a rich text block has no Markdown."""
    inlines = [stretch(one) if isinstance(one, str) else one for one in words]
    block: Element = {"type": "RichTextBlock", "inlines": inlines}
    return {**block, "spacing": "small"} if is_close else block


def facts(rows: Mapping[str, str]) -> Element:
    """Return names and values in two columns. Both are Markdown, so people's words in them are escaped."""
    return {"type": "FactSet", "facts": [{"title": name, "value": value} for name, value in rows.items()]}


def section(items: Sequence[Element], *, has_line: bool = True) -> Element:
    """Return elements that belong together, set off from what stands above."""
    group: Element = {"type": "Container", "spacing": "medium", "items": list(items)}
    return {**group, "separator": True} if has_line else group


def banner(sentence: str, *, color: Color) -> Element:
    """Return a notice across the card."""
    return {"type": "Container", "style": color.value, "items": [text(sentence, is_bold=True)]}


def execute(
    title: str, act: str, data: Mapping[str, object], *, style: Style = Style.DEFAULT, is_secondary: bool = False
) -> Element:
    """Return a button. Clients that do not know Action.Execute submit the same data instead.

    A secondary one is behind the button for more, where the client has one.
    """
    payload = {"act": act, **data}
    if current() != ENGLISH:
        payload["language"] = current()  # for whoever presses it and is not known yet
    looks: Element = {"title": title} if style is Style.DEFAULT else {"title": title, "style": style.value}
    if is_secondary:
        looks["mode"] = "secondary"
    return {
        "type": "Action.Execute",
        **looks,
        "verb": act,
        "data": payload,
        "fallback": {"type": "Action.Submit", **looks, "data": payload},
    }


def clean(words: str) -> str:
    """Return the words without what nobody can see, and without anything the client would compute."""
    return isolated(_FUNCTIONS.sub(_GAP, _DIRECTIONS.sub("", without_controls(words))))


def plain(words: str) -> str:
    """Return words for where some clients read Markdown and others do not: no link, tag or mention, no backslashes."""
    return _CONSTRUCTS.sub(_GAP, clean(words))


def escape(words: str) -> str:
    """Return people's words so that a TextBlock shows them as they are: no emphasis, list, link or mention."""
    return _LINE_STARTS.sub(_guard, _MARKS.sub(r"\\\g<0>", plain(words)))


def _guard(start: re.Match[str]) -> str:
    if start.group(1):
        return start.group(1) + "\\"
    is_mark = start.end() < len(start.string) and start.string[start.end()] in "-+#>=|:"
    return "\\" if is_mark else ""


def excerpt(words: str, length: int) -> str:
    """Return the words, cut to `length` characters; the last one then says that there is more."""
    return words if len(words) <= length else words[: length - 1].rstrip() + ELLIPSIS


def moment(at: datetime) -> str:
    """Return a time that the client writes in the reader's own language and time zone, for a TextBlock."""
    stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{{{{DATE({stamp}, COMPACT)}}}} {{{{TIME({stamp})}}}}"


def clock_time(at: datetime) -> str:
    """Return a time of day that the client writes in the reader's own way and time zone, for a TextBlock."""
    return f"{{{{TIME({at.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%SZ')})}}}}"


def percent(part: int, whole: int) -> str:
    """Return a share in whole percent; a share of nothing is none."""
    return f"{share(part, whole):.0%}"


def share(part: int, whole: int) -> float:
    """Return a share from 0 to 1; a share of nothing is none."""
    return part / whole if whole else 0.0


def meter(part: int, whole: int) -> Element:
    """Return a share as a bar of two weighted columns. Anything above nothing shows, and only all of it fills it."""
    filled = round(share(part, whole) * _METER)
    if part:
        filled = max(filled, 1)
    if part < whole:
        filled = min(filled, _METER - 1)
    parts = [(filled, Color.ACCENT.value), (_METER - filled, "emphasis")]
    columns = [_stripe(width, style) for width, style in parts if width]
    return {"type": "ColumnSet", "spacing": "small", "columns": columns}


def _stripe(width: int, style: str) -> Element:
    return {"type": "Column", "width": width, "style": style, "spacing": "none", "minHeight": "12px", "items": []}


def bar(part: int, whole: int) -> str:
    """Return a share as a row of cells. Anything above nothing shows one, and only all of it fills the row."""
    filled = round(share(part, whole) * _BAR_CELLS)
    if part:
        filled = max(filled, 1)
    if part < whole:
        filled = min(filled, _BAR_CELLS - 1)
    return "█" * filled + "░" * (_BAR_CELLS - filled)


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: “1 person”, “2 people”."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
