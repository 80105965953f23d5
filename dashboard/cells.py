"""Cells of files: what may stand in one, and what keeps a spreadsheet from computing it. Knows no run and no survey."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime

Cell = str | int | float | date | None  # a datetime is a date too; None is an empty cell
Row = Sequence[Cell]

BLOCK = 64 * 1024  # characters written at once
_SECONDS = len("2026-11-24 09:00:00")  # what is behind it says that it is UTC
BOM = "\ufeff"  # without it Excel takes UTF-8 for something else
_AS_THEY_ARE = frozenset({int, float, type(None)})  # most cells, and the writer writes them as we would
FORMULA = frozenset("=+-@\t\r\n＝＋－＠")  # how cells begin that are computed


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in FORMULA else cell


def written(cell: Cell) -> str:
    """Return a cell as text: times in UTC, numbers as they are, and nothing that is computed."""
    match cell:
        case str():
            return harmless(cell)
        case None:
            return ""
        case datetime():
            in_utc = cell if cell.tzinfo is UTC else cell.astimezone(UTC)
            return f"{in_utc.isoformat(' ', 'seconds')[:_SECONDS]}Z"
        case date():
            return cell.isoformat()
        case _:
            return str(cell)


def _written_all(row: Row) -> list[Cell]:
    """Return cells as the writer takes them: what `written` makes of each, by a short way for most."""
    return [
        cell
        if (kind := type(cell)) in _AS_THEY_ARE
        else (f"'{cell}" if cell[:1] in FORMULA else cell)  # type: ignore[index]  # it is a str
        if kind is str
        else written(cell)
        for cell in row
    ]


async def csv_blocks(header: Row, rows: AsyncIterator[Sequence[Row]]) -> AsyncIterator[bytes]:
    """Give rows as a CSV file, block by block."""
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    text.write(BOM)
    lines.writerow(map(written, header))
    async for group in rows:
        lines.writerows(_written_all(row) for row in group)
        if text.tell() >= BLOCK:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()
