"""Who changed what, and when: one record for each change an admin makes. Records are added and never changed.

A record is written after what it tells of, so that nothing is recorded that did not happen.
"""

import contextlib
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from store.contract import Conflict, Store

LOOKED_BACK = 90  # days that `latest_records` looks at


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """One change: who made it, to what, and how that stood before and after. Never an answer or a note."""

    at: datetime
    who: str  # person id
    what: str  # the command, in its own word
    on: str  # name of the run, survey, panel or schedule, or the id of a person
    before: str = ""
    after: str = ""


async def record_change(store: Store, record: Record) -> None:
    """Keep a record. The same change at the same moment is the same record."""
    parts = (record.who, record.what, record.on, record.before, record.after)
    mark = hashlib.blake2b("\n".join(parts).encode(), digest_size=6).hexdigest()
    doc = msgspec.to_builtins(record)
    with contextlib.suppress(Conflict):
        await store.create("audit", {**doc, "id": f"{record.at:%H%M%S.%f}-{mark}", "day": _day(record.at)})


async def latest_records(store: Store, now: datetime, *, limit: int = 20) -> Sequence[Record]:
    """Return the latest records, latest first, day by day; none that is older than 90 days."""
    found: list[Record] = []
    for back in range(LOOKED_BACK):
        day, missing = _day(now - timedelta(days=back)), limit - len(found)
        page = await store.query("audit", partition=day, order="at", descending=True, limit=missing)
        found += msgspec.convert(page.docs, list[Record])
        if len(found) >= limit:
            break
    return found[:limit]


def people_of(records: Sequence[Record]) -> list[str]:
    """Return the keys of the people in records: who made a change, and whose role was changed."""
    return sorted({one.who for one in records} | {one.on for one in records if one.what.startswith("role ")})


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
