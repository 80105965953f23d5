"""What becomes of a survey's translations while it is written: they go with what they translate.

A text that is changed loses its translations, because they say something else than it does now. A file takes the
texts of one question, of one page's title, and of a survey's title and introduction in full or not at all, so they are
lost together; what is left out of the survey is left out of its translations.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from feedback.language import LANGUAGES
from feedback.surveys.questions import Choice, Question
from feedback.surveys.surveys import Page, Survey
from feedback.surveys.translations import Translated


def fitting_question(old: Question, new: Question) -> Question:
    """Return the new form of a question with those translations of the old one that still say the same."""
    is_same = (
        new.text == old.text
        and new.help in {"", old.help}
        and _are_known(old.choices, new.choices)
        and _are_known(old.rows, new.rows)
    )
    if not is_same:
        return replace(new, locales=())
    words = tuple(
        replace(
            one,
            help=one.help if new.help else "",
            choices=_left(one.choices, new.choices),
            rows=_left(one.rows, new.rows),
        )
        for one in old.locales
    )
    return replace(new, locales=words)


def fitting_survey(old: Survey, new: Survey) -> Survey:
    """Return a survey under a title and an introduction with those translations of the old ones that still fit."""
    if new.title != old.title or new.intro not in {"", old.intro}:
        return replace(new, locales=())
    return replace(new, locales=tuple(replace(one, intro=one.intro if new.intro else "") for one in old.locales))


def titled_page(page: Page, title: str) -> Page:
    """Return a page under a title, with its translations where that is the one it had."""
    return replace(page, title=title, locales=page.locales if title == page.title else ())


def dropped(old: Survey, new: Survey) -> str:
    """Return a sentence about the translations that one change has cost, or an empty text."""
    found = "; ".join(f"{what} ({', '.join(map(LANGUAGES.__getitem__, tags))})" for what, tags in _lost(old, new))
    if not found:
        return ""
    return (
        f"What was translated of {found} had other words, so it is dropped; "
        "translate it anew in the file: “survey export”, then “survey import”."
    )


def _lost(old: Survey, new: Survey) -> Iterator[tuple[str, list[str]]]:
    """Give what has lost translations though it is still there, and their languages."""
    if gone := _gone(old.locales, new.locales):
        yield "the title and the introduction" if old.intro or new.intro else "the title", gone
    for arm in new.arms:
        before = old.arm(arm.id)
        if before and (gone := _gone(before.locales, arm.locales)):
            yield f"design {arm.id}", gone
    if [one.size for one in old.pages] == [one.size for one in new.pages]:
        for number, (was, now) in enumerate(zip(old.pages, new.pages, strict=True), 1):
            if gone := _gone(was.locales, now.locales):
                yield f"the title of page {number}", gone
    for number, question in enumerate(new.questions, 1):
        known = old.question(question.id)
        if known is None and len(old.questions) == len(new.questions):
            known = old.questions[number - 1]  # under another id, which fits its new words
        if known and (gone := _gone(known.locales, question.locales)):
            yield f"question {number}", gone


def _gone(old: Sequence[Translated], new: Sequence[Translated]) -> list[str]:
    left = {one.language for one in new}
    return [one.language for one in old if one.language not in left]


def _are_known(old: Sequence[Choice], new: Sequence[Choice]) -> bool:
    """Say whether each of the new choices reads as it did; pictures may be others, or none any more."""
    known = {one.id: one for one in old}
    return all(one.id in known and known[one.id].text == one.text and one.alt in {"", known[one.id].alt} for one in new)


def _left(words: Sequence[Choice], asked: Sequence[Choice]) -> tuple[Choice, ...]:
    """Return the translations of the choices that are asked, in their order."""
    own = {one.id: one for one in words}
    return tuple(replace(own[one.id], alt=own[one.id].alt if one.alt else "") for one in asked)
