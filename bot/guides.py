"""Runs guided conversations: which one is under way in a chat, its next step, and its end."""

from collections.abc import Awaitable, Callable, Sequence

from botbuilder.core import ConversationState, TurnContext
from botbuilder.dialogs import Dialog, DialogContext, DialogSet
from botbuilder.schema import DeliveryModes
from jsonpickle.pickler import Pickler

from bot.state import StoreStorage
from store.contract import Store


class GuideRoom:
    """All guided conversations, and the state of each chat that is in one."""

    def __init__(self, store: Store, dialogs: Sequence[Dialog]) -> None:
        self._state = ConversationState(StoreStorage(store))
        self._set = DialogSet(self._state.create_property("dialogs"))
        for dialog in dialogs:
            self._set.add(dialog)

    def of(self, context: TurnContext) -> "Guide":
        """Return what is under way in the chat of this turn."""
        return Guide(self._state, self._set, context)


class Guide:
    """One chat's guided conversation during one turn. Every change is stored before the call returns."""

    def __init__(self, state: ConversationState, dialogs: DialogSet, context: TurnContext) -> None:
        self._state = state
        self._dialogs = dialogs
        self._context = context

    async def advance(self) -> bool:
        """Give the message to the conversation under way; return False when there is none."""
        inside = await self._open()
        if inside.active_dialog is None:
            return False
        await self._step(inside.continue_dialog)
        return True

    async def begin(self, name: str, facts: dict[str, str]) -> None:
        """Start a conversation; it asks its first question itself."""
        inside = await self._open()
        await inside.cancel_all_dialogs()
        await self._step(lambda: inside.begin_dialog(name, facts))

    async def cancel(self) -> str:
        """Stop the conversation under way, and return its name; nothing where there was none."""
        inside = await self._open()
        if inside.active_dialog is None:
            return ""
        name = str(inside.active_dialog.id)
        await inside.cancel_all_dialogs()
        await self._state.save_changes(self._context)
        return name

    async def remembered(self) -> dict[str, object] | None:
        """Return what is stored about the conversation under way, as plain data; None when there is none."""
        inside = await self._open()
        if inside.active_dialog is None:
            return None
        plain: dict[str, object] = Pickler(unpicklable=False).flatten(inside.active_dialog.state)
        return {"name": inside.active_dialog.id, "said": plain}

    async def _step(self, step: Callable[[], Awaitable[object]]) -> None:
        """Take a step, store where the conversation stands, and only then say what the step said."""
        activity, said = self._context.activity, self._context.buffered_reply_activities
        activity.delivery_mode = DeliveryModes.expect_replies  # botbuilder keeps replies back in this mode
        try:
            await step()
        finally:
            activity.delivery_mode = None
        await self._state.save_changes(self._context)
        await self._context.adapter.send_activities(self._context, list(said))
        said.clear()

    async def _open(self) -> DialogContext:
        return await self._dialogs.create_context(self._context)
