"""Reads what the bot has kept, from the outside: its SQLite file, opened for reading only.

The one place here that knows a form of the product's documents; whoever changes them is told by the demo's test.
"""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

FINAL = frozenset({"sent", "cancelled", "closed"})  # states of a run that sends no more


class Kept:
    """The bot's database."""

    def __init__(self, path: Path) -> None:
        self._url = f"file:{path}?mode=ro"

    def runs(self) -> list[str]:
        """Return the names of all runs."""
        return [str(name) for (name,) in self._ask("SELECT partition FROM runs WHERE body ->> '$.kind' = 'run'")]

    def is_over(self, run: str) -> bool:
        """Say whether nothing more is sent in a run."""
        rows = self._ask("SELECT body ->> '$.state' FROM runs WHERE partition = ? AND id = 'run'", run)
        return any(state in FINAL for (state,) in rows)

    def counts(self, run: str) -> Counter[str]:
        """Return how many people of a run are in each state."""
        return Counter(self.states(run).values())

    def states(self, run: str) -> dict[str, str]:
        """Return everybody's state in a run."""
        rows = self._ask(
            "SELECT id, body ->> '$.state' FROM runs WHERE partition = ? AND body ->> '$.kind' = 'delivery'", run
        )
        return {str(person): str(state) for person, state in rows}

    def opted_out(self) -> set[str]:
        """Return who wants no more surveys."""
        return {str(one) for (one,) in self._ask("SELECT id FROM people WHERE body ->> '$.has_opted_out' = 1")}

    def authors_of_feedback(self) -> set[str]:
        """Return whose feedback is kept."""
        rows = self._ask("SELECT body ->> '$.author' FROM ledger WHERE body ->> '$.kind' = 'feedback'")
        return {str(one) for (one,) in rows}

    def _ask(self, question: str, *values: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self._url, uri=True)) as db:
            return db.execute(question, values).fetchall()
