"""Writing surveys: the commands that begin it, and what the buttons on its cards do."""

from msgspec.structs import replace

from bot.carried import Data, text_in
from bot.turn import Reply, Turn
from cards.inputs import entered
from cards.sketch import PICK, SAY, sketch_card, templates_card
from cards.trial import trial_card, tried_card
from dialogs.sketch import OUTDATED, SKETCH_DIALOG, TOO_MUCH, Desk
from feedback.errors import NothingToSay, SketchElsewhere, SketchGone, SketchThere, TemplateUnknown, quote
from feedback.surveys.surveys import find_survey
from feedback.surveys.templates import find_template, templates, unmarked
from feedback.surveys.trials import go_back, try_page
from feedback.writing.sketches import Sketch, Step, begin_sketch, find_sketch, new_sketch
from store.contract import Conflict

NEW = "survey new [from <template>]"


async def survey_templates(_turn: Turn) -> list[Reply]:
    """Show the surveys to start from."""
    return [Reply("Templates of surveys.", templates_card(templates()))]


async def survey_new(turn: Turn) -> list[Reply]:
    """Begin a survey, from nothing or from a template, or go on with the one that was begun."""
    first, _, name = turn.text.lower().strip(" .!").partition(" ")
    if not first:
        return await _go_on(turn, new_sketch(turn.person.id), opens="")
    if first != "from" or not name.strip():
        raise NothingToSay(usage=NEW)
    template = find_template(name.strip())
    if template is None:
        raise TemplateUnknown(name=quote(name))
    sketch = replace(new_sketch(turn.person.id), survey=unmarked(template), step=Step.SURVEY)
    return await _go_on(turn, sketch, opens=template.id)


async def survey_edit(turn: Turn) -> list[Reply]:
    """Open a survey to change it, or go on with the changes that were begun."""
    if not turn.text:
        raise NothingToSay(usage="survey edit <survey>")
    survey = await find_survey(turn.store, turn.text.split()[0].strip(" .,!?\"'“”„«»"))
    sketch = Sketch(
        id=turn.person.id,
        survey=replace(survey, version=1, is_closed=False),
        step=Step.SURVEY,
        over=survey.version,
        is_named=True,
    )
    return await _go_on(turn, sketch, opens=survey.id)


async def press(turn: Turn, data: Data) -> Reply:
    """Take the words of a button on a sketch's card."""
    await _enter(turn)
    reads = data.get("reads")
    typed = data.get(reads) if reads in {SAY, PICK} else None
    words = f"{text_in(data, 'words')} {typed if isinstance(typed, str) else ''}".strip()
    said = await _desk(turn).press(turn.person.id, words, revision=_whole(data, "rev"))
    if said.is_over:
        await turn.guides.cancel()
    return Reply(said.text, said.card)


async def trial(turn: Turn, data: Data) -> Reply:
    """Check a page of a survey that its author tries out, and keep nothing."""
    sketch = await _enter(turn)
    survey, goes = sketch.survey, text_in(data, "goes")
    if sketch.revision != _whole(data, "rev") or not survey.questions:
        return Reply(OUTDATED, sketch_card(sketch, notice=OUTDATED, is_warning=True))
    page = min(max(_whole(data, "page"), 0), len(survey.paged) - 1)
    earlier, raw = data.get("earlier"), entered(data)
    known = earlier if isinstance(earlier, dict) and goes != "begin" else {}
    arm = text_in(data, "arm")
    if goes == "begin":
        shown = trial_card(survey, sketch.revision, answers={}, arm=arm)
    else:
        tried = (go_back if goes == "back" else try_page)(survey, page, known, raw)
        if tried.page is None:
            return Reply("A test: nothing was kept.", tried_card(survey, sketch.revision, tried.answers, arm))
        filled = raw if tried.page == page else None
        shown = trial_card(
            survey, sketch.revision, tried.page, answers=tried.answers, arm=arm, raw=filled, problems=tried.problems
        )
    return Reply("A test of your survey.", shown or sketch_card(sketch, notice=TOO_MUCH, is_warning=True))


async def _go_on(turn: Turn, sketch: Sketch, *, opens: str) -> list[Reply]:
    """Begin a sketch, or go on with the one there is: `opens` names what the author wants to open, if anything."""
    try:
        await begin_sketch(turn.store, sketch)
    except Conflict:
        found = await find_sketch(turn.store, turn.person.id)
        there = found.sketch if found else sketch
        if opens and there.survey.id != opens:
            raise SketchThere(title=quote(there.survey.title or "without a title")) from None
    await turn.guides.begin(SKETCH_DIALOG, {"author": turn.person.id})
    return []


async def _enter(turn: Turn) -> Sketch:
    """Return the author's sketch, and let what is typed from now on be about it.

    Another conversation under way is not broken off: that raises `SketchElsewhere`.
    """
    found = await find_sketch(turn.store, turn.person.id)
    if found is None:
        raise SketchGone
    under_way = await turn.guides.remembered()
    if under_way is None:
        await turn.guides.begin(SKETCH_DIALOG, {"author": turn.person.id, "quiet": "yes"})
    elif under_way["name"] != SKETCH_DIALOG:
        raise SketchElsewhere
    return found.sketch


def _desk(turn: Turn) -> Desk:
    return Desk(turn.store, turn.parts.clock)


def _whole(data: Data, name: str) -> int:
    value = data.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
