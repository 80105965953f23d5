"""Commands for admins: surveys, and sending them."""

import asyncio
import logging
import re
from collections.abc import Sequence

from bot.attached import ATTACHED, asked_with_file
from bot.running import shown
from bot.schedules import asked_in, plan
from bot.turn import Reply, Turn
from cards.elements import counted
from cards.panels import proposed_card
from cards.saved import version_card
from cards.survey import preview_card, survey_fits
from cards.surveys import advice_card, file_problems_card, imported_card, survey_list_card
from feedback.errors import NothingToSay, Refusal, SurveyFileRefused, SurveyIsClosed, VersionUnknown, quote
from feedback.language import ENGLISH, LANGUAGES, find_language, speaking
from feedback.runs.runs import Run, RunState, latest_runs, runs_of
from feedback.surveys.survey_advice import advice_on
from feedback.surveys.survey_files import read_survey, write_survey
from feedback.surveys.surveys import Survey, close_survey, find_survey, import_survey, list_surveys
from feedback.surveys.translations import survey_in
from store.contract import StoreError

log = logging.getLogger(__name__)

LOOKED_AT = 100  # of the latest runs, for the list of surveys
_SHOW = "survey show <survey> [version] [language]"
_SEALING = "Its answers are being sealed; results appear as soon as that is done."
_SEND = re.compile(r"(?P<survey>\S+)\s+to\s+(?P<audience>.+)", re.IGNORECASE | re.DOTALL)

_SHORT = re.compile(r"(?P<survey>\S+)(?:\s+to)?\s*", re.IGNORECASE)  # with a file, which says to whom


class SurveyTooLong(Refusal):
    """“{survey}” makes a card larger than Teams takes. Shorten its texts, or split it into two surveys."""


class NoSuchLanguage(Refusal):
    """I don't know the language {language}. Choose one of: {known}."""


async def survey_list(turn: Turn) -> list[Reply]:
    """List the surveys, each with its version and its last run among the latest."""
    last = {run.survey.id: run for run in reversed(await latest_runs(turn.store, LOOKED_AT))}
    return [Reply("The surveys.", survey_list_card(await list_surveys(turn.store), last))]


async def survey_show(turn: Turn) -> list[Reply]:
    """Show a survey as people will see it: the newest version or one that was sent, in its own language or another."""
    name, _, words = _names(turn, _SHOW).partition(" ")
    survey = await find_survey(turn.store, name)
    runs = await runs_of(turn.store, survey.id)
    version, language = _version_and_language(words)
    asked = _in_version(survey, runs, version) if version else survey
    advice = advice_on(asked)
    advised = [Reply(f"Advice on {asked.id}.", advice_card(asked, advice))] if advice else []
    versions = Reply(f"Versions of {survey.id}.", version_card(asked, runs))
    with speaking(language or ENGLISH):
        shown = survey_in(asked, language) if language else asked
        pages = [
            Reply(f"Preview of {survey.id}.", preview_card(shown, page, arm))
            for arm in [one.id for one in shown.arms] or [""]
            for page in range(len(shown.paged))
        ]
    return [versions, *advised, *pages]


def _version_and_language(words: str) -> tuple[str, str]:
    """Return the version and the language that somebody wants to see, each an empty text where none is named."""
    said = [word for word in words.split() if word != "version"]
    versions = [word for word in said if word.isdecimal()]
    tags = [word for word in said if not word.isdecimal()]
    if len(versions) > 1 or len(tags) > 1:
        raise NothingToSay(usage=_SHOW)
    language = find_language(tags[0]) if tags else ""
    if tags and not language:
        raise NoSuchLanguage(language=quote(tags[0]), known=", ".join(LANGUAGES))
    return "".join(versions), language


def _in_version(survey: Survey, runs: Sequence[Run], wanted: str) -> Survey:
    """Return a survey as it was in a version: the newest, or one that a run was sent in."""
    kept = {str(one.version): one for one in (*(run.survey for run in runs), survey)}
    if wanted not in kept:
        raise VersionUnknown(survey=survey.id, version=wanted)
    return kept[wanted]


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
    await turn.record("survey import", survey.id, after=f"version {imported.survey.version}")
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
    was_open = sum(run.takes_answers for run in runs)
    await turn.record("survey close", survey.id, before=counted(was_open, "open run"), after="closed")
    taken = f" {counted(was_open, 'open run')} of it took answers until now." if was_open else ""
    sealing = f" {_SEALING}" if any(run.survey.is_anonymous and run.takes_answers for run in runs) else ""
    return [Reply(f"“{survey.id}” is closed: no more answers, and it cannot be sent.{taken}{sealing}")]


async def send(turn: Turn) -> list[Reply]:
    """Send a survey to an audience, now or at a time, or ask another admin to approve it."""
    survey, words = await asked_to_send(turn, "send <survey> to <audience> [at <time> or until ±<margin>]")
    wanted, told = await asked_with_file(turn, words, lambda asked: asked_in(turn, asked))
    if wanted.timing is not None:
        return [*told, *await plan(turn, survey, wanted)]
    run = await turn.parts.broadcaster.start(survey, wanted.audience, by=turn.person.id, waves=wanted.waves)
    try:
        return [*told, await _started(turn, run)]
    except StoreError:  # the run is there all the same: whoever was told to try again would send it twice
        log.exception("run %s has started, and is neither shown nor in the audit, reference %s", run.run, turn.source)
        return [Reply(f"{run.run} is written down. `status {run.run}` shows where it stands.")]


async def _started(turn: Turn, run: Run) -> Reply:
    people = counted(run.people, "person", "people")
    await turn.record("send", run.run, after=f"{run.state.value}, {people}" if run.people else run.state.value)
    if run.state is RunState.PROPOSED:
        found = await turn.parts.broadcaster.foretell(run.audience, by=turn.person.id)
        card = proposed_card(run, found, turn.now)
        return Reply(f"{run.run} waits for an approval.", card, watches=run.run)
    return await shown(turn, run, news=f"Sending {run.run}.")


async def asked_to_send(turn: Turn, usage: str) -> tuple[Survey, str]:
    """Return the survey and what follows "to" in a command. Raises `Refusal`."""
    text = turn.text
    if turn.files and (short := _SHORT.fullmatch(text)):
        text = f"{short['survey']} to {ATTACHED}"
    asked = _SEND.fullmatch(text)
    if asked is None:
        raise NothingToSay(usage=usage)
    survey = await find_survey(turn.store, _plain(asked["survey"]))
    if survey.is_closed:
        raise SurveyIsClosed(survey=survey.id)
    return survey, asked["audience"].strip(" .!?")


def _one_name(turn: Turn, usage: str) -> str:
    return _names(turn, usage).split()[0]


def _names(turn: Turn, usage: str) -> str:
    if not turn.text:
        raise NothingToSay(usage=usage)
    return " ".join(_plain(word) for word in turn.text.split())


def _plain(words: str) -> str:
    """Return a name without the marks of a sentence around it."""
    return words.strip(" .,!?\"'“”„«»").lower()
