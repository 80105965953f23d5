"""What a press on a card's button does. A card says what it acts on; whether this person may is decided here."""

import logging
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from bot.turn import Reply, Turn
from broadcast.slices import where_it_stands
from cards.inputs import INPUT_PREFIX
from cards.results import results_card
from cards.status import status_card
from cards.survey import can_show_answers, survey_card
from cards.thanks import closed_card, thanks_card
from feedback.answers import find_answered, record_answer
from feedback.errors import AnswersRefused, NotAllowed, NotYourSurvey, Refusal, RunIsClosed
from feedback.people import Role
from feedback.results import results_of
from feedback.runs import Run, RunState, find_delivery, find_run
from store.contract import StoreError

Data = Mapping[str, object]

log = logging.getLogger(__name__)

NOT_SAVED = "Not saved — please try again in a minute. What you entered is still here."
OUTDATED = "You had sent these answers before and have changed them since, so nothing was changed now. See below."


class UnknownAction(Refusal):
    """This button is from another version of me and no longer works. Type **help** to see what does."""


class Act(msgspec.Struct, frozen=True):
    """One action a card can carry: its name in the card's data, who may, and what it does."""

    name: str
    role: Role
    run: Callable[[Turn, Data], Awaitable[Reply]]


async def answer(turn: Turn, data: Data) -> Reply:
    """Keep the answers in a survey card. Whatever fails, the card comes back with what was entered."""
    run = await find_run(turn.store, _text(data, "run"))
    raw = await _entered(turn, run, data)
    revision = _whole(data, "rev")
    try:
        kept = await record_answer(turn.store, run, turn.person.id, raw, revision=revision, now=turn.now)
    except RunIsClosed:
        return await _closed(turn, run)
    except AnswersRefused as refused:
        await find_answered(turn.store, run, turn.person.id)
        return _again(run, raw, refused, revision)
    except StoreError:
        log.exception("answer not saved, reference %s", turn.source)
        return _not_saved(run, raw, revision)
    turn.parts.tallier.wake()
    notice = OUTDATED if kept.is_outdated else ""
    return Reply(notice or "Thank you, your answers are saved.", thanks_card(run, kept.delivery, notice=notice))


async def edit(turn: Turn, data: Data) -> Reply:
    """Show the survey again, with the answers given."""
    run = await find_run(turn.store, _text(data, "run"))
    if run.state is RunState.CLOSED:
        return await _closed(turn, run)
    given = await find_answered(turn.store, run, turn.person.id)
    return Reply("Change your answers.", survey_card(run, answers=given.answers, revision=given.revision))


async def status(turn: Turn, data: Data) -> Reply:
    """Show where a run stands now."""
    found = await where_it_stands(turn.store, await find_run(turn.store, _text(data, "run")))
    return Reply(f"Status of {found.run.run}.", status_card(found))


async def results(turn: Turn, data: Data) -> Reply:
    """Show a run's results as they are now."""
    found = await results_of(turn.store, _text(data, "run"), turn.parts.tallier)
    return Reply(f"Results of {found.run.run}.", results_card(found))


ACTS: dict[str, Act] = {
    one.name: one
    for one in (
        Act("answer", Role.CUSTOMER, answer),
        Act("edit", Role.CUSTOMER, edit),
        Act("status", Role.ADMIN, status),
        Act("results", Role.ENGINEER, results),
    )
}


async def act(turn: Turn, data: Data) -> Reply:
    """Do what a card action asks. Raises `Refusal` or `StoreError`."""
    found = ACTS.get(_text(data, "act"))
    if found is None:
        raise UnknownAction
    if not turn.role.includes(found.role):
        raise NotAllowed(command=found.name, role=found.role.value)
    return await found.run(turn, data)


async def _closed(turn: Turn, run: Run) -> Reply:
    delivery = await find_delivery(turn.store, run.run, turn.person.id)
    if delivery is None:
        raise NotYourSurvey
    return Reply("This survey is closed.", closed_card(run, delivery))


def _again(run: Run, raw: Data, refused: AnswersRefused, revision: int) -> Reply:
    """Return the card with each problem beside its question, or only the problems when the card has no room."""
    known = {question.id for question in run.survey.questions}
    beside = {one.question: one.sentence for one in refused.problems if one.question in known}
    others = [one.sentence for one in refused.problems if one.question not in known]
    if not can_show_answers(run, raw):
        return Reply(str(refused))
    notice = " ".join(["Not saved yet — please look at the marked questions.", *others])
    return Reply(
        "Please check your answers.",
        survey_card(run, answers=raw, problems=beside, revision=revision, notice=notice),
    )


def _not_saved(run: Run, raw: Data, revision: int) -> Reply:
    if not can_show_answers(run, raw):
        return Reply(NOT_SAVED)
    return Reply(NOT_SAVED, survey_card(run, answers=raw, revision=revision, notice=NOT_SAVED))


async def _entered(turn: Turn, run: Run, data: Data) -> dict[str, object]:
    """Return what was entered, question id -> value; empty inputs of answers kept back are the stored ones."""
    raw = {key.removeprefix(INPUT_PREFIX): value for key, value in data.items() if key.startswith(INPUT_PREFIX)}
    kept = data.get("keep")
    if isinstance(kept, list) and kept:
        delivery = await find_delivery(turn.store, run.run, turn.person.id)
        stored = delivery.answers if delivery else {}
        raw |= {str(one): stored[str(one)] for one in kept if not raw.get(str(one)) and str(one) in stored}
    return raw


def _text(data: Data, name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _whole(data: Data, name: str) -> int:
    value = data.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
