"""What people do with a survey card: answer, go back, later, not for me, by typing, change.

Whatever fails, the card comes back with what was entered. The card that is shown is built from what is stored, so an
older copy of it leads to where the person is.
"""

import contextlib
import logging
from collections.abc import Sequence
from datetime import timedelta

from bot.carried import Data, text_in
from bot.turn import Reply, Turn
from cards.inputs import entered
from cards.pauses import DAYS_INPUT, declined_card, later_card, snoozed_card, typing_card
from cards.survey import Position, can_show_answers, survey_card
from cards.thanks import closed_card, thanks_card, withdrawn_card
from dialogs.answer import ANSWER_DIALOG
from feedback.answers.anonymous import with_ballot
from feedback.answers.answers import find_answered, record_answer
from feedback.answers.drafts import Kept, Sheet, keep_page, leave_page, where_they_are
from feedback.answers.snoozes import MOST_DAYS, come_back, decline, snooze
from feedback.errors import AnswersRefused, NotYourSurvey, Problem, RunIsClosed, RunIsRecalled
from feedback.language import current, mark, say
from feedback.runs.contacts import next_allowed
from feedback.runs.runs import Delivery, DeliveryState, Run, RunState, find_delivery, find_run
from feedback.runs.translated_runs import run_in
from store.contract import StoreError, TooLarge

log = logging.getLogger(__name__)

TOO_MUCH = mark("Not saved: that is too long to be kept. Please make it shorter. What you entered is still here.")
NOT_SAVED = mark("Not saved — please try again in a minute. What you entered is still here.")
OUTDATED = mark("You had sent these answers before and have changed them since, so nothing was changed now. See below.")
LATE = mark("You have sent your answers already. Send this page again to change them.")
INCOMPLETE = mark("With what you changed, there is more to answer here.")
MARKED = mark("Not saved yet — please look at the marked questions.")


async def answer(turn: Turn, data: Data) -> Reply:
    """Keep the answers in a survey card: the whole survey's, or a page's."""
    run = await _run(turn, data)
    sheet = await _sheet(turn, run, data)
    try:
        if run.survey.pages:
            kept = await keep_page(turn.store, run, turn.person.id, sheet, turn.now)
            turn.parts.tallier.wake()
            return _after(run, kept, sheet)
        return await _answer_all(turn, run, sheet)
    except (RunIsClosed, RunIsRecalled):
        return await _over(turn, run)
    except AnswersRefused as refused:
        return await _again(turn, run, sheet, refused.problems)
    except StoreError as error:
        log.error("answer not saved, reference %s: %r", turn.source, error)  # noqa: TRY400 - of these come many
        return _not_saved(run, sheet, error, text_in(data, "arm"))


async def back(turn: Turn, data: Data) -> Reply:
    """Show the page before, and keep what was entered on this one."""
    run = await _run(turn, data)
    sheet = await _sheet(turn, run, data)
    left = await _leave(turn, run, data, sheet, goes_back=True)
    return left if isinstance(left, Reply) else _after(run, left, sheet)


async def later(turn: Turn, data: Data) -> Reply:
    """Keep what was entered, and ask when to ask again."""
    run = await _run(turn, data)
    sheet = await _sheet(turn, run, data)
    left = await _leave(turn, run, data, sheet)
    if isinstance(left, Reply) or left.delivery.state is DeliveryState.ANSWERED:
        return left if isinstance(left, Reply) else _after(run, left, sheet)
    return Reply(say("When shall I ask you again?"), later_card(run, left.delivery))


async def ask_again(turn: Turn, data: Data) -> Reply:
    """Promise to ask again in some days, outside the person's quiet hours."""
    run = await _run(turn, data)
    days = text_in(data, DAYS_INPUT)
    number = int(days) if days.isascii() and days.isdecimal() and len(days) < len(str(MOST_DAYS)) + 1 else 1
    until = turn.now + timedelta(days=max(1, min(number, MOST_DAYS)))
    allowed = next_allowed(turn.person, until, turn.parts.quiet)
    try:
        delivery = await snooze(turn.store, run, turn.person.id, allowed)
    except (RunIsClosed, RunIsRecalled):
        return await _over(turn, run)
    if delivery.snoozed_until is None:
        return _here(run, delivery)
    return Reply(say("I will ask you again."), snoozed_card(run, delivery, delivery.snoozed_until))


async def not_for_me(turn: Turn, data: Data) -> Reply:
    """Keep that this survey is not for the person, with what they have entered: they may change their mind."""
    run = await _run(turn, data)
    try:
        if "rev" in data:
            with contextlib.suppress(AnswersRefused):
                await leave_page(turn.store, run, turn.person.id, await _sheet(turn, run, data))
        delivery = await decline(turn.store, run, turn.person.id)
    except (RunIsClosed, RunIsRecalled):
        return await _over(turn, run)
    if not delivery.has_declined:
        return _here(run, delivery)
    return Reply(say("You get no reminders of this survey."), declined_card(run))


async def by_typing(turn: Turn, data: Data) -> Reply:
    """Keep what was entered, and go on with one question after the other in the chat."""
    run = await _run(turn, data)
    left = await _leave(turn, run, data, await _sheet(turn, run, data))
    if isinstance(left, Reply):
        return left
    await turn.guides.begin(ANSWER_DIALOG, {"run": run.run, "person": turn.person.id})
    return Reply(say("The questions come one by one below."), typing_card(run))


async def come_back_to(turn: Turn, data: Data) -> Reply:
    """Show the survey where the person is in it, after a pause or a change of mind."""
    run = await _run(turn, data)
    try:
        return _here(run, await come_back(turn.store, run, turn.person.id))
    except (RunIsClosed, RunIsRecalled):
        return await _over(turn, run)


async def edit(turn: Turn, data: Data) -> Reply:
    """Show the survey again, with the answers given."""
    run = await _run(turn, data)
    if not run.takes_answers:
        return await _over(turn, run)
    given = await find_answered(turn.store, run, turn.person.id)
    return Reply(say("Change your answers."), _page(run, given, where_they_are(run, given)))


async def _run(turn: Turn, data: Data) -> Run:
    """Return the run of a card, its survey in the language spoken."""
    return run_in(await find_run(turn.store, text_in(data, "run")), current())


async def _answer_all(turn: Turn, run: Run, sheet: Sheet) -> Reply:
    kept = await record_answer(turn.store, run, turn.person.id, sheet.raw, revision=sheet.revision, now=turn.now)
    turn.parts.tallier.wake()
    notice = say(OUTDATED) if kept.is_outdated else ""
    return Reply(notice or say("Thank you, your answers are saved."), thanks_card(run, kept.delivery, notice=notice))


async def _leave(turn: Turn, run: Run, data: Data, sheet: Sheet, *, goes_back: bool = False) -> Kept | Reply:
    """Keep what was entered on a page that is left, or return what the person is told instead."""
    try:
        return await leave_page(turn.store, run, turn.person.id, sheet, goes_back=goes_back)
    except (RunIsClosed, RunIsRecalled):
        return await _over(turn, run)
    except AnswersRefused as refused:
        return await _again(turn, run, sheet, refused.problems)
    except StoreError as error:
        log.error("page not saved, reference %s: %r", turn.source, error)  # noqa: TRY400 - of these come many
        return _not_saved(run, sheet, error, text_in(data, "arm"))


def _after(run: Run, kept: Kept, sheet: Sheet) -> Reply:
    """Return the page to go on with, or the thanks. What came too late to be kept stays on its page as entered."""
    if kept.page is None:
        return Reply(say("Thank you, your answers are saved."), thanks_card(run, kept.delivery))
    if kept.problems:
        notice = say(INCOMPLETE)
        return Reply(notice, _page(run, kept.delivery, kept.page, problems=kept.problems, notice=notice))
    if kept.is_late:
        return Reply(say(LATE), _page(run, kept.delivery, kept.page, raw=sheet.raw, notice=say(LATE)))
    return Reply(run.survey.title, _page(run, kept.delivery, kept.page))


def _here(run: Run, delivery: Delivery) -> Reply:
    """Return the card for somebody who opens the survey anew."""
    if delivery.state is DeliveryState.ANSWERED and delivery.draft is None:
        notice = say("You have answered this survey.")
        return Reply(say("These are your answers."), thanks_card(run, delivery, notice=notice))
    return Reply(run.survey.title, _page(run, delivery, where_they_are(run, delivery)))


def _page(
    run: Run,
    delivery: Delivery,
    page: int,
    *,
    raw: Data | None = None,
    problems: Sequence[Problem] = (),
    notice: str = "",
) -> dict[str, object]:
    """Return the card of a page. What was entered stands above what is stored."""
    return survey_card(
        run,
        answers={**delivery.filled_in, **(raw or {})},
        problems={one.question: one.sentence for one in problems},
        revision=delivery.revision,
        notice=notice,
        at=Position(page, delivery.step, delivery.filled_in, delivery.arm),
    )


async def _over(turn: Turn, run: Run) -> Reply:
    delivery = await find_delivery(turn.store, run.run, turn.person.id)
    if delivery is None:
        raise NotYourSurvey
    if run.state is RunState.RECALLED or delivery.state is DeliveryState.RECALLED:
        return Reply(say("This survey was withdrawn."), withdrawn_card(run, delivery))
    return Reply(say("This survey is closed."), closed_card(run, delivery))


async def _again(turn: Turn, run: Run, sheet: Sheet, problems: Sequence[Problem]) -> Reply:
    """Return the card with each problem beside its question, or only the problems when the card has no room."""
    delivery = await find_answered(turn.store, run, turn.person.id)
    if not can_show_answers(run, sheet.raw, sheet.page, delivery.arm):
        return Reply(str(AnswersRefused(tuple(problems))))
    known = {question.id for question in run.survey.questions}
    notice = " ".join([say(MARKED), *(one.sentence for one in problems if one.question not in known)])
    card = _page(run, delivery, sheet.page, raw=sheet.raw, problems=problems, notice=notice)
    return Reply(say("Please check your answers."), card)


def _not_saved(run: Run, sheet: Sheet, error: StoreError, arm: str) -> Reply:
    """Say so, on the card as filled in. The store cannot be asked for the arm: whoever changes it sees another one."""
    notice = say(TOO_MUCH) if isinstance(error, TooLarge) else say(NOT_SAVED)
    if not can_show_answers(run, sheet.raw, sheet.page, arm):
        return Reply(notice)
    at = Position(sheet.page, sheet.step, arm=arm)
    return Reply(notice, survey_card(run, answers=sheet.raw, revision=sheet.revision, notice=notice, at=at))


async def _sheet(turn: Turn, run: Run, data: Data) -> Sheet:
    """Return the page that a card was, as filled in; empty inputs of answers withheld from it are the stored ones."""
    raw = entered(data)
    withheld = data.get("keep")
    if isinstance(withheld, list) and withheld:
        delivery = await find_delivery(turn.store, run.run, turn.person.id)
        stored = (await with_ballot(turn.store, run, delivery)).filled_in if delivery else {}
        raw |= {str(one): stored[str(one)] for one in withheld if not raw.get(str(one)) and str(one) in stored}
    page = min(max(_whole(data, "page"), 0), len(run.survey.paged) - 1)
    return Sheet(page, raw, _whole(data, "rev"), _whole(data, "step"))


def _whole(data: Data, name: str) -> int:
    value = data.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
