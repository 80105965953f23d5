"""Sending a file as a stream, and recording who takes it. Knows HTTP, and nothing of how a file is made."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import datetime

from aiohttp import web

from feedback.audit import Record, record_change
from feedback.people.people import Person
from store.contract import Store

TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "pdf": "application/pdf",
    "png": "image/png",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_WITH_CHARSET = frozenset({"csv", "json"})


async def record_download(store: Store, on: str, what: str, *, by: Person, at: datetime, token: str = "") -> None:
    """Write into the audit that somebody takes a file of a run or of notes, by a token of that name or in person."""
    after = f"{what}, by the token “{token}”" if token else what
    await record_change(store, Record(at=at, who=by.id, what="download", on=on, after=after))


async def send_file(
    request: web.Request, name: str, blocks: AsyncGenerator[bytes, None], headers: Mapping[str, str]
) -> web.StreamResponse:
    """Send a file under a name such as “pulse-1-people.csv”. `record_download` comes first.

    However it ends, the blocks are closed: what making them has left on disk is gone.
    """
    form = name.rpartition(".")[2]
    response = web.StreamResponse(headers={**headers, "Content-Disposition": _attached(name)})
    response.content_type = TYPES[form]
    if form in _WITH_CHARSET:
        response.charset = "utf-8"
    async with aclosing(blocks):
        await response.prepare(request)
        async for block in blocks:
            await response.write(block)
        await response.write_eof()
    return response


def _attached(name: str) -> str:
    safe = "".join(one if one.isalnum() or one in "-_." else "_" for one in name)
    return f'attachment; filename="{safe}"'
