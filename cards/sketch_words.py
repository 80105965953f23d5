"""How a sketch is put into words: what each step asks, its questions in a list, and what can be changed in one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cards.elements import Element, escape, excerpt, stretch, verbatim
from feedback.surveys.arm_files import MAX_ARMS, MIN_ARMS
from feedback.surveys.choice_files import MAX_ROWS, most_choices
from feedback.surveys.questions import CHOOSING, Choice, Comparison, Condition, Kind, Question, describe
from feedback.surveys.surveys import Survey
from feedback.writing.sketch_designs import typed
from feedback.writing.sketch_reading import KIND_WORDS
from feedback.writing.sketches import NEW_ID, Sketch, Step
from feedback.writing.sketching import shown_page

_TEXT = 100  # characters of a question in a list
_COMPARED = {
    Comparison.AT_MOST: "at most",
    Comparison.AT_LEAST: "at least",
    Comparison.IS: "is",
    Comparison.INCLUDES: "includes",
}
SKIPPED: Mapping[Step, str] = {
    Step.INTRO: "No introduction",
    Step.HELP: "No help text",
    Step.PAGE_TITLE: "No title",
    Step.DESIGNS: "No designs",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a step asks, what it is about, and the rules that go with it, as Markdown."""

    about: str
    question: str
    rules: tuple[str, ...] = ()


def outlined(survey: Survey, length: int = _TEXT) -> list[Element]:
    """Return the questions in a list, by pages, with what there is to know about each; texts of up to `length`."""
    lines: list[Element] = []
    place = 0
    for page, questions in enumerate(survey.paged):
        if survey.pages:
            title = f": {excerpt(survey.page_title(page), length)}" if survey.page_title(page) else ""
            lines.append(verbatim(stretch(f"Page {page + 1}{title}", is_subtle=True, is_small=True), is_close=True))
        for question in questions:
            words = excerpt(" ".join(question.text.split()), length)
            known = excerpt(known_of(survey, place, is_short=True), 2 * length)
            about = stretch(f" ({known})", is_subtle=True, is_small=True)
            place += 1
            lines.append(verbatim(f"{place}. {words}", about, is_close=True))
    return lines


def known_of(survey: Survey, place: int, *, is_short: bool = False) -> str:
    """Return what there is to know about a question: “nps, required, only if 1 at most 6”."""
    one = survey.questions[place]
    kind = one.kind.value.replace("_", " ") if is_short else KIND_WORDS[one.kind]
    optional = [] if is_short else ["may be left empty"]
    condition = [f"only if {conditioned(survey, one.ask_if)}"] if one.ask_if else []
    return ", ".join([kind, *(["required"] if one.required else optional), *condition])


def conditioned(survey: Survey, condition: Condition) -> str:
    """Return a condition in words, with questions by their numbers: “1 at most 6”."""
    for parts, word in ((condition.all, " and "), (condition.any, " or ")):
        if parts:
            return word.join(
                f"({conditioned(survey, one)})" if one.all or one.any else conditioned(survey, one) for one in parts
            )
    number = next((n for n, one in enumerate(survey.questions, 1) if one.id == condition.question), 0)
    looked_at = survey.question(condition.question)
    value = condition.value
    said = f"{value}" if looked_at is None else _value(looked_at, value)
    return f"{number} {_COMPARED[condition.compare]} {said}"


def changes(sketch: Sketch) -> dict[str, str]:
    """Return what can be changed in the question at hand: the words that do it, and how a list names them."""
    survey, number = sketch.survey, sketch.here + 1
    one = survey.questions[sketch.here]
    begins = sketch.here == sum(len(some) for some in survey.paged[: shown_page(sketch)])
    possible = {
        f"text {number}": "The question's words",
        f"choices {number}": "The choices" if one.kind in CHOOSING else "",
        f"rows {number}": "The rows" if one.kind is Kind.MATRIX else "",
        f"help {number}": "The help text",
        f"optional {number}" if one.required else f"required {number}": "Let it be left empty"
        if one.required
        else "Ask for an answer: required",
        f"kind {number}": "The kind of answer",
        f"only if {number}": "Ask it only of some people" if number > 1 else "",
        f"always {number}": "Ask it of everybody" if one.ask_if else "",
        f"up {number}": "Move it up" if number > 1 else "",
        f"down {number}": "Move it down" if number < len(survey.questions) else "",
        f"new page {number}": "Begin a page here" if number > 1 and not begins else "",
        f"page title {number}": "The title of the page that begins here" if survey.pages and begins else "",
        f"same page {number}": "Join this page to the one before" if survey.pages and begins and number > 1 else "",
        f"delete {number}": "Delete the question",
    }
    return {words: title for words, title in possible.items() if title}


def value_of(sketch: Sketch) -> str:
    """Return what is in a step's input to begin with: what there is so far."""
    survey = sketch.survey
    of_survey = {
        Step.TITLE: survey.title,
        Step.INTRO: survey.intro,
        Step.NAME: "" if survey.id == NEW_ID else survey.id,
        Step.DESIGNS: typed(survey.arms),
    }
    if sketch.step in of_survey:
        return of_survey[sketch.step]
    if sketch.is_added or not survey.questions:
        return ""
    one = survey.questions[sketch.here]
    of_question = {
        Step.TEXT: one.text,
        Step.HELP: one.help,
        Step.ROWS: "\n".join(row.text for row in one.rows),
        Step.CHOICES: "\n".join(map(_choice, one.choices)),
        Step.PAGE_TITLE: survey.page_title(shown_page(sketch)),
    }
    return of_question.get(sketch.step, "")


def _choice(choice: Choice) -> str:
    return " | ".join(part for part in (choice.text, choice.image, choice.alt) if part)


def _value(question: Question, value: float | str) -> str:
    if question.kind is Kind.CHOICES:
        found = question.choice(str(value))
        return found.text if found else str(value)
    return describe(question, value) if question.kind is not Kind.DATE else str(value)


def _number(sketch: Sketch) -> int:
    return len(sketch.survey.questions) + 1 if sketch.is_added else sketch.here + 1


def _title(sketch: Sketch) -> Asked:
    if sketch.survey.title:
        return Asked("The title", "What shall the survey be called?")
    rule = "A few words that people see first. Nothing goes to anybody before you save it and send it."
    return Asked("A new survey", "What shall it be called?", (rule,))


def _intro(_: Sketch) -> Asked:
    rule = "Who asks, what for, and how long it takes: a sentence or two. It stands above the questions."
    return Asked("The introduction", "What shall people read first?", (rule,))


def _kind(sketch: Sketch) -> Asked:
    number = _number(sketch)
    rule = "Choose one, or type its number."
    return Asked(f"Question {number}", "How shall people answer?", (rule,))


def _text(sketch: Sketch) -> Asked:
    made = sketch.made.kind if sketch.made else Kind.TEXT
    rules = {Kind.CES: "People agree or disagree with it, so write a sentence such as: It was easy to get started."}
    return Asked(
        f"Question {_number(sketch)}", "What do you ask?", (KIND_WORDS[made], *filter(None, [rules.get(made)]))
    )


def _rows(sketch: Sketch) -> Asked:
    rule = f"Each on a line of its own, up to {MAX_ROWS}. The choices for all of them come next."
    return Asked(f"Question {_number(sketch)}", "Which rows?", (rule,))


def _choices(sketch: Sketch) -> Asked:
    kind = sketch.made.kind if sketch.made else Kind.CHOICE
    rules = [f"Each on a line of its own, from 2 to {most_choices(kind)}."]
    if kind is Kind.IMAGE_CHOICE:
        rules.append("Write each as: text | https://… | what the picture shows")
    return Asked(f"Question {_number(sketch)}", "Which choices?", tuple(rules))


def _help(sketch: Sketch) -> Asked:
    return Asked(f"Question {sketch.here + 1}", "What helps to answer it?", ("It stands below the question, smaller.",))


def _only_if(sketch: Sketch) -> Asked:
    earlier = sketch.survey.questions[: sketch.here]
    listed = tuple(f"{n} – {escape(excerpt(one.text, _TEXT))}" for n, one in enumerate(earlier, 1))
    rule = (
        "Write the number of an earlier question and its answer: **1 at most 6**, **2 is yes**, **3 includes Phone**."
    )
    condition = sketch.survey.questions[sketch.here].ask_if
    now = (f"Now: only if {escape(conditioned(sketch.survey, condition))}",) if condition else ()
    return Asked(f"Question {sketch.here + 1}", "When is it asked?", (rule, *listed, *now))


def _page_title(sketch: Sketch) -> Asked:
    return Asked(f"Page {shown_page(sketch) + 1}", "What is its title?")


def _designs(_: Sketch) -> Asked:
    rules = (
        f"Each on a line of its own, from {MIN_ARMS} to {MAX_ARMS}: what it looks like, in a sentence or two.",
        "With a picture: text | https://… | what the picture shows. Chance decides who sees which, in equal numbers.",
    )
    return Asked("Designs to compare", "Which designs?", rules)


def _name(sketch: Sketch) -> Asked:
    name = sketch.survey.id if sketch.survey.id != NEW_ID else "start"
    rule = f"You will call it by this, as in **send {escape(name)} to customers**. Letters a–z, digits, “-” and “\\_”."
    return Asked("Saving the survey", "Under which name?", (rule,))


ASKED: Mapping[Step, Callable[[Sketch], Asked]] = {
    Step.TITLE: _title,
    Step.INTRO: _intro,
    Step.KIND: _kind,
    Step.TEXT: _text,
    Step.ROWS: _rows,
    Step.CHOICES: _choices,
    Step.HELP: _help,
    Step.ONLY_IF: _only_if,
    Step.PAGE_TITLE: _page_title,
    Step.NAME: _name,
    Step.DESIGNS: _designs,
}
