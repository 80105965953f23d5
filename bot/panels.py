"""Commands for admins about whom a survey goes to: panels, and what a send would do."""

import asyncio
import re

from bot.admins import asked_to_send
from bot.attached import asked_with_file
from bot.turn import Reply, Turn
from cards.elements import counted
from cards.panels import dry_run_card, panel_card, panel_list_card
from cards.surveys import file_problems_card
from cards.targets import target_card
from feedback.errors import NothingToSay, PeopleFileRefused
from feedback.people.mixes import mix_words
from feedback.people.panels import find_panel, import_panel, list_panels
from feedback.people.people_files import read_people
from feedback.runs.targets import composition_of, set_target
from feedback.runs.timing import Asked
from feedback.runs.wave_words import read_waves
from feedback.waves import check_survey
from store.deadline import unhurried

_IMPORT = re.compile(
    r"(?P<name>\S+)(?P<options>(?:[ \t]+(?:replace|skip wrong lines))*)\s*(?P<text>.*)", re.DOTALL | re.IGNORECASE
)
_TARGET = re.compile(
    r"""(?P<name>\S+)(?:\s+(?P<attribute>"[^"]+"|[“„][^“”]+[“”]|[^\s=]+)(?:\s+(?P<shares>\S.*))?)?""", re.DOTALL
)
TARGET_USAGE = (
    "panel target <name> <attribute> <value>=<percent> …, such as panel target insiders size small=40 large=60"
)
USAGE = "panel import <name> [replace] [skip wrong lines], with the people as a CSV file"


async def panel_list(turn: Turn) -> list[Reply]:
    """List the panels."""
    return [Reply("The panels.", panel_list_card(await list_panels(turn.store)))]


async def panel_import(turn: Turn) -> list[Reply]:
    """Keep a panel's people from a CSV file, or say everything that is wrong with it."""
    asked = _IMPORT.fullmatch(turn.text)
    if asked is None:
        raise NothingToSay(usage=USAGE)
    text = await turn.parts.fetch_file(turn.files[0]) if turn.files else asked["text"].strip("`\n ")
    if not text.strip():
        raise NothingToSay(usage=USAGE)
    options = asked["options"].lower()
    skips = "skip wrong lines" in options
    try:
        file = await asyncio.to_thread(
            read_people, text, is_allowed=turn.parts.is_allowed_tenant, skip_wrong_lines=skips
        )
    except PeopleFileRefused as refused:
        return [Reply(str(refused), file_problems_card(refused.problems, title="Nobody was imported"))]
    with unhurried():
        done = await import_panel(
            turn.store, asked["name"], file, by=turn.person.id, now=turn.now, replaces="replace" in options
        )
    await turn.record("panel import", done.panel.id, after=counted(done.panel.people, "person", "people"))
    return [Reply(f"Panel {done.panel.id} is kept.", panel_card(done, len(file.problems)))]


async def panel_target(turn: Turn) -> list[Reply]:
    """Show the mix that a panel should have, beside the people it has; or change it."""
    asked = _TARGET.fullmatch(turn.text)
    if asked is None:
        raise NothingToSay(usage=TARGET_USAGE)
    if asked["attribute"] is None:
        panel = await find_panel(turn.store, asked["name"])
    elif not asked["shares"]:
        raise NothingToSay(usage=TARGET_USAGE)
    else:
        attribute = asked["attribute"].strip('"“”„')
        before, panel = await set_target(turn.store, asked["name"], attribute, asked["shares"])
        old, new = mix_words(before.target), mix_words(panel.target)
        if old != new:
            await turn.record("panel target", panel.id, before=old, after=new)
    composition = await composition_of(turn.store, panel)
    return [Reply(f"The target mix of {panel.id}.", target_card(panel, composition))]


async def dry_run(turn: Turn) -> list[Reply]:
    """Show what sending a survey to an audience would do, and send nothing."""
    survey, words = await asked_to_send(turn, "dry run <survey> to <audience>")
    asked, told = await asked_with_file(turn, words, _in_waves)
    if asked.waves is not None:
        check_survey(survey, asked.waves)
    found = await turn.parts.broadcaster.foretell(asked.audience, by=turn.person.id)
    second = turn.parts.broadcaster.needs_approval(found.reachable)
    card = dry_run_card(found, survey, asked.audience, turn.now, needs_approval=second)
    return [*told, Reply("What it would do.", card)]


def _in_waves(words: str) -> Asked:
    audience, waves = read_waves(words)
    return Asked(audience, None, waves=waves)
