"""Themes: which texts of a question are about the same, as a machine has put it and people have corrected it.

A text is in one theme at most. Whatever somebody corrects is theirs from then on: when themes are made again, it stays
as it is, and the machine gets the other texts alone. Texts are named by refs and never copied. Of an anonymous run no
theme of fewer texts than the threshold is shown, and none whose number would tell that of so few others.
"""

import unicodedata
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

import msgspec

from feedback.errors import Refusal
from feedback.results.suppression import is_shown
from feedback.runs.runs import Run
from feedback.surveys.surveys import Survey
from feedback.texts.kept_about import change_kept, find_kept
from feedback.texts.theme_making import Found
from store.contract import Store

LEAST = 3  # texts that are a theme
ENOUGH = 20  # texts that themes are made from
MOST = 20_000  # of them that a machine looks at
MOST_THEMES = 50
LONGEST_NAME = 80  # characters


class NoSuchTheme(Refusal):
    """There is no such theme any more. Themes may have been made again; reload and look."""


class NoSuchName(Refusal):
    """A theme's name has from 1 to 80 letters, without line breaks."""


class TooFewTexts(Refusal):
    """There are fewer than 20 texts that nobody has put into a theme: too few for a machine. Read and tag them."""


class Theme(msgspec.Struct, frozen=True, omit_defaults=True):
    """One theme."""

    id: str
    name: str
    members: tuple[str, ...]  # refs, those that are clearest first
    is_by_hand: bool = False  # somebody has corrected it
    is_put_away: bool = False  # somebody has said that it is none


class Themes(msgspec.Struct, frozen=True, omit_defaults=True):
    """The themes of a question. When they were last made there were `texts` texts.

    `looked_at` of those were in the hands of a machine or had been put somewhere by hand.
    """

    themes: tuple[Theme, ...] = ()
    apart: tuple[str, ...] = ()  # texts of which somebody has said that they are in no theme
    made_at: datetime | None = None
    looked_at: int = 0
    texts: int = 0
    count: int = 0  # themes there have ever been

    def corrected(self, survey: Survey) -> list[Theme]:
        """Return the themes that people have made theirs, but for those that are too small by now to be shown."""
        return [one for one in self.themes if one.is_by_hand and is_shown(len(one.members), shown_from(survey))]

    def fixed(self, survey: Survey) -> frozenset[str]:
        """Return the texts whose place somebody has decided."""
        return frozenset(self.apart).union(*(one.members for one in self.corrected(survey)))


class ShownTheme(msgspec.Struct, frozen=True):
    """A theme as it may be shown: `members` are those of its texts that there are."""

    theme: Theme
    members: tuple[str, ...]

    @property
    def n(self) -> int:
        """How many texts it has."""
        return len(self.members)


class ShownThemes(msgspec.Struct, frozen=True):
    """What may be shown of a question's themes; `others` is how many texts are in none of them.

    Those that are put away have no number: it would tell how many of the others there are without them.
    """

    themes: tuple[ShownTheme, ...]
    put_away: tuple[Theme, ...]
    others: int


async def find_themes(store: Store, run: str, question: str) -> Themes:
    """Return the themes of a question."""
    return await find_kept(store, run, question, Themes)


def least_of(survey: Survey) -> int:
    """Return of how many texts a theme by machine has to be, and how many have to share a word of its name."""
    return max(LEAST, survey.threshold) if survey.is_anonymous else LEAST


def shown_from(survey: Survey) -> int:
    """Return of how many texts a theme has to be to be shown."""
    return survey.threshold if survey.is_anonymous else 1


def for_the_machine(themes: Themes, refs: Collection[str], survey: Survey) -> list[str]:
    """Return the texts that a machine may look at, in an order that says nothing. Raises `TooFewTexts`."""
    found = sorted(frozenset(refs) - themes.fixed(survey))[:MOST]
    if len(found) < ENOUGH:
        raise TooFewTexts
    return found


async def keep_made(
    store: Store,
    run: Run,
    question: str,
    looked_at: Sequence[str],
    found: Sequence[Found],
    *,
    texts: int,
    now: datetime,
) -> Themes:
    """Keep what a machine found among some texts, in place of what it found before; what people corrected stays."""

    def change(themes: Themes) -> Themes:
        fixed = themes.fixed(run.survey)  # somebody may have corrected something meanwhile
        groups = [
            (one.words, tuple(looked_at[at] for at in one.members if looked_at[at] not in fixed)) for one in found
        ]
        made = [
            Theme(f"t{themes.count + number}", ", ".join(words), members)
            for number, (words, members) in enumerate(groups, start=1)
            if len(members) >= LEAST
        ]
        return Themes(
            themes=(*themes.corrected(run.survey), *made)[:MOST_THEMES],
            apart=themes.apart,
            made_at=now,
            looked_at=min(texts, len(looked_at) + len(fixed)),
            texts=texts,
            count=themes.count + len(groups),
        )

    return await change_kept(store, run.run, question, Themes, change)


def shown_themes(themes: Themes, refs: Sequence[str], survey: Survey) -> ShownThemes:
    """Return the themes of a question that may be shown, of the texts that there are.

    Of an anonymous run one that is too small is left out, and its texts are in none. Where so few texts are in none
    that their number may not be told, the last theme is left out too, by its place and not by its size: suppression.py
    says why. So each number that is shown, and each difference of some, is of as many texts as the threshold, or none.
    """
    there, least = frozenset(refs), shown_from(survey)
    found = [ShownTheme(one, tuple(ref for ref in one.members if ref in there)) for one in themes.themes]
    alive = [one for one in found if is_shown(one.n, least)]
    shown = [one for one in alive if not one.theme.is_put_away]
    others = len(there) - sum(one.n for one in shown)
    while shown and 0 < others < least:
        others += shown.pop().n
    away = tuple(one.theme for one in alive if one.theme.is_put_away)
    return ShownThemes(tuple(sorted(shown, key=lambda one: -one.n)), away, others)


async def rename_theme(store: Store, run: str, question: str, theme: str, said: str) -> Themes:
    """Give a theme another name. Raises `NoSuchTheme` and `NoSuchName`."""
    name = " ".join(unicodedata.normalize("NFC", said).split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise NoSuchName
    return await _corrected(store, run, question, theme, lambda one: msgspec.structs.replace(one, name=name))


async def put_away_theme(store: Store, run: str, question: str, theme: str) -> Themes:
    """Say that a theme is none: its texts are in none. Raises `NoSuchTheme`."""
    return await _corrected(store, run, question, theme, lambda one: msgspec.structs.replace(one, is_put_away=True))


async def take_back_theme(store: Store, run: str, question: str, theme: str) -> Themes:
    """Say that a theme is one after all. Raises `NoSuchTheme`."""
    return await _corrected(store, run, question, theme, lambda one: msgspec.structs.replace(one, is_put_away=False))


async def merge_themes(store: Store, run: str, question: str, theme: str, into: str) -> Themes:
    """Make two themes one, under the name of the second. Raises `NoSuchTheme`, also where they are the same."""

    def change(themes: Themes) -> Themes:
        gone = _named(themes, theme)
        if theme == into:
            raise NoSuchTheme
        left = msgspec.structs.replace(themes, themes=tuple(one for one in themes.themes if one.id != theme))
        return _with(left, into, lambda one: msgspec.structs.replace(one, members=(*one.members, *gone.members)))

    return await change_kept(store, run, question, Themes, change)


async def move_text(store: Store, run: str, question: str, ref: str, theme: str) -> Themes:
    """Put a text into a theme, or into none where that is empty. Raises `NoSuchTheme`."""

    def change(themes: Themes) -> Themes:
        without = msgspec.structs.replace(
            themes,
            themes=tuple(_without(one, ref) for one in themes.themes),
            apart=tuple(one for one in themes.apart if one != ref),
        )
        if not theme:
            return msgspec.structs.replace(without, apart=(*without.apart, ref))
        return _with(without, theme, lambda one: msgspec.structs.replace(one, members=(*one.members, ref)))

    return await change_kept(store, run, question, Themes, change)


async def _corrected(store: Store, run: str, question: str, theme: str, change: Callable[[Theme], Theme]) -> Themes:
    return await change_kept(store, run, question, Themes, lambda themes: _with(themes, theme, change))


def _with(themes: Themes, theme: str, change: Callable[[Theme], Theme]) -> Themes:
    _named(themes, theme)
    changed = (
        msgspec.structs.replace(change(one), is_by_hand=True) if one.id == theme else one for one in themes.themes
    )
    return msgspec.structs.replace(themes, themes=tuple(changed))


def _without(theme: Theme, ref: str) -> Theme:
    return msgspec.structs.replace(theme, members=tuple(one for one in theme.members if one != ref))


def _named(themes: Themes, theme: str) -> Theme:
    found = next((one for one in themes.themes if one.id == theme), None)
    if found is None:
        raise NoSuchTheme
    return found
