"""What can be said about a finished question of a sketch, or about all of it: a table of words, each with what it does.

The buttons and lists of the sketch's cards say the same words.
"""

import re
from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from feedback.errors import quote
from feedback.surveys.questions import Comparison
from feedback.surveys.surveys import Survey
from feedback.writing.sketch_designs import IN_THE_FILE, can_be_typed, made_anonymous, made_named
from feedback.writing.sketch_edits import (
    NotTaken,
    begin_page,
    check,
    delete_question,
    join_pages,
    move_question,
    put_question,
)
from feedback.writing.sketch_locales import dropped
from feedback.writing.sketches import Sketch, Step
from feedback.writing.sketching import (
    Taken,
    Wish,
    always,
    answer_step,
    begin_change,
    begin_question,
    leave,
    only_if,
)

_COMPARE = r"(?P<earlier>\d{1,3})\s+(?P<compare>at most|at least|is|includes)\s+(?P<value>.+)"
_CONDITION = re.compile(_COMPARE, re.IGNORECASE | re.DOTALL)
_HERE = r"(?:\s+(?P<number>\d{1,3}))?"
TOO_LARGE = (
    "Nothing was changed: with this, a card would be larger than Teams takes. "
    "Shorten something, or begin a new page before it."
)
CONDITION_UNCLEAR = (
    "I can't read this as a condition. Write it like “1 at most 6”, “2 is yes”, “3 includes Phone”, or “always”. "
    "Several conditions together can be written in the file: “survey export”, then “survey import”."
)

Doing = Callable[[Sketch, re.Match[str]], Taken]


class Saying(msgspec.Struct, frozen=True):
    """One thing that can be said. `pattern` has the group `number` where it is about one question."""

    pattern: str
    does: Doing


def take(sketch: Sketch, words: str, *, fits: Callable[[Survey], bool]) -> Taken:
    """Return what the words lead to, and say which translations they cost. Raises `NotTaken`, and changes nothing then.

    `fits` says whether a survey's cards are small enough.
    """
    if sketch.step in {Step.SURVEY, Step.QUESTION}:
        taken = _free(sketch, words)
    elif sketch.step is Step.ONLY_IF:
        taken = _condition(sketch, words)
    else:
        taken = answer_step(sketch, words)
    if taken.sketch.survey != sketch.survey and taken.sketch.survey.questions and not fits(taken.sketch.survey):
        raise NotTaken(sentence=TOO_LARGE)
    news = (taken.news, dropped(sketch.survey, taken.sketch.survey))
    return replace(taken, news=" ".join(one for one in news if one))


def _free(sketch: Sketch, words: str) -> Taken:
    said = words.strip().strip(".!").strip()
    for saying in SAYINGS:
        found = re.fullmatch(saying.pattern, said, re.IGNORECASE | re.DOTALL)
        if found is not None:
            return saying.does(_at(sketch, found), found)
    if not said:
        raise NotTaken(sentence="Please choose something.")
    raise NotTaken(sentence=f"I don't know what {quote(words)} means here. “cancel” leaves the sketch, which is kept.")


def _at(sketch: Sketch, found: re.Match[str]) -> Sketch:
    """Return the sketch with the question at hand that the words name; without a number it stays the one it was."""
    if "number" not in found.re.groupindex:
        return sketch
    count = len(sketch.survey.questions)
    if not count:
        raise NotTaken(sentence="There are no questions yet. “add” begins one.")
    if found["number"] is None:
        if sketch.step is not Step.QUESTION:
            raise NotTaken(sentence=f"Say which question as well, such as “{found[0].strip().lower()} {count}”.")
        return sketch
    return replace(sketch, here=_place(sketch, found["number"]))


def _place(sketch: Sketch, number: str) -> int:
    count = len(sketch.survey.questions)
    if not 1 <= int(number) <= count:
        raise NotTaken(sentence=f"There is no question {int(number)}; they go from 1 to {count}.")
    return int(number) - 1


def _condition(sketch: Sketch, words: str) -> Taken:
    said = words.strip()
    if said.lower() == "back":
        return Taken(leave(sketch))
    if said.lower() in {"always", "everybody"}:
        return always(sketch)
    found = _CONDITION.fullmatch(said)
    if found is None:
        raise NotTaken(sentence=CONDITION_UNCLEAR)
    return _compared(sketch, found)


def _compared(sketch: Sketch, found: re.Match[str]) -> Taken:
    compare = Comparison("_".join(found["compare"].lower().split()))
    return only_if(sketch, _place(sketch, found["earlier"]), compare, " ".join(found["value"].split()))


def _required(*, is_required: bool) -> Doing:
    def does(sketch: Sketch, _found: re.Match[str]) -> Taken:
        one = sketch.survey.questions[sketch.here]
        survey = put_question(sketch.survey, sketch.here, replace(one, required=is_required))
        words = "needs an answer now" if is_required else "may be left empty now"
        return Taken(replace(sketch, survey=survey), f"Question {sketch.here + 1} {words}.")

    return does


def _delete(sketch: Sketch, _found: re.Match[str]) -> Taken:
    survey = delete_question(sketch.survey, sketch.here)
    here = min(sketch.here, max(0, len(survey.questions) - 1))
    news = f"Question {sketch.here + 1} is deleted."
    return Taken(replace(sketch, survey=survey, here=here, step=Step.SURVEY), news)


def _move(sketch: Sketch, to: int) -> Taken:
    last = len(sketch.survey.questions) - 1
    if not 0 <= to <= last:
        raise NotTaken(sentence=f"Question {sketch.here + 1} is {'first' if to < 0 else 'last'} already.")
    survey = move_question(sketch.survey, sketch.here, to)
    return Taken(replace(sketch, survey=survey, here=to), f"It is question {to + 1} now.")


def _move_to(sketch: Sketch, found: re.Match[str]) -> Taken:
    return _move(sketch, _place(sketch, found["to"]))


def _begin_page(sketch: Sketch, _found: re.Match[str]) -> Taken:
    survey = begin_page(sketch.survey, sketch.here)
    if sketch.here == 0 or len(survey.paged) == len(sketch.survey.paged):
        raise NotTaken(sentence=f"Question {sketch.here + 1} begins a page already.")
    return Taken(replace(sketch, survey=survey), f"Question {sketch.here + 1} begins a page now.")


def _join_pages(sketch: Sketch, _found: re.Match[str]) -> Taken:
    survey = join_pages(sketch.survey, sketch.here)
    return Taken(replace(sketch, survey=survey), "The two pages are one now.")


def _page_title(sketch: Sketch, _found: re.Match[str]) -> Taken:
    return Taken(replace(sketch, step=Step.PAGE_TITLE))


def _show_page(sketch: Sketch, found: re.Match[str]) -> Taken:
    page, count = int(found["page"]), len(sketch.survey.paged)
    if not 1 <= page <= count:
        raise NotTaken(sentence=f"There is no page {page}; they go from 1 to {count}.")
    here = sum(len(some) for some in sketch.survey.paged[: page - 1])
    return Taken(replace(sketch, here=here, step=Step.SURVEY))


def _ask_designs(sketch: Sketch, _found: re.Match[str]) -> Taken:
    if not can_be_typed(sketch.survey.arms):
        raise NotTaken(sentence=IN_THE_FILE)
    return Taken(replace(sketch, step=Step.DESIGNS))


def _anonymous(sketch: Sketch, found: re.Match[str]) -> Taken:
    survey = made_anonymous(sketch.survey, found["threshold"] or "")
    news = (
        f"It is anonymous now: nothing is shown of fewer than {survey.threshold:,} people, and nothing before the end."
    )
    return Taken(replace(sketch, survey=survey, step=Step.SURVEY), news)


def _named(sketch: Sketch, _found: re.Match[str]) -> Taken:
    survey = made_named(sketch.survey)
    return Taken(replace(sketch, survey=survey, step=Step.SURVEY), "Answers are kept with names now.")


def _ask(step: Step) -> Doing:
    return lambda sketch, _found: Taken(replace(sketch, step=step))


def _part(step: Step) -> Doing:
    return lambda sketch, _found: begin_change(sketch, step)


def _wish(wish: Wish) -> Doing:
    def does(sketch: Sketch, _found: re.Match[str]) -> Taken:
        if not sketch.survey.questions:
            raise NotTaken(sentence="There are no questions yet. “add” begins one.")
        if wish is Wish.SAVE and not sketch.is_named:
            return Taken(replace(sketch, step=Step.NAME))
        check(sketch.survey)
        return Taken(replace(sketch, step=Step.SURVEY), wish=wish)

    return does


SAYINGS: Sequence[Saying] = (
    Saying(
        r"add(?: a question)?(?:\s+(?P<kind>.+))?", lambda sketch, found: begin_question(sketch, found["kind"] or "")
    ),
    Saying(r"(?:change\s+)?(?P<number>\d{1,3})", _ask(Step.QUESTION)),
    Saying(rf"text{_HERE}", _part(Step.TEXT)),
    Saying(rf"kind{_HERE}", _part(Step.KIND)),
    Saying(rf"choices{_HERE}", _part(Step.CHOICES)),
    Saying(rf"rows{_HERE}", _part(Step.ROWS)),
    Saying(rf"help{_HERE}", _ask(Step.HELP)),
    Saying(rf"required{_HERE}", _required(is_required=True)),
    Saying(rf"optional{_HERE}", _required(is_required=False)),
    Saying(rf"only(?P<number>\s+\d{{1,3}})?\s+if\s+{_COMPARE}", _compared),
    Saying(rf"only if{_HERE}", _ask(Step.ONLY_IF)),
    Saying(rf"always{_HERE}", lambda sketch, _found: always(sketch)),
    Saying(rf"up{_HERE}", lambda sketch, _found: _move(sketch, sketch.here - 1)),
    Saying(rf"down{_HERE}", lambda sketch, _found: _move(sketch, sketch.here + 1)),
    Saying(rf"move{_HERE}\s+to\s+(?P<to>\d{{1,3}})", _move_to),
    Saying(rf"delete{_HERE}", _delete),
    Saying(rf"new page{_HERE}", _begin_page),
    Saying(rf"same page{_HERE}", _join_pages),
    Saying(rf"page title{_HERE}", _page_title),
    Saying(r"page\s+(?P<page>\d{1,3})", _show_page),
    Saying(r"title", _ask(Step.TITLE)),
    Saying(r"intro", _ask(Step.INTRO)),
    Saying(r"name", _ask(Step.NAME)),
    Saying(r"designs", _ask_designs),
    Saying(r"anonymous(?:\s+(?P<threshold>\d{1,6}))?", _anonymous),
    Saying(r"not anonymous", _named),
    Saying(r"(?:done|back|preview)", _ask(Step.SURVEY)),
    Saying(r"test", _wish(Wish.TEST)),
    Saying(r"save", _wish(Wish.SAVE)),
    Saying(r"throw away", _ask(Step.SURE)),
)
