"""Commands that everybody may use."""

import msgspec

from bot.turn import Reply, Turn
from broadcast.standing import may_have_card
from cards.notes import feedback_card
from cards.person import my_data_card
from dialogs.answer import ANSWER_DIALOG
from dialogs.sketch import SKETCH_DIALOG
from feedback.errors import LanguageUnknown, NothingToAnswer, NothingToSay, quote
from feedback.held import everything_about
from feedback.language import LANGUAGES, current, find_language, negotiate, say, speaking
from feedback.notes import NoteKind, keep_note
from feedback.people.people import set_language, set_opt_out
from feedback.runs.runs import Delivery, DeliveryState, deliveries_of

CHUNK = 20_000  # characters of "my data" in one message; Teams takes about 100 KB in UTF-16


async def feedback(turn: Turn) -> list[Reply]:
    """Keep what somebody says unasked."""
    if not turn.text:
        raise NothingToSay(usage=say("feedback <what you want to tell us>"))
    kept = await keep_note(turn.store, NoteKind.FEEDBACK, turn.person, turn.text, source=turn.source, now=turn.now)
    return [Reply(say("Thank you, your feedback is kept."), feedback_card(kept.note))]


async def stop(turn: Turn) -> list[Reply]:
    """Send this person no more surveys."""
    await set_opt_out(turn.store, turn.person.id, has_opted_out=True)
    return [Reply(say("You will get no more surveys from me. Type **start** whenever you want them again."))]


async def start(turn: Turn) -> list[Reply]:
    """Send this person surveys again."""
    await set_opt_out(turn.store, turn.person.id, has_opted_out=False)
    return [Reply(say("Welcome back. You may get a survey from time to time; type **stop** to end that."))]


async def language(turn: Turn) -> list[Reply]:
    """Write to this person in another language, or as Teams says; without a word, tell which there are."""
    word = turn.text.split()[0].strip(" .,!?\"'“”„«»").lower() if turn.text else ""
    if not word:
        name = LANGUAGES[current()]
        return [Reply(f"{say('I write to you in {language}.', language=name)} {_choose()}")]
    chosen = "" if word == "auto" else find_language(word) or _named(turn.text)
    if not chosen and word != "auto":
        raise LanguageUnknown(
            language=quote(turn.text).strip("“”"), known=", ".join(f"{tag} ({name})" for tag, name in LANGUAGES.items())
        )
    person = await set_language(turn.store, turn.person.id, chosen)
    turn.parts.readers.learn(person)
    with speaking(chosen or negotiate(person.locale)):
        said = say("From now on I write to you in {language}.", language=LANGUAGES[current()])
        words = said if chosen else f"{said} {say('That is the language of your Teams.')}"
        return [Reply(words, language=current())]


async def my_data(turn: Turn) -> list[Reply]:
    """Show everything that is kept about this person, as a card and in full."""
    held = await everything_about(turn.store, turn.person)
    full = {
        "role": turn.role,
        "runs_started": held.runs_started,
        "panels": held.panels,
        "lists": held.lists,
        "guided_conversation": await turn.guides.remembered(),
        "documents": held.documents,
    }
    text = msgspec.json.format(msgspec.json.encode(full), indent=2).decode()
    pieces = [text[start : start + CHUNK] for start in range(0, len(text), CHUNK)]
    card = my_data_card(turn.person, turn.role, held.deliveries, held.notes)
    return [Reply(say("What is kept about you."), card), *(Reply(f"```json\n{piece}\n```") for piece in pieces)]


async def answer(turn: Turn) -> list[Reply]:
    """Ask a survey's questions in the chat, one by one: the one named, or the newest that waits for an answer."""
    name = turn.text.split()[0].strip(" .,!?\"'“”„«»").lower() if turn.text else ""
    found = [(delivery, run) for delivery, run in await deliveries_of(turn.store, turn.person.id) if run.takes_answers]
    for delivery, run in found:
        is_meant = name in {run.run, run.survey.id} if name else _waits(delivery)
        if is_meant and await may_have_card(turn.store, delivery):
            await turn.guides.begin(ANSWER_DIALOG, {"run": run.run, "person": turn.person.id})
            return []
    raise NothingToAnswer


def _waits(delivery: Delivery) -> bool:
    return delivery.state is not DeliveryState.ANSWERED and not delivery.has_declined


async def cancel(turn: Turn) -> list[Reply]:
    """Stop the guided conversation under way."""
    stopped = await turn.guides.cancel()
    if stopped == ANSWER_DIALOG:
        return [Reply(say("Stopped. What you have answered so far is kept; type **answer** to go on with it."))]
    if stopped == SKETCH_DIALOG:
        return [Reply(say("Stopped. The survey that you are writing is kept; type **survey new** to go on with it."))]
    if stopped:
        return [Reply(say("Cancelled. Nothing was kept."))]
    return [Reply(say("There is nothing to cancel."))]


def _choose() -> str:
    return say(
        "To change that, type **language** and one of: {known}; or **language auto** for the language of your Teams.",
        known=_known(),
    )


def _known() -> str:
    return ", ".join(f"**{tag}** ({name})" for tag, name in LANGUAGES.items())


def _named(words: str) -> str:
    """Return the language whose own name was typed, or an empty text."""
    names = {name.casefold(): tag for tag, name in LANGUAGES.items()}
    return names.get(words.strip(" .,!?").casefold(), "")
