"""Files of what people wrote in their own words, with themes and tags: a row for each text.

Of an anonymous run nothing but what its page shows: no person, no time, and each question in an order of its own.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing

import msgspec
from aiohttp import web

from dashboard.cells import Cell, Row, csv_blocks
from dashboard.sending import record_download, send_file
from dashboard.visit import Visit
from dashboard.workbook import Workbook
from feedback.runs.runs import Run, find_run
from feedback.texts.remarks import Remark, remarks_of
from feedback.texts.texts import Reading, Said, read_texts
from store.contract import MAX_BATCH, Store

HEADER = ("question", "text", "theme", "theme was", "tags")
WHO = ("person", "answered")  # where that is known
AUTOMATIC, BY_HAND = "made automatically", "corrected by hand"
_NOTHING = Remark()


async def texts_file(visit: Visit) -> web.StreamResponse:
    """Send the file with the texts of a run, once it is in the audit who takes it."""
    about, store = visit.request.match_info, visit.parts.store
    run = await find_run(store, about["run"])
    what = f"texts.{about['form']}"
    blocks = _FORMS[about["form"]](store, await visit.parts.readings.look(run))
    await record_download(store, run.run, what, by=visit.person, at=visit.parts.now())
    return await send_file(visit.request, f"{run.run}-{what}", blocks, visit.headers)


async def texts_csv(store: Store, reading: Reading) -> AsyncGenerator[bytes, None]:
    """Give the texts as a CSV file, block by block."""
    async for block in csv_blocks(_header(reading.run), _rows(store, reading)):
        yield block


async def texts_xlsx(store: Store, reading: Reading) -> AsyncGenerator[bytes, None]:
    """Give the texts as a spreadsheet, once all of it is written."""
    async with Workbook() as book:
        await book.add("Texts", _header(reading.run), _rows(store, reading))
        async with aclosing(book.blocks()) as blocks:
            async for block in blocks:
                yield block


async def texts_json(store: Store, reading: Reading) -> AsyncGenerator[bytes, None]:
    """Give the texts as JSON, one in each line."""
    names = [one.replace(" ", "_") for one in _header(reading.run)]
    about = {"run": reading.run.run, "withheld": reading.withheld}
    yield msgspec.json.encode(about).removesuffix(b"}") + b',"texts":['
    between = b"\n"
    async for group in _rows(store, reading):
        for row in group:
            yield between + msgspec.json.encode(dict(zip(names, row, strict=True)))
            between = b",\n"
    yield b"\n]}\n"


def _header(run: Run) -> tuple[str, ...]:
    return HEADER if run.survey.is_anonymous else (*WHO, *HEADER)


async def _rows(store: Store, reading: Reading) -> AsyncIterator[Sequence[Row]]:
    """Give a row for each text that may be read, question after question; memory holds a hundred."""
    run = reading.run
    remarks = (await remarks_of(store, run)).by_question
    for question, places in reading.places.items():
        for start in range(0, len(places), MAX_BATCH):
            said = await read_texts(store, run, question, places[start : start + MAX_BATCH])
            yield [_row(run, question, one, remarks.get(question, {})) for one in said]


def _row(run: Run, question: str, said: Said, remarks: Mapping[str, Remark]) -> Row:
    remark = remarks.get(said.place.ref, _NOTHING)
    origin = (BY_HAND if remark.is_by_hand else AUTOMATIC) if remark.theme else ""
    cells: tuple[Cell, ...] = (question, said.text, remark.theme, origin, "; ".join(remark.tags))
    return cells if run.survey.is_anonymous else (said.place.id, said.place.at, *cells)


_FORMS: Mapping[str, Callable[[Store, Reading], AsyncGenerator[bytes, None]]] = {
    "csv": texts_csv,
    "xlsx": texts_xlsx,
    "json": texts_json,
}
