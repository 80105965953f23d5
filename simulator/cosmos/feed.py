"""The change feed of one range: the latest version of what was written after a mark, in the order of writing.

The mark is a log sequence number in quotes. What one batch wrote has one number and stays on one page.
"""

from collections.abc import Callable
from email.utils import parsedate_to_datetime

import msgspec

from simulator.cosmos import charges
from simulator.cosmos.refusals import bad
from simulator.cosmos.resources import Item, Range

FROM_NOW = "*"


class Changes(msgspec.Struct, frozen=True):
    """A page of the feed, the mark after it, and its charge. No documents: nothing is new."""

    results: list[bytes]
    etag: str
    charge: float


def mark_of(etag: str, home: Range) -> int:
    """Return the log sequence number of a mark. Raises `Refusal` 400."""
    if etag == FROM_NOW:
        return home.lsn
    bare = etag.strip('"')
    if not bare:
        return 0
    if not bare.isdecimal():
        raise bad(f"The change feed has no mark {etag!r:.60}.")
    return int(bare)


def moment(header: str) -> float:
    """Return the time in an If-Modified-Since header. Raises `Refusal` 400."""
    try:
        return parsedate_to_datetime(header).timestamp()
    except ValueError as error:
        raise bad(f"If-Modified-Since is not a date: {header!r:.60}") from error


def read_changes(
    home: Range, after: int, *, size: int, since: float, is_wanted: Callable[[Item], bool], now: float
) -> Changes:
    """Return what is wanted of what was written in a range after a number and not before a time."""
    results: list[bytes] = []
    charge, mark = 0.0, home.lsn
    previous = after
    for item in home.written_after(after):
        if len(results) >= size and item.lsn != previous:
            mark = previous
            break
        previous = item.lsn
        is_alive = item.expires_at is None or item.expires_at > now
        if is_alive and item.ts >= since and is_wanted(item):
            results.append(item.body[:-1] + b',"_lsn":%d}' % item.lsn)
            charge += charges.read(len(item.body))
    return Changes(results, f'"{mark}"', charge or charges.read(0))
