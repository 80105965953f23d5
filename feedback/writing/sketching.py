"""Writing a survey by answering one question after the other: what each step takes, and where it leads.

Pure: words in, the changed sketch out. Whoever says something that a step cannot take gets a sentence, and the sketch
stays as it is. What can be said about a finished question or the whole survey is in sketch_words.py.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from feedback.errors import quote
from feedback.surveys.choice_files import MAX_ROWS, MIN_CHOICES, most_choices
from feedback.surveys.file_fields import clean_block, clean_line
from feedback.surveys.questions import CHOOSING, ID_FORM, Choice, Comparison, Kind, Question
from feedback.surveys.survey_files import MAX_HELP, MAX_INTRO, MAX_QUESTION, MAX_TITLE
from feedback.surveys.surveys import MAX_QUESTIONS, Survey
from feedback.surveys.templates import find_template, unmarked
from feedback.writing.sketch_designs import with_designs
from feedback.writing.sketch_edits import (
    NotTaken,
    add_question,
    ask_always,
    ask_only_if,
    begin_page,
    check,
    id_of_question,
    id_of_survey,
    looks_at,
    page_of_place,
    put_question,
)
from feedback.writing.sketch_locales import fitting_survey
from feedback.writing.sketch_reading import find_kind, lines_of, one_line, optional, picture, with_ids, within
from feedback.writing.sketches import NEW_ID, Sketch, Step


class Wish(StrEnum):
    """What the author wants beyond a change of the sketch."""

    NOTHING = ""
    TEST = "test"
    SAVE = "save"
    THROW_AWAY = "throw away"


class Taken(msgspec.Struct, frozen=True):
    """What somebody's words led to: the sketch as it is now, a sentence about it, and what else they want."""

    sketch: Sketch
    news: str = ""
    wish: Wish = Wish.NOTHING


def answer_step(sketch: Sketch, words: str) -> Taken:
    """Return what the words lead to in a step that asks for one thing. Raises `NotTaken`."""
    is_first = sketch.step is Step.TITLE and not sketch.survey.title  # there is nothing before it
    if words.strip().lower() == "back" and not is_first:
        return Taken(leave(sketch))
    return _STEPS[sketch.step](sketch, words)


def leave(sketch: Sketch) -> Sketch:
    """Return the sketch with nothing in the making."""
    is_at_one = sketch.step in {Step.HELP, Step.ONLY_IF, Step.PAGE_TITLE} or (sketch.made and not sketch.is_added)
    return replace(sketch, step=Step.QUESTION if is_at_one else Step.SURVEY, made=None, is_added=False)


def begin_question(sketch: Sketch, kind: str = "") -> Taken:
    """Begin a question at the end, of a kind that may be given already. Raises `NotTaken`."""
    if len(sketch.survey.questions) >= MAX_QUESTIONS:
        raise NotTaken(sentence=f"There are {MAX_QUESTIONS} questions, and no more fit.")
    begun = replace(sketch, step=Step.KIND, made=Question("", Kind.TEXT, ""), is_added=True)
    return _kind(begun, kind) if kind else Taken(begun)


def begin_change(sketch: Sketch, step: Step) -> Taken:
    """Ask for one part of the question at hand anew. Raises `NotTaken` where it has no such part."""
    one = sketch.survey.questions[sketch.here]
    if (step is Step.CHOICES and one.kind not in CHOOSING) or (step is Step.ROWS and one.kind is not Kind.MATRIX):
        raise NotTaken(sentence=f"Question {sketch.here + 1} has no {step.value}: it asks for something else.")
    without: dict[Step, Question] = {
        Step.TEXT: replace(one, text=""),
        Step.CHOICES: replace(one, choices=()),
        Step.ROWS: replace(one, rows=()),
    }
    return Taken(replace(sketch, step=step, made=without.get(step, one), is_added=False))


def only_if(sketch: Sketch, earlier: int, compare: Comparison, value: str) -> Taken:
    """Ask the question at hand only of those whose answer to an earlier one fits. Raises `NotTaken`."""
    before = len(sketch.survey.paged)
    survey = ask_only_if(sketch.survey, sketch.here, earlier, compare, value)
    page = " It begins a page now, because conditions look at earlier pages." if len(survey.paged) > before else ""
    return _at_question(sketch, survey, f"Question {sketch.here + 1} has a condition now.{page}")


def always(sketch: Sketch) -> Taken:
    """Ask the question at hand of everybody."""
    survey = ask_always(sketch.survey, sketch.here)
    return _at_question(sketch, survey, f"Question {sketch.here + 1} is asked of everybody.")


def _title(sketch: Sketch, words: str) -> Taken:
    first, _, name = clean_line(words).partition(" ")
    template = find_template(name.lower()) if first.lower() == "from" and not sketch.survey.title else None
    if template is not None:
        survey = unmarked(template)
        news = f"This is the template “{template.id}”. Change what you like; nothing of it is kept or sent yet."
        return Taken(replace(sketch, survey=survey, step=Step.SURVEY), news)
    title = one_line(words, "title", MAX_TITLE)
    is_first = not sketch.survey.title
    survey = fitting_survey(sketch.survey, replace(sketch.survey, title=title))
    if not sketch.is_named:
        survey = replace(survey, id=id_of_survey(title, NEW_ID))
    return Taken(replace(sketch, survey=survey, step=Step.INTRO if is_first else Step.SURVEY))


def _intro(sketch: Sketch, words: str) -> Taken:
    intro = optional(words, MAX_INTRO)
    survey = fitting_survey(sketch.survey, replace(sketch.survey, intro=intro))
    changed = replace(sketch, survey=check(survey), step=Step.SURVEY)
    return Taken(changed) if changed.survey.questions else begin_question(changed)


def _designs(sketch: Sketch, words: str) -> Taken:
    survey = with_designs(sketch.survey, words)
    news = f"Each person sees one of {len(survey.arms)} designs." if survey.arms else "There are no designs to compare."
    return Taken(replace(sketch, survey=survey, step=Step.SURVEY), news)


def _kind(sketch: Sketch, words: str) -> Taken:
    if not clean_line(words):
        raise NotTaken(sentence="Please choose what people shall answer with.")
    kind = find_kind(words)
    if kind is None:
        raise NotTaken(sentence=f"{quote(words)} is not a kind of question. Choose one of those below.")
    made = _made(sketch)
    choices = made.choices if kind in CHOOSING else ()
    if kind is Kind.IMAGE_CHOICE:
        choices = tuple(one for one in choices if one.image)
    elif made.kind is Kind.IMAGE_CHOICE:
        choices = tuple(replace(one, image="", alt="") for one in choices)
    rows = made.rows if kind is Kind.MATRIX else ()
    return _go_on(replace(sketch, made=replace(made, kind=kind, choices=choices, rows=rows)))


def _text(sketch: Sketch, words: str) -> Taken:
    text = clean_block(words)
    if not text:
        raise NotTaken(sentence="Please write the question.")
    return _go_on(replace(sketch, made=replace(_made(sketch), text=within(text, MAX_QUESTION))))


def _rows(sketch: Sketch, words: str) -> Taken:
    rows = lines_of(words, "row", 1, MAX_ROWS)
    known = _known(sketch, is_row=True)
    return _go_on(replace(sketch, made=replace(_made(sketch), rows=with_ids(rows, known))))


def _choices(sketch: Sketch, words: str) -> Taken:
    made = _made(sketch)
    lines = lines_of(words, "choice", MIN_CHOICES, most_choices(made.kind), is_cut=made.kind is not Kind.IMAGE_CHOICE)
    choices = [picture(one) for one in lines] if made.kind is Kind.IMAGE_CHOICE else [Choice("", one) for one in lines]
    known = _known(sketch, is_row=False)
    named = with_ids([one.text for one in choices], known)
    pictured = tuple(replace(one, id=name.id) for one, name in zip(choices, named, strict=True))
    return _go_on(replace(sketch, made=replace(made, choices=pictured)))


def _help(sketch: Sketch, words: str) -> Taken:
    changed = replace(sketch.survey.questions[sketch.here], help=optional(words, MAX_HELP))
    return _at_question(sketch, put_question(sketch.survey, sketch.here, changed))


def _page_title(sketch: Sketch, words: str) -> Taken:
    title = clean_line(optional(words, MAX_TITLE))
    return _at_question(sketch, begin_page(sketch.survey, sketch.here, title))


def _name(sketch: Sketch, words: str) -> Taken:
    name = clean_line(words).lower()
    if not ID_FORM.fullmatch(name):
        raise NotTaken(sentence="Use 1–40 letters a–z, digits, “-” or “_”, beginning with a letter.")
    over = sketch.over if name == sketch.survey.id else 0
    named = replace(sketch, survey=replace(sketch.survey, id=name), over=over, is_named=True, step=Step.SURVEY)
    return Taken(named, wish=Wish.SAVE)


def _sure(sketch: Sketch, words: str) -> Taken:
    if clean_line(words).lower() in {"yes", "throw away"}:
        return Taken(sketch, wish=Wish.THROW_AWAY)
    return Taken(replace(sketch, step=Step.SURVEY), "Nothing was thrown away.")


def _go_on(sketch: Sketch) -> Taken:
    """Ask for what the question in the making still lacks; put it into the survey where that is nothing."""
    made = _made(sketch)
    if not made.text:
        return Taken(replace(sketch, step=Step.TEXT))
    if made.kind is Kind.MATRIX and not made.rows:
        return Taken(replace(sketch, step=Step.ROWS))
    if made.kind in CHOOSING and not made.choices:
        return Taken(replace(sketch, step=Step.CHOICES))
    if not sketch.is_added:
        return _at_question(sketch, put_question(sketch.survey, sketch.here, _renamed(sketch, made)))
    named = replace(made, id=id_of_question(made.text, [one.id for one in sketch.survey.questions]))
    survey = add_question(sketch.survey, named)
    number = len(survey.questions)
    news = f"Question {number} is in. It may be left empty; “required {number}” asks for an answer."
    done = replace(sketch, survey=survey, step=Step.SURVEY, here=number - 1, made=None, is_added=False)
    return Taken(done, news)


def _renamed(sketch: Sketch, made: Question) -> Question:
    """Return a question under an id that fits its new words, where nothing can know it by the old one yet."""
    questions = sketch.survey.questions
    is_known = any(one.ask_if and made.id in looks_at(one.ask_if) for one in questions)
    if sketch.over or is_known or made.text == questions[sketch.here].text:
        return made
    return replace(made, id=id_of_question(made.text, [one.id for one in questions if one.id != made.id]))


def _at_question(sketch: Sketch, survey: Survey, news: str = "") -> Taken:
    return Taken(replace(sketch, survey=survey, step=Step.QUESTION, made=None, is_added=False), news)


def _made(sketch: Sketch) -> Question:
    return sketch.made or Question("", Kind.TEXT, "")


def _known(sketch: Sketch, *, is_row: bool) -> Mapping[str, str]:
    """Return text -> id of the rows or choices there are, so that those that stay keep their ids."""
    if sketch.is_added:
        return {}
    one = sketch.survey.questions[sketch.here]
    return {part.text: part.id for part in (one.rows if is_row else one.choices)}


def shown_page(sketch: Sketch) -> int:
    """Return the page with the question at hand, from 0."""
    return page_of_place(sketch.survey, sketch.here) if sketch.survey.questions else 0


_STEPS: dict[Step, Callable[[Sketch, str], Taken]] = {
    Step.TITLE: _title,
    Step.INTRO: _intro,
    Step.KIND: _kind,
    Step.TEXT: _text,
    Step.ROWS: _rows,
    Step.CHOICES: _choices,
    Step.HELP: _help,
    Step.PAGE_TITLE: _page_title,
    Step.NAME: _name,
    Step.DESIGNS: _designs,
    Step.SURE: _sure,
}
