"""What the page of texts shows, made from what is known: pure functions from places, tags and themes to rows."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

import msgspec

from feedback.errors import Refusal
from feedback.results import figures
from feedback.results.figures import Figure
from feedback.results.suppression import is_shown
from feedback.runs.runs import Run
from feedback.surveys.questions import Question
from feedback.texts.text_tags import TagCount
from feedback.texts.texts import Place, Said
from feedback.texts.themes import ShownTheme, ShownThemes, Theme, Themes

ON_A_PAGE = 25
QUOTED = 2  # texts of each theme
LOOKED_AT = 8  # of its clearest texts, to find as many different ones
OTHERS = "none"  # the theme of those that are in none


class NoSuchQuestion(Refusal):
    """There is no such question in this survey, or nobody answers it in their own words."""


class Asked(msgspec.Struct, frozen=True):
    """What a visitor asks for: texts of a question, of those with some words, or in a theme, or with a tag."""

    run: str
    question: str = ""
    words: str = ""
    theme: str = ""
    tag: str = ""
    page: int = 1

    @property
    def is_filtered(self) -> bool:
        """Whether some texts are asked for, and not all."""
        return bool(self.words or self.theme or self.tag)

    def address(self, **changed: object) -> str:
        """Return where that is, with something changed."""
        named = {**msgspec.structs.asdict(self), "page": 1, **changed}
        said = {name: named[name] for name in ("question", "words", "theme", "tag", "page") if named[name]}
        if said.get("page") == 1:
            del said["page"]
        return f"/runs/{quote(self.run, safe='')}/texts?{urlencode(said)}"

    def only(self, **named: object) -> str:
        """Return where some texts of the question are, whatever is asked for now."""
        return Asked(self.run, self.question).address(**named)


class ThemeRow(msgspec.Struct, frozen=True):
    """A theme with its number, its share of all texts, and some of its texts."""

    theme: Theme
    n: int
    share: Figure
    quotes: tuple[str, ...]


class TextRow(msgspec.Struct, frozen=True):
    """A text in the list, with what is remarked about it."""

    said: Said
    theme: Theme | None
    tags: tuple[str, ...]


class TextsPage(msgspec.Struct, frozen=True):
    """All that is shown of one question. `n` is how many of `whole` are asked for, None where that may not be told."""

    asked: Asked
    rows: tuple[TextRow, ...]
    n: int | None
    whole: int
    pages: int
    themes: Themes
    theme_rows: tuple[ThemeRow, ...]
    put_away: tuple[Theme, ...]
    others: int
    tags: tuple[TagCount, ...]
    searched: int | None  # among how many texts was searched, where that is not all of them
    is_cut: bool


def asked_of(run: str, questions: Sequence[Question], said: Mapping[str, str]) -> Asked:
    """Return what somebody asks for; of the first question, where they name none. Raises `NoSuchQuestion`."""
    named = said.get("question", "") or (questions[0].id if questions else "")
    if questions and named not in {one.id for one in questions}:
        raise NoSuchQuestion
    page = said.get("page", "1")
    number = int(page) if page.isascii() and page.isdecimal() and len(page) < 7 else 1  # noqa: PLR2004 - digits
    words, theme, tag = (said.get(name, "")[:200].strip() for name in ("words", "theme", "tag"))
    return Asked(run, named, words, theme, tag, max(1, number))


def on_page(places: Sequence[Place], page: int) -> tuple[Sequence[Place], int, int]:
    """Return the places on a page, which page that is, and how many there are."""
    pages = max(1, -(-len(places) // ON_A_PAGE))
    page = min(page, pages)
    return places[(page - 1) * ON_A_PAGE : page * ON_A_PAGE], page, pages


def number_shown(run: Run, n: int, whole: int) -> int | None:
    """Return how many texts were found, unless that, or what is left, is too few to be told of an anonymous run."""
    if not run.survey.is_anonymous:
        return n
    least = run.survey.threshold
    return n if is_shown(n, least) and (n == whole or is_shown(whole - n, least)) else None


def theme_rows(shown: ShownThemes, themes: Themes, whole: int, quotes: Mapping[str, str]) -> tuple[ThemeRow, ...]:
    """Return the themes with some quotes, and with their shares of the texts that have been looked at."""
    among = max(min(themes.looked_at, whole), sum(one.n for one in shown.themes))
    return tuple(_theme_row(one, among, quotes) for one in shown.themes)


def _theme_row(one: ShownTheme, among: int, quotes: Mapping[str, str]) -> ThemeRow:
    texts = dict.fromkeys(quotes[ref] for ref in one.members[:LOOKED_AT] if ref in quotes)
    return ThemeRow(one.theme, one.n, figures.share(one.n, among), tuple(texts)[:QUOTED])
