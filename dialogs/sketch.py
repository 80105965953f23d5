"""Writing a survey by talking: one step that loops. Where it is comes from the sketch, never from the dialog's state.

What is typed and what a button says go the same way, through the `Desk`. A button says which revision of the sketch it
was made for; one that is late or comes twice changes nothing.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec
from botbuilder.core import CardFactory, MessageFactory
from botbuilder.dialogs import Dialog, DialogContext, DialogTurnResult

from cards.elements import Card
from cards.saved import saved_card
from cards.sketch import gone_card, sketch_card, summary
from cards.survey import survey_fits
from cards.trial import trial_card
from feedback.audit import Record, record_change
from feedback.errors import SketchGone, SurveyMovedOn
from feedback.language import ENGLISH, as_text, mark, say, speaking
from feedback.surveys.survey_advice import advice_on
from feedback.surveys.surveys import import_survey
from feedback.writing.sketch_edits import NotTaken
from feedback.writing.sketch_words import take
from feedback.writing.sketches import Found, Sketch, Step, drop_sketch, find_sketch, keep_sketch
from feedback.writing.sketching import Taken, Wish
from store.contract import Conflict, Missing, Store, StoreError, Uncertain

SKETCH_DIALOG = "sketch.v1"
UNSEEN = "What you typed before was kept after all, so this was not taken. This is where you are."
OUTDATED = "That card was older than your survey, so nothing was changed. This is where you are."
TOO_MUCH = "The test has more answers than one card can carry."
NO_LONGER = mark("Writing surveys is for admins, and you are none any more. What you wrote is kept.")
_QUIET = "quiet"

log = logging.getLogger(__name__)


class Said(msgspec.Struct, frozen=True):
    """What is shown after somebody's words. `is_over`: the sketch is gone, saved or thrown away."""

    text: str
    card: Card
    is_over: bool = False
    revision: int = 0  # of the sketch that is shown


class Desk:
    """Takes words about a sketch, keeps what they change, and gives the card to show next."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    async def show(self, author: str) -> Said:
        """Return where an author is. Raises `SketchGone`."""
        return _shown((await self._found(author)).sketch)

    async def say(self, author: str, words: str, *, source: str, seen: int | None = None) -> Said:
        """Take words that were typed; `source` names the message, `seen` is the revision that was shown last.

        Whoever was told that their words were not saved, although they were, says them again: that changes nothing.
        Raises `SketchGone`, or `Conflict`.
        """
        found = await self._found(author)
        if found.sketch.last == source:
            return _shown(found.sketch)
        is_unseen = seen is not None and seen != found.sketch.revision and not _is_press(found.sketch.last)
        if is_unseen:
            return _shown(found.sketch, UNSEEN)
        return await self._take(found, words, source)

    async def press(self, author: str, words: str, *, revision: int) -> Said:
        """Take the words of a button on a card that was made for a revision of the sketch. Raises `SketchGone`."""
        found = await self._found(author)
        source = _of_press(revision, words)
        if found.sketch.revision != revision:
            return _shown(found.sketch, "" if found.sketch.last == source else OUTDATED)
        try:
            return await self._take(found, words, source)
        except (Conflict, Missing):
            return _shown((await self._found(author)).sketch, OUTDATED)

    async def _take(self, found: Found, words: str, source: str) -> Said:
        try:
            taken = await asyncio.to_thread(take, found.sketch, words, fits=survey_fits)  # a large one takes a while
        except NotTaken as refused:
            return _shown(found.sketch, str(refused))
        match taken.wish:
            case Wish.SAVE:
                return await self._save(found, taken.sketch, source)
            case Wish.THROW_AWAY:
                await drop_sketch(self._store, found)
                return Said("Thrown away.", gone_card(), is_over=True)
            case Wish.TEST:
                return _test(found.sketch)
            case Wish.NOTHING:
                return await self._keep(found, taken, source)

    async def _keep(self, found: Found, taken: Taken, source: str) -> Said:
        if taken.sketch == found.sketch:
            return _shown(found.sketch, taken.news, is_warning=False)
        try:
            kept = await keep_sketch(self._store, found, taken.sketch, source=source)
        except Uncertain:
            kept = (await self._found(found.sketch.id)).sketch
            if kept.last != source:
                raise
        return _shown(kept, taken.news, is_warning=False)

    async def _save(self, found: Found, sketch: Sketch, source: str) -> Said:
        """Make the sketch a survey, then drop it: a crash in between leaves both, and saving again changes nothing."""
        try:
            imported = await import_survey(self._store, sketch.survey, over=sketch.over)
        except SurveyMovedOn as moved:
            return await self._moved_on(found, sketch, moved, source)
        survey = imported.survey
        now, version = self._clock(), f"version {survey.version}"
        await record_change(self._store, Record(at=now, who=sketch.id, what="survey save", on=survey.id, after=version))
        try:
            await drop_sketch(self._store, found)
        except StoreError:  # the survey is saved all the same; saving what is left once more changes nothing
            log.warning("a sketch that was saved stays", exc_info=True)
        return Said(f"Survey {survey.id} is saved.", saved_card(imported, advice_on(survey)), is_over=True)

    async def _moved_on(self, found: Found, sketch: Sketch, moved: SurveyMovedOn, source: str) -> Said:
        """Say that another survey, or another version, is in the way; nothing is saved over it unasked."""
        name, version = sketch.survey.id, moved.version
        if sketch.over:
            news = (
                f"Somebody has saved version {version} of “{name}” meanwhile, so yours was not saved over it. "
                f"“survey show {name}” shows theirs; “save” again makes yours the next version all the same."
            )
            asked = msgspec.structs.replace(sketch, over=version, step=Step.SURVEY)
        else:
            news = f"There is a survey called “{name}” already. Give yours another name."
            asked = msgspec.structs.replace(sketch, step=Step.NAME, is_named=False)
        kept = await keep_sketch(self._store, found, asked, source=source)
        return _shown(kept, news)

    async def _found(self, author: str) -> Found:
        found = await find_sketch(self._store, author)
        if found is None:
            raise SketchGone
        return found


class SketchDialog(Dialog):
    """Takes what is typed as words about the author's sketch.

    Begin with `{"author": <person id>}`; it then shows where the author is, unless there is a `"quiet"` as well.
    """

    def __init__(self, desk: Desk, may_write: Callable[[str], Awaitable[bool]]) -> None:
        super().__init__(SKETCH_DIALOG)
        self._desk = desk
        self._may_write = may_write

    async def begin_dialog(self, dialog_context: DialogContext, options: object = None) -> DialogTurnResult:
        """Show the sketch."""
        given = options if isinstance(options, dict) else {}
        author = str(given["author"])
        dialog_context.active_dialog.state["author"] = author
        if _QUIET not in given:
            await _show(dialog_context, await self._desk.show(author))
        return Dialog.end_of_turn

    async def continue_dialog(self, dialog_context: DialogContext) -> DialogTurnResult:
        """Take what was typed, and show what it led to."""
        activity, state = dialog_context.context.activity, dialog_context.active_dialog.state
        author, seen = str(state["author"]), state.get("seen")
        if not await self._may_write(author):
            await dialog_context.context.send_activity(MessageFactory.text(as_text(say(NO_LONGER))))
            return await dialog_context.end_dialog()
        source = hashlib.blake2b(f"{activity.conversation.id}|{activity.id}".encode(), digest_size=9).hexdigest()
        try:
            with speaking(ENGLISH):  # what admins read is in English alone: decisions/0020
                said = await self._desk.say(author, str(activity.text or ""), source=source, seen=seen)
        except SketchGone as gone:
            await dialog_context.context.send_activity(MessageFactory.text(str(gone)))
            return await dialog_context.end_dialog()
        await _show(dialog_context, said)
        return await dialog_context.end_dialog() if said.is_over else Dialog.end_of_turn


async def _show(inside: DialogContext, said: Said) -> None:
    message = MessageFactory.attachment(CardFactory.adaptive_card(said.card))
    message.summary = said.text
    inside.active_dialog.state["seen"] = said.revision
    await inside.context.send_activity(message)


def _shown(sketch: Sketch, notice: str = "", *, is_warning: bool = True) -> Said:
    card = sketch_card(sketch, notice=notice, is_warning=is_warning)
    return Said(summary(sketch), card, revision=sketch.revision)


def _test(sketch: Sketch) -> Said:
    first = trial_card(sketch.survey, sketch.revision, answers={})
    return Said("A test of your survey.", first, revision=sketch.revision) if first else _shown(sketch, TOO_MUCH)


def _of_press(revision: int, words: str) -> str:
    """Return what names a press, as the id of a message names what was typed."""
    return f"{revision}-{hashlib.blake2b(words.encode(), digest_size=9).hexdigest()}"


def _is_press(source: str) -> bool:
    return "-" in source
