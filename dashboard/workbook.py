"""Spreadsheets, written row by row into a file of their own: memory holds one row, whatever their length.

Text is written as text and numbers as numbers: no cell is ever a formula or a link, whatever it says.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from xlsxwriter import Workbook as Writer
from xlsxwriter.worksheet import Worksheet

from dashboard.cells import Cell, Row

MOST_ROWS = 1_048_576  # of a sheet, by Excel's limits
MOST_TEXT = 32_767  # characters in a cell
CUT = " … (cut here; the CSV file has all of it)"
EXACT = 10**15  # numbers above lose digits in a spreadsheet
WIDTHS = (14, 60)
READ = 256 * 1024  # bytes read at once


class Workbook:
    """One spreadsheet. Enter it, write sheets one after the other, then send it; leave it, and its files are gone."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="hearback-")
        self.path = Path(self._folder.name) / "sheet.xlsx"
        self.writer = Writer(str(self.path), {"constant_memory": True, "tmpdir": self._folder.name})
        self.bold = self.writer.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self._moment = self.writer.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._day = self.writer.add_format({"num_format": "yyyy-mm-dd"})
        self.percent = self.writer.add_format({"num_format": "0%"})
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._is_closed:
            await asyncio.to_thread(self._close)
        await asyncio.to_thread(self._folder.cleanup)

    async def add(self, name: str, header: Row, rows: AsyncIterator[Sequence[Row]]) -> None:
        """Write a sheet; what does not fit into one goes on in a second of the same name."""
        sheets, sheet, line = 1, self.sheet(name, header), 1
        async for group in rows:
            if line + len(group) > MOST_ROWS:
                sheets, line = sheets + 1, 1
                sheet = self.sheet(f"{name} {sheets}", header)
            await asyncio.to_thread(self._write_all, sheet, line, group)
            line += len(group)

    def sheet(self, name: str, header: Row, *, widths: Sequence[int] = ()) -> Worksheet:
        """Begin a sheet with its first row, which stays in sight."""
        sheet = self.writer.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for column, title in enumerate(header):
            sheet.set_column(column, column, widths[column] if column < len(widths) else WIDTHS[0])
            sheet.write_string(0, column, str(title), self.bold)
        return sheet

    def write(self, sheet: Worksheet, line: int, column: int, cell: Cell) -> None:
        """Write one cell, as what it is."""
        match cell:
            case None:
                return
            case datetime():
                sheet.write_datetime(line, column, cell.astimezone(UTC).replace(tzinfo=None), self._moment)
            case date():
                sheet.write_datetime(line, column, datetime(cell.year, cell.month, cell.day), self._day)  # noqa: DTZ001
            case int() | float() if abs(cell) < EXACT:
                sheet.write_number(line, column, cell)
            case _:
                text = str(cell)
                sheet.write_string(line, column, text if len(text) <= MOST_TEXT else text[: MOST_TEXT - len(CUT)] + CUT)

    async def blocks(self) -> AsyncGenerator[bytes, None]:
        """Finish the spreadsheet and give it block by block."""
        await asyncio.to_thread(self._close)
        with await asyncio.to_thread(self.path.open, "rb") as file:
            while block := await asyncio.to_thread(file.read, READ):
                yield block

    def _write_all(self, sheet: Worksheet, line: int, group: Sequence[Row]) -> None:
        for number, row in enumerate(group, line):
            for column, cell in enumerate(row):
                self.write(sheet, number, column, cell)

    def _close(self) -> None:
        self._is_closed = True
        self.writer.close()
