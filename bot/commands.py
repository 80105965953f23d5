"""The command table. Routing, help, roles and the Teams manifest all read these rows."""

import difflib
import re
from collections.abc import Sequence

import msgspec

from bot import admins, engineers, everyone, panels, results, roles, running, schedules, sketching
from bot.turn import Handler, Reply, Turn
from cards.help import help_card, unknown
from feedback.language import mark, say
from feedback.people.people import Role

_WORD = r"[^\s`.,:;!?]+"
_MARKS = r"[.,:;!?]*"  # “stop!” and “feedback: …” are meant as they are said
_FIRST_WORDS = re.compile(rf"\s*/?(?P<first>{_WORD})(?P<marks>{_MARKS})(?:\s+(?P<second>{_WORD}){_MARKS})?")


class Command(msgspec.Struct, frozen=True):
    """One command: the word or words that call it, who may, and what it does.

    `writes` says that doing it twice by accident would be wrong, so an early repetition is held back. Commands that
    change nothing the second time do not need it.
    """

    word: str
    role: Role
    usage: str
    about: str
    run: Handler
    writes: bool = False


async def show_help(turn: Turn) -> list[Reply]:
    """Show what this person can do here."""
    return [Reply(say("Help"), help_card(_allowed(turn.role)))]


async def not_understood(turn: Turn) -> list[Reply]:
    """Say that a text is no command, what it may have been meant to be, and what there is."""
    nearest = nearest_command(turn.text, turn.role)
    card = help_card(_allowed(turn.role), asked=turn.text, nearest=nearest)
    return [Reply(unknown(turn.text, nearest), card)]


def _allowed(role: Role) -> list[Command]:
    return [one for one in COMMANDS if role.includes(one.role)]


COMMANDS: tuple[Command, ...] = (
    Command("help", Role.CUSTOMER, "help", mark("Shows what you can do here."), show_help),
    Command(
        "feedback",
        Role.CUSTOMER,
        "feedback <text>",
        mark("Tell us anything, any time."),
        everyone.feedback,
        writes=True,
    ),
    Command("answer", Role.CUSTOMER, "answer [survey]", mark("Answers a survey by typing."), everyone.answer),
    Command("stop", Role.CUSTOMER, "stop", mark("No more surveys for you."), everyone.stop),
    Command("start", Role.CUSTOMER, "start", mark("Surveys again, after a stop."), everyone.start),
    Command("language", Role.CUSTOMER, "language [tag]", mark("Shows or changes your language."), everyone.language),
    Command("my data", Role.CUSTOMER, "my data", mark("Shows everything kept about you."), everyone.my_data),
    Command("cancel", Role.CUSTOMER, "cancel", mark("Stops what we were just doing."), everyone.cancel),
    Command("note", Role.ENGINEER, "note <text>", "Logs a customer conversation.", engineers.note, writes=True),
    Command("notes", Role.ENGINEER, "notes [words]", "Finds notes and feedback.", engineers.notes),
    Command("results", Role.ENGINEER, results.USAGE, "Shows what people answered.", engineers.results),
    Command(
        "dashboard", Role.ENGINEER, "dashboard [survey or run]", "Opens results in the browser.", engineers.dashboard
    ),
    Command("survey list", Role.ADMIN, "survey list", "Lists the surveys.", admins.survey_list),
    Command(
        "survey new", Role.ADMIN, sketching.NEW, "Writes a survey with you, question by question.", sketching.survey_new
    ),
    Command(
        "survey edit",
        Role.ADMIN,
        "survey edit <survey>",
        "Changes a survey, as its next version.",
        sketching.survey_edit,
    ),
    Command(
        "survey templates",
        Role.ADMIN,
        "survey templates",
        "Shows surveys to start from.",
        sketching.survey_templates,
    ),
    Command(
        "survey show",
        Role.ADMIN,
        "survey show <survey> [version] [language]",
        "Shows a survey as people see it.",
        admins.survey_show,
    ),
    Command(
        "survey import",
        Role.ADMIN,
        "survey import <text or file>",
        "Adds or changes a survey.",
        admins.survey_import,
    ),
    Command(
        "survey export", Role.ADMIN, "survey export <survey> [json]", "Gives a survey as text.", admins.survey_export
    ),
    Command("survey close", Role.ADMIN, "survey close <survey>", "Takes no more answers.", admins.survey_close),
    Command(
        "send",
        Role.ADMIN,
        "send <survey> to <audience> [at <time> or until ±<margin>]",
        "Sends a survey to people.",
        admins.send,
        writes=True,
    ),
    Command("dry run", Role.ADMIN, "dry run <survey> to <audience>", "Shows what sending would do.", panels.dry_run),
    Command("approve", Role.ADMIN, "approve <run>", "Lets another admin's survey go out.", running.approve),
    Command("panel list", Role.ADMIN, "panel list", "Lists the panels.", panels.panel_list),
    Command(
        "panel import", Role.ADMIN, "panel import <name> <CSV file>", "Adds people to a panel.", panels.panel_import
    ),
    Command(
        "panel target",
        Role.ADMIN,
        "panel target <name> [<attribute> <value>=<percent> …]",
        "Shows or sets the mix a panel should have.",
        panels.panel_target,
    ),
    Command(
        "schedule",
        Role.ADMIN,
        "schedule <survey> to <audience> every <when>",
        "Sends a survey again and again.",
        schedules.schedule,
        writes=True,
    ),
    Command("schedule list", Role.ADMIN, "schedule list", "Lists what is planned.", schedules.schedule_list),
    Command("schedule pause", Role.ADMIN, "schedule pause <schedule>", "Skips what comes.", schedules.schedule_pause),
    Command(
        "schedule resume", Role.ADMIN, "schedule resume <schedule>", "Goes on after a pause.", schedules.schedule_resume
    ),
    Command("schedule stop", Role.ADMIN, "schedule stop <schedule>", "Starts nothing more.", schedules.schedule_stop),
    Command(
        "status", Role.ADMIN, "status [run] [state or csv]", "Shows how sending goes, and who is where.", running.status
    ),
    Command("hold", Role.ADMIN, "hold <run>", "Lets no more cards leave for now.", running.hold),
    Command("continue", Role.ADMIN, "continue <run>", "Goes on after a hold.", running.go_on),
    Command("cancel", Role.ADMIN, "cancel <run>", "Lets no more cards leave, ever.", running.cancel_run),
    Command("resend", Role.ADMIN, "resend <run>", "Sends again where it is in doubt.", running.resend),
    Command("recall", Role.ADMIN, "recall <run> [delete]", "Takes the cards back.", running.recall),
    Command("role list", Role.ADMIN, "role list", "Lists who was given a role.", roles.role_list),
    Command("role give", Role.ADMIN, roles.GIVE, "Makes somebody manager or admin.", roles.role_give),
    Command("role take", Role.ADMIN, roles.TAKE, "Takes such a role back.", roles.role_take),
    Command("audit", Role.ADMIN, "audit", "Shows what admins changed.", running.audit),
)
_BY_WORD = {one.word: one for one in reversed(COMMANDS)}
_WITH_TEXT = {"cancel": next(one for one in COMMANDS if one.usage == "cancel <run>")}


def find_command(text: str) -> tuple[Command, str] | None:
    """Return the command that a message calls and what follows it, or None. Whole words decide, in any case."""
    found = _FIRST_WORDS.match(text)
    if found is None:
        return None
    first, second = found["first"].lower(), (found["second"] or "").lower()
    if f"{first} {second}" in _BY_WORD:
        return _BY_WORD[f"{first} {second}"], text[found.end() :].strip()
    if first in _BY_WORD:
        rest = text[found.end("marks") :].strip()
        return _WITH_TEXT.get(first, _BY_WORD[first]) if rest else _BY_WORD[first], rest
    return None


def nearest_command(text: str, role: Role) -> str:
    """Return the command that somebody in this role most likely meant, or an empty text."""
    words = text.lower().split()
    allowed = [one.word for one in COMMANDS if role.includes(one.role)]
    same_start = [word for word in allowed if words and word.split()[0] == words[0]]
    guesses: Sequence[str] = same_start or [
        *difflib.get_close_matches(" ".join(words[:2]), allowed, n=1),
        *difflib.get_close_matches(words[0] if words else "", allowed, n=1),
    ]
    return guesses[0] if guesses else ""
