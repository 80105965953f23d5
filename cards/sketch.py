"""The cards of a survey that is being written: what is asked next, one question's own, and all of it with a preview.

Every button and list says words that could be typed as well; the sketch's revision goes with them, so that an older
card changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cards.elements import (
    Card,
    Color,
    Element,
    Style,
    card,
    counted,
    escape,
    excerpt,
    execute,
    heading,
    hint,
    plain,
    section,
    stretch,
    text,
    verbatim,
)
from cards.inputs import asked
from cards.size import fitted
from cards.sketch_words import ASKED, SKIPPED, changes, known_of, outlined, value_of
from cards.survey import preview_card
from cards.surveys import advised
from feedback.surveys.questions import Kind
from feedback.surveys.survey_advice import advice_on
from feedback.surveys.surveys import Survey
from feedback.surveys.templates import templates
from feedback.writing.sketch_reading import KIND_WORDS
from feedback.writing.sketches import Sketch, Step
from feedback.writing.sketching import shown_page

SAY = "say"  # the input whose words are sent
PICK = "pick"  # and the list beside it
_NOTICE = 600  # characters
_TITLE = 120
_SEVERAL_LINES = frozenset({Step.INTRO, Step.TEXT, Step.ROWS, Step.CHOICES, Step.HELP, Step.DESIGNS})


@dataclass(frozen=True, slots=True)
class _Detail:
    """How much of a survey its card shows; `length` is that of a question in a list, in characters."""

    length: int
    has_preview: bool = False
    has_advice: bool = False


_DETAILS = (_Detail(100, True, True), _Detail(60, True), _Detail(60), _Detail(30), _Detail(12))  # noqa: FBT003


def sketch_card(sketch: Sketch, *, notice: str = "", is_warning: bool = False) -> Card:
    """Return the card for the step that a sketch is at, with a sentence about what was said last."""
    top = _notice(notice, is_warning=is_warning)
    match sketch.step:
        case Step.SURVEY:
            return _whole(sketch, top)
        case Step.QUESTION:
            return _one(sketch, top)
        case Step.SURE:
            return _sure(sketch, top)
        case _:
            return _asking(sketch, top)


def summary(sketch: Sketch) -> str:
    """Return what a notification says about the card."""
    return f"Your survey: {sketch.survey.title}" if sketch.survey.title else "A new survey"


def gone_card() -> Card:
    """Return what takes the place of a sketch that was thrown away."""
    return card([text("This survey was thrown away. **survey new** begins another one.")], fallback="Thrown away.")


def templates_card(found: Sequence[Survey]) -> Card:
    """Return the surveys to start from."""
    rows = [
        section(
            [
                text(f"**{escape(one.id)}**: {escape(one.title)}"),
                hint(
                    f"{counted(len(one.questions), 'question')}"
                    + (f" on {counted(len(one.pages), 'page')}" if one.pages else "")
                ),
            ]
        )
        for one in found
    ]
    how = text(f"**survey new from {escape(found[0].id)}** begins a survey of your own from the first.")
    return card([heading("Templates"), how, *rows], fallback="Templates of surveys")


def _asking(sketch: Sketch, top: Sequence[Element]) -> Card:
    """Return the card that asks for one thing."""
    wanted = ASKED[sketch.step](sketch)
    field = _kinds(sketch, wanted.question) if sketch.step is Step.KIND else _field(sketch, wanted.question)
    body = [*top, heading(wanted.about), *(hint(one) for one in wanted.rules), field]
    buttons = [_say("Next", sketch, reads=SAY, style=Style.POSITIVE)]
    if sketch.step is Step.TITLE and not sketch.survey.title:
        body += [section([hint("Or begin with a survey that is there already:"), _templates()])]
        buttons.append(_say("Begin with this", sketch, "from", reads=PICK))
        return card(body, buttons, fallback=wanted.question)
    if sketch.step in SKIPPED:
        buttons.append(_say(SKIPPED[sketch.step], sketch, "skip"))
    if sketch.step is Step.ONLY_IF:
        buttons.append(_say("Ask it of everybody", sketch, "always"))
    buttons.append(_say("Back", sketch, "back"))
    return card(body, buttons, fallback=wanted.question)


def _whole(sketch: Sketch, top: Sequence[Element]) -> Card:
    """Return the survey as it is, as people will see it, with everything that can be done next.

    Where all of that is too much for a card, the advice goes first, then the preview.
    """
    survey, page = sketch.survey, shown_page(sketch)
    pages = f" on {counted(len(survey.pages), 'page')}" if survey.pages else ""
    title = f"Your survey: {escape(excerpt(survey.title, _TITLE))}"
    head = [*top, heading(title), hint(f"{counted(len(survey.questions), 'question')}{pages}, not saved yet.")]
    below = [section([hint(_how(survey))])]

    if not survey.questions:
        return card([*head, *below], _next(sketch), fallback=title)
    preview = [_framed(preview_card(survey, page, survey.arms[0].id if survey.arms else ""))]
    found = advice_on(survey)
    advice = advised(survey, found, len(found))

    def build(detail: _Detail) -> Card:
        listed = section([*outlined(survey, detail.length), *_choose_one(survey, detail.length)])
        middle = [*(preview if detail.has_preview else []), listed, *(advice if detail.has_advice else [])]
        return card([*head, *middle, *below], _next(sketch), fallback=title)

    return fitted(build, _DETAILS)


def _one(sketch: Sketch, top: Sequence[Element]) -> Card:
    """Return one question with what can be changed in it."""
    survey, here = sketch.survey, sketch.here
    picked: Element = {
        "type": "Input.ChoiceSet",
        "id": PICK,
        "label": "What shall be changed?",
        "style": "compact",
        "placeholder": "Choose one",
        "choices": [{"title": title, "value": words} for words, title in changes(sketch).items()],
    }
    advice = [one for one in advice_on(survey) if one.question == survey.questions[here].id]
    body: list[Element] = [
        *top,
        heading(f"Question {here + 1} of {len(survey.questions)}"),
        hint(escape(known_of(survey, here))),
        {"type": "Container", "style": "emphasis", "items": asked(survey.questions[here])},
        *advised(survey, advice, len(advice)),
        picked,
    ]
    buttons = [
        _say("Change it", sketch, reads=PICK, style=Style.POSITIVE),
        _say("Back to the survey", sketch, "done"),
    ]
    return card(body, buttons, fallback=f"Question {here + 1}")


def _sure(sketch: Sketch, top: Sequence[Element]) -> Card:
    question = f"Throw away “{escape(excerpt(sketch.survey.title, _TITLE))}”?"
    kept = "A survey that was saved before stays as it is." if sketch.over else "It cannot be brought back."
    buttons = [_say("Throw away", sketch, "yes", style=Style.DESTRUCTIVE), _say("Keep it", sketch, "no")]
    return card([*top, heading(question), text(kept)], buttons, fallback=question)


def _next(sketch: Sketch) -> list[Element]:
    survey, page = sketch.survey, shown_page(sketch)
    add = _say("Add a question", sketch, "add", style=Style.DEFAULT if survey.questions else Style.POSITIVE)
    if not survey.questions:
        return [add, _say("Throw away", sketch, "throw away", is_secondary=True)]
    buttons = [
        add,
        _say("Change a question", sketch, "change", reads=PICK),
        _say("Test on myself", sketch, "test"),
        _say("Save", sketch, "save", style=Style.POSITIVE),
    ]
    if page + 1 < len(survey.paged):
        buttons.append(_say("See the next page", sketch, f"page {page + 2}"))
    if page:
        buttons.append(_say("See the page before", sketch, f"page {page}"))
    more = {"title": "Change the title", "intro": "Change the introduction", "name": "Save under a name"}
    more["designs"] = "Change the designs" if survey.arms else "Compare designs"
    more |= {"not anonymous": "Keep names"} if survey.is_anonymous else {"anonymous": "Make it anonymous"}
    more["throw away"] = "Throw away"
    return [*buttons, *(_say(title, sketch, words, is_secondary=True) for words, title in more.items())]


def _how(survey: Survey) -> str:
    if not survey.questions:
        return (
            "Type **add**, or press the button. **cancel** leaves this; it is kept, and **survey new** goes on with it."
        )
    last = len(survey.questions)
    order = f", **move {last} to 1**" if last > 1 else ""
    need = "optional" if survey.questions[-1].required else "required"
    words = f"**add**, **change {last}**{order}, **delete {last}**, **{need} {last}**, **test**, **save**"
    return f"You can also type: {words}. **cancel** leaves this; it is kept, and **survey new** goes on with it."


def _choose_one(survey: Survey, length: int) -> list[Element]:
    titles = [f"{number}. {excerpt(plain(one.text), length)}" for number, one in enumerate(survey.questions, 1)]
    chosen: Element = {
        "type": "Input.ChoiceSet",
        "id": PICK,
        "label": "A question to change, move or delete",
        "style": "compact",
        "placeholder": "Choose a question",
        "choices": [{"title": title, "value": str(number)} for number, title in enumerate(titles, 1)],
    }
    return [chosen]


def _kinds(sketch: Sketch, label: str) -> Element:
    choices = [{"title": f"{n}. {words}", "value": kind.value} for n, (kind, words) in enumerate(KIND_WORDS.items(), 1)]
    known = sketch.made.kind if sketch.made and not sketch.is_added else Kind.CHOICE
    value = {"value": known.value} if not sketch.is_added else {}
    return {"type": "Input.ChoiceSet", "id": SAY, "label": label, "style": "expanded", "choices": choices, **value}


def _field(sketch: Sketch, label: str) -> Element:
    field: Element = {"type": "Input.Text", "id": SAY, "label": plain(label)}
    if sketch.step in _SEVERAL_LINES:
        field["isMultiline"] = True
    value = value_of(sketch)
    return {**field, "value": value} if value else field


def _templates() -> Element:
    return {
        "type": "Input.ChoiceSet",
        "id": PICK,
        "label": "Template",
        "style": "compact",
        "placeholder": "Choose a template",
        "choices": [{"title": plain(one.title), "value": one.id} for one in templates()],
    }


def _framed(preview: Card) -> Element:
    return {"type": "Container", "separator": True, "spacing": "medium", "style": "emphasis", "items": _body(preview)}


def _body(whole: Mapping[str, object]) -> list[Element]:
    body = whole["body"]
    return list(body) if isinstance(body, list) else []


def _notice(notice: str, *, is_warning: bool) -> list[Element]:
    if not notice:
        return []
    color = Color.WARNING if is_warning else Color.GOOD
    words = verbatim(stretch(excerpt(notice, _NOTICE), is_bold=is_warning))
    return [{"type": "Container", "style": color.value, "items": [words]}]


def _say(
    title: str,
    sketch: Sketch,
    words: str = "",
    *,
    reads: str = "",
    style: Style = Style.DEFAULT,
    is_secondary: bool = False,
) -> Element:
    """Return a button that says words, and after them what is in the input that it reads."""
    data: dict[str, object] = {"rev": sketch.revision}
    if words:
        data["words"] = words
    if reads:
        data["reads"] = reads
    return execute(title, "sketch", data, style=style, is_secondary=is_secondary)
