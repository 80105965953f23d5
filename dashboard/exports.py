"""Files with the people of a run: each a stream, so that a million of them take no more memory than a hundred."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from feedback.listed import Listed, everybody_in
from feedback.runs import Run
from store.contract import Store

HEADER = ("name", "tenant", "object id", "state", "reason", "sent", "last reminded", "answered")
BLOCK = 64 * 1024  # characters written at once
BOM = "\ufeff"  # without it Excel takes UTF-8 for something else
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # how cells begin that are computed


async def people_csv(store: Store, run: Run) -> AsyncIterator[bytes]:
    """Give the people of a run as a CSV file, block by block."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    text.write(BOM)
    rows.writerow(HEADER)
    async for one in everybody_in(store, run):
        rows.writerow(_cells(one))
        if text.tell() >= BLOCK:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _cells(one: Listed) -> list[str]:
    tenant, _, object_id = one.id.partition(":")
    words = [one.name, tenant, object_id, one.state.value, one.reason]
    return [*map(harmless, words), *map(_time, (one.sent_at, one.reminded_at, one.answered_at))]


def _time(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
