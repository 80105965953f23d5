"""The cards that say what can be done here: help, and the welcome after installation.

The commands come from the table that also routes them; this only lays them out.
"""

from collections.abc import Sequence
from typing import Protocol

from cards.elements import Card, Element, card, escape, excerpt, heading, hint, section, stretch, text, verbatim
from cards.size import fewer, fitted, left_out
from feedback.people import Role

_GROUPS = {
    Role.CUSTOMER: "Everyone",
    Role.ENGINEER: "Engineers",
    Role.MANAGER: "Managers",
    Role.ADMIN: "Admins",
}
_ASKED = 80  # characters of an unknown text that are said back


class HelpRow(Protocol):
    """A row of the table of commands."""

    @property
    def usage(self) -> str:
        """What to type, such as “note <text>”."""

    @property
    def about(self) -> str:
        """What it does, in a few words."""

    @property
    def role(self) -> Role:
        """Who may: this role and those above it."""


def help_card(rows: Sequence[HelpRow], *, asked: str = "", nearest: str = "") -> Card:
    """Return the commands in `rows`, grouped by role. `asked` is what was not understood, `nearest` a command."""
    answer = unknown(asked, nearest) if asked.strip() else ""

    def build(shown: int) -> Card:
        top = [text(answer)] if answer else []
        some = rows[:shown]
        groups = [section(_group(title, some, role)) for role, title in _GROUPS.items() if _of(some, role)]
        more = [hint(one) for one in left_out(len(rows), shown)]
        return card(
            [*top, heading("What you can type here"), *groups, *more], fallback=answer or "What you can type here"
        )

    return fitted(build, fewer(len(rows)))


def unknown(asked: str, nearest: str) -> str:
    """Return the sentence about a text that is no command, for a card or a message."""
    said = f"I don't know “{escape(excerpt(' '.join(asked.split()), _ASKED))}”."
    guess = f" Did you mean **{escape(nearest)}**?" if nearest else ""
    return f"{said}{guess} To tell us something, type **feedback** and your words."


def welcome_card(name: str) -> Card:
    """Return the greeting after installation: who we are, what comes, how to stop."""
    hello = f"Hello {escape(excerpt(name, _ASKED))}" if name.strip() else "Hello"
    body = [
        heading(hello),
        text("I am Hearback. I bring your experience to the people who build the products you use."),
        text("Now and then I send a short survey, right here in this chat. Answer now or later, or not at all."),
        text("Something on your mind? Write **feedback** and then what you want to say."),
        text("Too much? Write **stop** and no more surveys come. **start** brings them back."),
        hint("**help** shows everything you can type."),
    ]
    return card(body, fallback=f"{hello}. I am Hearback. Write **help** to see what you can do here.")


def _of(rows: Sequence[HelpRow], role: Role) -> list[HelpRow]:
    return [row for row in rows if row.role is role]


def _group(title: str, rows: Sequence[HelpRow], role: Role) -> list[Element]:
    lines = [verbatim(stretch(row.usage, is_bold=True), f" – {row.about}", is_close=True) for row in _of(rows, role)]
    return [hint(title), *lines]
