"""Has themes made while visitors go on: one making at a time for each question, beside the requests.

Knows what is at work in this process alone. Two processes that make the same themes find the same.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from feedback.errors import Refusal
from feedback.runs.runs import Run
from feedback.texts.texts import Place, read_texts
from feedback.texts.theme_machine import ThemeMachine
from feedback.texts.themes import find_themes, for_the_machine, keep_made, least_of
from store.contract import Store, StoreError

PATIENCE_S = 8.0  # that whoever asks waits for it
NOT_MADE = "The themes could not be kept. What there was before is still here; try again."

log = logging.getLogger(__name__)

Key = tuple[str, str]  # run and question


class ThemeDesk:
    """Makes themes on demand."""

    def __init__(self, store: Store, machine: ThemeMachine, *, now: Callable[[], datetime]) -> None:
        self.patience_s = PATIENCE_S
        self._store = store
        self._machine = machine
        self._now = now
        self._at_work: dict[Key, asyncio.Task[None]] = {}
        self._trouble: dict[Key, str] = {}

    def is_at_work(self, run: str, question: str) -> bool:
        """Say whether themes are being made of the texts of a question."""
        return (run, question) in self._at_work

    def trouble(self, run: str, question: str) -> str:
        """Return why the last making failed, or nothing where it did not."""
        return self._trouble.get((run, question), "")

    async def make(self, run: Run, question: str, places: Sequence[Place]) -> None:
        """Begin to make themes unless that is under way, and wait a while for them. Raises `TooFewTexts`."""
        key = (run.run, question)
        if key not in self._at_work:
            for_the_machine(await find_themes(self._store, *key), [one.ref for one in places], run.survey)
        if key not in self._at_work:  # nobody else has begun meanwhile
            self._at_work[key] = asyncio.create_task(self._make(run, question, places))
        await asyncio.wait({self._at_work[key]}, timeout=self.patience_s)

    async def close(self) -> None:
        """End what is at work, with its process."""
        tasks = list(self._at_work.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _make(self, run: Run, question: str, places: Sequence[Place]) -> None:
        key = (run.run, question)
        self._trouble.pop(key, None)
        try:
            await self._made(run, question, places)
        except Refusal as refused:
            self._trouble[key] = str(refused)
        except StoreError as error:
            log.warning("themes of %s were not kept: %s", run.run, type(error).__name__)
            self._trouble[key] = NOT_MADE
        except Exception as error:  # noqa: BLE001 - a fault; it is named only, because its message may quote a text
            log.error("making themes of %s has failed: %s", run.run, type(error).__name__)  # noqa: TRY400
            self._trouble[key] = NOT_MADE
        finally:
            self._at_work.pop(key, None)

    async def _made(self, run: Run, question: str, places: Sequence[Place]) -> None:
        themes = await find_themes(self._store, run.run, question)
        by_ref = {one.ref: one for one in places}
        wanted = for_the_machine(themes, by_ref, run.survey)
        said = await read_texts(self._store, run, question, [by_ref[ref] for ref in wanted])
        found = await self._machine.find([one.text for one in said], least_of(run.survey))
        refs = [one.place.ref for one in said]
        await keep_made(self._store, run, question, refs, found, texts=len(places), now=self._now())
