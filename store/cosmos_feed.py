"""What was written since a mark, by Cosmos DB's change feed. Knows the feed and its marks, nothing of documents.

A container is in ranges, each with a feed of its own. The SDK could read them all as one, but does not take back the
place it gives when it has not yet looked into each of them. So a mark holds the place in every range.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping

import msgspec
from azure.cosmos.aio import ContainerProxy

from store.contract import Doc

_DIGEST = 8


class Place(msgspec.Struct, frozen=True, array_like=True):
    """How far one range has been read; None: not yet."""

    range: dict[str, object]
    continuation: str | None = None


async def page_of(
    container: ContainerProxy, places: list[Place], limit: int, partition: str | None = None
) -> tuple[list[Doc], list[Place]]:
    """Return some documents of the first range that has any, and the places behind them.

    The range that gave them comes last in the new places, so that none is left waiting while another is busy. With a
    partition, only the range that holds it is looked into; the others keep their places.
    """
    if not places:
        places = [Place(dict(one)) async for one in container.read_feed_ranges()]
    read: list[Place] = []
    home = None if partition is None else await container.feed_range_from_partition_key(partition)
    for index, place in enumerate(places):
        if home is not None and not await container.is_feed_range_subset(place.range, home):
            read.append(place)
            continue
        docs, behind = await _page(container, place, limit)
        if docs:
            return docs, [*places[index + 1 :], *read, behind]
        read.append(behind)
    return [], read


def mark_of(name: str, places: list[Place]) -> str:
    """Return the mark of some places in the feed of a container."""
    body = msgspec.json.encode(places)
    return base64.urlsafe_b64encode(_digest(name, body) + body).decode()


def read_mark(name: str, mark: str) -> list[Place]:
    """Return the places in a mark. Raises `ValueError` for what is no mark of this container."""
    msg = f"not a mark: {mark!r:.80}"
    try:
        raw = base64.b64decode(mark.encode(), altchars=b"-_", validate=True)
        if len(raw) > _DIGEST and raw[:_DIGEST] == _digest(name, raw[_DIGEST:]):
            return msgspec.json.decode(raw[_DIGEST:], type=list[Place])
    except (binascii.Error, UnicodeError, msgspec.DecodeError) as error:
        raise ValueError(msg) from error
    raise ValueError(msg)


async def _page(container: ContainerProxy, place: Place, limit: int) -> tuple[list[Doc], Place]:
    headers: list[Mapping[str, str]] = []

    def note(found: Mapping[str, str], _body: object) -> None:
        headers.append(found)  # the SDK writes the place behind the page into these very headers

    start: dict[str, object] = {"feed_range": place.range, "start_time": "Beginning"}
    if place.continuation is not None:
        start = {"continuation": place.continuation}
    feed = container.query_items_change_feed(max_item_count=limit, response_hook=note, **start)  # type: ignore[call-overload]
    try:
        docs = [dict(doc) async for doc in await anext(feed.by_page())]
    except StopAsyncIteration:
        docs = []
    return docs, Place(place.range, headers[-1]["etag"])


def _digest(name: str, body: bytes) -> bytes:
    # Against mix-ups, not against attackers: a forged mark shows nothing but other changes.
    return hashlib.blake2b(name.encode() + b"\0" + body, digest_size=_DIGEST).digest()
