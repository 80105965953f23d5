"""The card with what admins changed of late."""

from collections.abc import Mapping, Sequence

from cards.elements import Card, Element, card, escape, excerpt, heading, hint, moment, section, text
from cards.size import fewer, fitted, left_out
from feedback.audit import Record

_NAME = 80


def audit_card(records: Sequence[Record], names: Mapping[str, str]) -> Card:
    """Return the latest changes, latest first. `names` go by person id."""
    title = "What admins changed"
    if not records:
        return card([heading(title), text("Nothing in the last 90 days.")], fallback=title)

    def build(shown: int) -> Card:
        rows = [section(_row(one, names)) for one in records[:shown]]
        more = [hint(one) for one in left_out(len(records), shown)]
        return card([heading(title), *rows, *more], fallback=title)

    return fitted(build, fewer(len(records)))


def _row(one: Record, names: Mapping[str, str]) -> list[Element]:
    who, on = (escape(excerpt(names.get(part) or part, _NAME)) for part in (one.who, one.on))
    news = " → ".join(escape(excerpt(part, _NAME)) for part in (one.before, one.after) if part)
    return [
        text(f"**{escape(one.what)}** {on}{f': {news}' if news else ''}"),
        hint(f"{who}, {moment(one.at)}"),
    ]
