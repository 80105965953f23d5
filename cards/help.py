"""The cards that say what can be done here: help, and the welcome after installation.

The commands come from the table that also routes them; this only lays them out.
"""

from collections.abc import Sequence
from typing import Protocol

from cards.elements import Card, Element, card, escape, excerpt, heading, hint, section, stretch, text, verbatim
from cards.size import fewer, fitted, left_out
from feedback.language import isolated, mark, say
from feedback.people.people import Role

_GROUPS = {
    Role.CUSTOMER: mark("Everyone"),
    Role.ENGINEER: mark("Engineers"),
    Role.MANAGER: mark("Managers"),
    Role.ADMIN: mark("Admins"),
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
        title = say("What you can type here")
        return card([*top, heading(title), *groups, *more], fallback=answer or title)

    return fitted(build, fewer(len(rows)))


def unknown(asked: str, nearest: str) -> str:
    """Return the sentence about a text that is no command, for a card or a message."""
    said = say("I don't know “{words}”.", words=escape(excerpt(" ".join(asked.split()), _ASKED)))
    guess = say("Did you mean **{command}**?", command=escape(nearest)) if nearest else ""
    otherwise = say("To tell us something, type **feedback** and your words.")
    return " ".join(part for part in (said, guess, otherwise) if part)


def welcome_card(name: str) -> Card:
    """Return the greeting after installation: who we are, what comes, how to stop."""
    hello = say("Hello {name}", name=escape(excerpt(name, _ASKED))) if name.strip() else say("Hello")
    body = [
        heading(hello),
        text(say("I am Hearback. I bring your experience to the people who build the products you use.")),
        text(say("Now and then I send a short survey, right here in this chat. Answer now or later, or not at all.")),
        text(say("Something on your mind? Write **feedback** and then what you want to say.")),
        text(say("Too much? Write **stop** and no more surveys come. **start** brings them back.")),
        hint(say("**help** shows everything you can type.")),
    ]
    return card(body, fallback=say("{hello}. I am Hearback. Write **help** to see what you can do here.", hello=hello))


def _of(rows: Sequence[HelpRow], role: Role) -> list[HelpRow]:
    return [row for row in rows if row.role is role]


def _group(title: str, rows: Sequence[HelpRow], role: Role) -> list[Element]:
    lines = [
        verbatim(stretch(isolated(row.usage), is_bold=True), f" – {say(row.about)}", is_close=True)
        for row in _of(rows, role)
    ]
    return [hint(say(title)), *lines]
