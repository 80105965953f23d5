"""Commands for admins: surveys, and sending them."""

import asyncio
import re

from bot.engineers import run_named
from bot.schedules import asked_in, plan
from bot.turn import Reply, Turn
from broadcast.slices import where_it_stands
from cards.elements import counted
from cards.panels import proposed_card
from cards.status import runs_card, started_card, status_card
from cards.survey import preview_card, survey_fits
from cards.surveys import advice_card, file_problems_card, imported_card, survey_list_card
from feedback.errors import NothingToSay, Refusal, SurveyFileRefused, SurveyIsClosed
from feedback.runs import Run, RunState, find_run, latest_runs, runs_of
from feedback.survey_advice import advice_on
from feedback.survey_files import read_survey, write_survey
from feedback.surveys import Survey, close_survey, find_survey, import_survey, list_surveys

_SEND = re.compile(r"(?P<survey>\S+)\s+to\s+(?P<audience>.+)", re.IGNORECASE | re.DOTALL)


class SurveyTooLong(Refusal):
    """“{survey}” makes a card larger than Teams takes. Shorten its texts, or split it into two surveys."""


async def survey_list(turn: Turn) -> list[Reply]:
    """List the surveys."""
    return [Reply("The surveys.", survey_list_card(await list_surveys(turn.store)))]


async def survey_show(turn: Turn) -> list[Reply]:
    """Show a survey as people will see it."""
    survey = await find_survey(turn.store, _one_name(turn, "survey show <survey>"))
    pages = [Reply(f"Preview of {survey.id}.", preview_card(survey, page)) for page in range(len(survey.paged))]
    advice = advice_on(survey)
    return [*([Reply(f"Advice on {survey.id}.", advice_card(survey, advice))] if advice else []), *pages]


async def survey_import(turn: Turn) -> list[Reply]:
    """Keep a survey that was pasted or attached, or say everything that is wrong with it."""
    text = await turn.parts.fetch_file(turn.files[0]) if turn.files else turn.text
    if not text.strip():
        raise NothingToSay(usage="survey import, then the survey below or as a file")
    try:
        survey = await asyncio.to_thread(read_survey, text)  # a large file takes half a second
    except SurveyFileRefused as refused:
        return [Reply(str(refused), file_problems_card(refused.problems))]
    if not survey_fits(survey):
        raise SurveyTooLong(survey=survey.id)
    imported = await import_survey(turn.store, survey)
    return [Reply(f"Survey {survey.id} is kept.", imported_card(imported, advice_on(survey)))]


async def survey_export(turn: Turn) -> list[Reply]:
    """Give a survey back as a file's text: YAML, or JSON when asked."""
    name, _, form = _names(turn, "survey export <survey> [json]").partition(" ")
    as_json = form.strip() == "json"
    if form.strip() not in {"", "json", "yaml"}:
        raise NothingToSay(usage="survey export <survey> [json]")
    survey = await find_survey(turn.store, name)
    return [Reply(f"```{'json' if as_json else 'yaml'}\n{write_survey(survey, as_json=as_json).rstrip()}\n```")]


async def survey_close(turn: Turn) -> list[Reply]:
    """Close a survey and every run of it: no more answers, no more sending."""
    survey = await close_survey(turn.store, _one_name(turn, "survey close <survey>"))
    runs = await runs_of(turn.store, survey.id)
    for run in runs:
        await turn.parts.broadcaster.close(run)  # closed ones too: their cards may not be, after a crash
    was_open = sum(run.state is not RunState.CLOSED for run in runs)
    taken = f" {counted(was_open, 'open run')} of it took answers until now." if was_open else ""
    return [Reply(f"“{survey.id}” is closed: no more answers, and it cannot be sent.{taken}")]


async def send(turn: Turn) -> list[Reply]:
    """Send a survey to an audience, now or at a time, or ask another admin to approve it."""
    survey, words = await asked_to_send(turn, "send <survey> to <audience> [at <time>]")
    wanted = asked_in(turn, words)
    if wanted.timing is not None:
        return await plan(turn, survey, wanted)
    run = await turn.parts.broadcaster.start(survey, wanted.audience, by=turn.person.id)
    if run.state is RunState.PROPOSED:
        found = await turn.parts.broadcaster.foretell(run.audience, by=turn.person.id)
        return [Reply(f"{run.run} waits for an approval.", proposed_card(run, found, turn.now))]
    return [Reply(f"Sending {run.run}.", started_card(await where_it_stands(turn.store, run)))]


async def asked_to_send(turn: Turn, usage: str) -> tuple[Survey, str]:
    """Return the survey and what follows "to" in a command. Raises `Refusal`."""
    asked = _SEND.fullmatch(turn.text)
    if asked is None:
        raise NothingToSay(usage=usage)
    survey = await find_survey(turn.store, _plain(asked["survey"]))
    if survey.is_closed:
        raise SurveyIsClosed(survey=survey.id)
    return survey, asked["audience"].strip(" .!?")


async def status(turn: Turn) -> list[Reply]:
    """Show where one run stands, or the latest runs."""
    if turn.text:
        found = await where_it_stands(turn.store, await run_named(turn))
        return [Reply(f"Status of {found.run.run}.", status_card(found))]
    runs = [await where_it_stands(turn.store, run) for run in await latest_runs(turn.store)]
    return [Reply("The latest runs.", runs_card(runs))]


async def hold(turn: Turn) -> list[Reply]:
    """Send no more cards of a run for now."""
    run = await turn.parts.broadcaster.hold(await run_given(turn, "hold"))
    return [Reply(f"{run.run} is on hold.", status_card(await where_it_stands(turn.store, run)))]


async def go_on(turn: Turn) -> list[Reply]:
    """Go on with a run that is held."""
    run = await turn.parts.broadcaster.go_on(await run_given(turn, "continue"))
    return [Reply(f"{run.run} goes on.", status_card(await where_it_stands(turn.store, run)))]


async def cancel_run(turn: Turn) -> list[Reply]:
    """Send no more cards of a run, ever."""
    run = await turn.parts.broadcaster.cancel(await run_given(turn, "cancel"))
    return [Reply(f"{run.run} is cancelled.", status_card(await where_it_stands(turn.store, run)))]


async def resend(turn: Turn) -> list[Reply]:
    """Send again to those for whom it is not known whether the card arrived."""
    run = await run_given(turn, "resend")
    count = await turn.parts.broadcaster.resend(run)
    if not count:
        return [Reply(f"Nobody in {run.run} is unconfirmed, so nothing is sent again.")]
    return [Reply(f"Sending {run.run} again to {count} people who may not have got it.")]


async def run_given(turn: Turn, command: str) -> Run:
    """Return the run named in a command. Raises `Refusal`."""
    if not turn.text:
        raise NothingToSay(usage=f"{command} <run>")
    return await find_run(turn.store, _plain(turn.text.split()[0]))


def _one_name(turn: Turn, usage: str) -> str:
    return _names(turn, usage).split()[0]


def _names(turn: Turn, usage: str) -> str:
    if not turn.text:
        raise NothingToSay(usage=usage)
    return " ".join(_plain(word) for word in turn.text.split())


def _plain(words: str) -> str:
    """Return a name without the marks of a sentence around it."""
    return words.strip(" .,!?\"'“”„«»").lower()
