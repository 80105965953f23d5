"""Logging a note by answering three questions: which company, which product, what was said.

Owns the questions and their order; what a note is and how it is kept is feedback/notes.py.
"""

from collections.abc import Callable
from datetime import datetime

from botbuilder.core import CardFactory, MessageFactory
from botbuilder.dialogs import ComponentDialog, DialogTurnResult, WaterfallDialog, WaterfallStepContext
from botbuilder.dialogs.prompts import PromptOptions, TextPrompt

from cards.notes import note_card
from feedback.notes import Marks, NoteKind, keep_note, read_marks
from feedback.people.people import find_person
from store.contract import Store

NOTE_DIALOG = "note.v1"
_TEXT = "note.v1.text"
_STEPS = "note.v1.steps"
_SKIP = frozenset({"skip", "-", "none", "no", "n/a"})


class NoteDialog(ComponentDialog):
    """Asks company, product and what was said, then keeps the note. Begin with `{"author": <person id>}`."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        super().__init__(NOTE_DIALOG)
        self._store = store
        self._clock = clock
        self.add_dialog(TextPrompt(_TEXT))
        self.add_dialog(WaterfallDialog(_STEPS, [self._company, self._product, self._said, self._keep]))
        self.initial_dialog_id = _STEPS

    async def _company(self, step: WaterfallStepContext) -> DialogTurnResult:
        return await _ask(step, "Which company did you talk with? Type **skip** to leave it out, **cancel** to stop.")

    async def _product(self, step: WaterfallStepContext) -> DialogTurnResult:
        step.values["company"] = _given(step.result)
        return await _ask(step, "About which product? **skip** works here too.")

    async def _said(self, step: WaterfallStepContext) -> DialogTurnResult:
        step.values["product"] = _given(step.result)
        return await _ask(step, "What was said? As messy as you like; `#tags` help to find it again.")

    async def _keep(self, step: WaterfallStepContext) -> DialogTurnResult:
        activity, text = step.context.activity, str(step.result)
        author = await find_person(self._store, step.options["author"])
        if author is None:
            msg = "the author of a note is not known"
            raise LookupError(msg)
        found = read_marks(text)
        company, product = step.values["company"], step.values["product"]
        marks = Marks(
            tags=found.tags,
            companies=tuple(dict.fromkeys(([company] if company else []) + list(found.companies))),
            product=product or found.product,
        )
        source = f"{activity.conversation.id}|{activity.id}"
        kept = await keep_note(self._store, NoteKind.NOTE, author, text, source=source, now=self._clock(), marks=marks)
        card = CardFactory.adaptive_card(note_card(kept.note, was_repeat=kept.is_repeat))
        await step.context.send_activity(MessageFactory.attachment(card))
        return await step.end_dialog()


async def _ask(step: WaterfallStepContext, question: str) -> DialogTurnResult:
    return await step.prompt(_TEXT, PromptOptions(prompt=MessageFactory.text(question)))


def _given(answer: object) -> str:
    text = " ".join(str(answer).split()).lstrip("@")
    return "" if text.lower() in _SKIP else text
