"""Runs guided conversations: which one is under way in a chat, its next step, and its end."""

from collections.abc import Sequence

from botbuilder.core import ConversationState, TurnContext
from botbuilder.dialogs import ComponentDialog, DialogContext, DialogSet

from bot.state import StoreStorage
from store.contract import Store


class GuideRoom:
    """All guided conversations, and the state of each chat that is in one."""

    def __init__(self, store: Store, dialogs: Sequence[ComponentDialog]) -> None:
        self._storage = StoreStorage(store)
        self._state = ConversationState(self._storage)
        self._set = DialogSet(self._state.create_property("dialogs"))
        for dialog in dialogs:
            self._set.add(dialog)

    def of(self, context: TurnContext) -> "Guide":
        """Return what is under way in the chat of this turn."""
        return Guide(self._storage, self._state, self._set, context)


class Guide:
    """One chat's guided conversation during one turn. Every change is stored before the call returns."""

    def __init__(
        self, storage: StoreStorage, state: ConversationState, dialogs: DialogSet, context: TurnContext
    ) -> None:
        self._storage = storage
        self._state = state
        self._dialogs = dialogs
        self._context = context

    async def advance(self) -> bool:
        """Give the message to the conversation under way; return False when there is none."""
        inside = await self._open()
        if inside.active_dialog is None:
            return False
        await inside.continue_dialog()
        await self._state.save_changes(self._context)
        return True

    async def begin(self, name: str, facts: dict[str, str]) -> None:
        """Start a conversation; it asks its first question itself."""
        inside = await self._open()
        await inside.cancel_all_dialogs()
        await inside.begin_dialog(name, facts)
        await self._state.save_changes(self._context)

    async def cancel(self) -> bool:
        """Stop the conversation under way, and say whether there was any."""
        inside = await self._open()
        was_active = inside.active_dialog is not None
        if was_active:
            await inside.cancel_all_dialogs()
            await self._state.save_changes(self._context)
        return was_active

    async def remembered(self) -> dict[str, object] | None:
        """Return what is stored about the conversation under way, as plain data; None when there is none."""
        return await self._storage.stored(self._state.get_storage_key(self._context))

    async def _open(self) -> DialogContext:
        return await self._dialogs.create_context(self._context)
