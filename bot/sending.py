"""The buttons that lead from a saved survey to its run: to whom, whom that would reach, and go.

They do what `dry run` and `send` do. Pressing a button twice is easier than typing a command twice, so each card sends
once: a mark is written before, and taken back only where sending was refused.
"""

import hashlib

from msgspec.structs import replace

from bot.admins import send
from bot.carried import Data, text_in
from bot.schedules import asked_in
from bot.turn import Reply, Turn
from cards.errors import refusal_sentence
from cards.saved import AUDIENCE_INPUT, choose_card, ready_card
from feedback.errors import NothingToSay, Refusal, SurveyIsClosed
from feedback.surveys.surveys import Survey, find_survey
from store.contract import Conflict, Doc, Uncertain

TTL_S = 7 * 24 * 3600


class SentAlready(Refusal):
    """This button was pressed before, and it sends once. **status** shows what went out."""


class SurveyHasMoved(Refusal):
    """“{survey}” was changed after this card was made, so nothing was sent. See **survey show {survey}**."""


async def saved(turn: Turn, data: Data) -> Reply:
    """Ask to whom a survey shall go."""
    survey = await find_survey(turn.store, text_in(data, "survey"))
    return Reply(f"Send {survey.id}.", choose_card(survey))


async def foretell(turn: Turn, data: Data) -> Reply:
    """Show whom a survey would reach, with the button that sends it."""
    survey = await _as_shown(turn, data)
    audience = (text_in(data, AUDIENCE_INPUT + "_") or text_in(data, AUDIENCE_INPUT)).strip(" .,!?")
    if not audience:
        notice = "Please say to whom: **me**, **customers**, **engineers**, **everyone**, or a panel."
        return Reply("To whom?", choose_card(survey, notice=notice))
    try:
        wanted = asked_in(turn, audience)
        found = await turn.parts.broadcaster.foretell(wanted.audience, by=turn.person.id)
    except Refusal as refused:
        return Reply(str(refused), choose_card(survey, notice=refusal_sentence(refused)))
    token = hashlib.blake2b(turn.source.encode(), digest_size=12).hexdigest()
    second = turn.parts.broadcaster.needs_approval(found.reachable)
    card = ready_card(found, survey, audience, token, turn.now, needs_approval=second)
    return Reply("Whom it would reach.", card)


async def send_once(turn: Turn, data: Data) -> Reply:
    """Send a survey, once for each card with this button."""
    survey = await _as_shown(turn, data)
    audience, mark = text_in(data, "audience"), f"send-{text_in(data, 'token')}"
    if not audience:
        raise NothingToSay(usage="send <survey> to <audience>")
    doc: Doc = {"id": mark, "kind": "sent", "at": turn.now.timestamp(), "ttl": TTL_S}
    try:
        await turn.store.create("state", doc)
    except (Conflict, Uncertain):  # in doubt, whoever wrote it last was another press
        raise SentAlready from None
    try:
        replies = await send(replace(turn, text=f"{survey.id} to {audience}"))
    except Refusal as refused:
        await turn.store.delete("state", mark, mark)
        return Reply(str(refused), choose_card(survey, notice=refusal_sentence(refused)))
    return replies[0]


async def _as_shown(turn: Turn, data: Data) -> Survey:
    """Return the survey in the version that the card was made for."""
    survey = await find_survey(turn.store, text_in(data, "survey"))
    if survey.is_closed:
        raise SurveyIsClosed(survey=survey.id)
    if survey.version != data.get("version"):
        raise SurveyHasMoved(survey=survey.id)
    return survey
