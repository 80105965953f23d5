"""Moving house, there and back: `python -m benchmarks.copying --documents 100000`.

A SQLite file with so many documents is copied into Azure Cosmos DB's engine on the stand-in, and from there into a new
SQLite file. There are figures only where all three hold the same documents in every container.
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import uvloop

from simulator.cosmos import CosmosStandIn
from store.containers import CONTAINERS
from store.contract import Create, Store
from store.copy import Teller
from store.copying import Copy, Sum, sum_of
from store.cosmos import open_cosmos
from store.cosmos_client import Account
from store.layout import layout
from store.sqlite import open_sqlite

TOGETHER = 100
PEOPLE_SHARE = 10  # one document in so many is a person, and a partition of its own


class Differs(Exception):
    """Something did not arrive as it was."""


async def measure(documents: int) -> dict[str, float]:
    """Copy there and back. Raises `Differs`."""
    with TemporaryDirectory() as folder:
        async with CosmosStandIn() as account:
            account.prepare("hearback", layout())
            first = await open_sqlite(Path(folder) / "first.db")
            there = await open_cosmos(Account(account.url, "hearback", key=account.key, verifies_tls=False))
            back = await open_sqlite(Path(folder) / "back.db")
            await _furnish(first, documents)
            begun = time.perf_counter()
            await _copy(first, there)
            arrived = time.perf_counter()
            await _copy(there, back)
            returned = time.perf_counter()
            sums = [await _sums(store) for store in (first, there, back)]
            for store in (first, there, back):
                await store.close()
    if sums[0] != sums[1] or sums[0] != sums[2]:
        raise Differs(sums)
    count = sum(one.count for one in sums[0].values())
    return {
        "documents": count,
        "there_per_s": round(count / (arrived - begun), 1),
        "back_per_s": round(count / (returned - arrived), 1),
        "took_s": round(returned - begun, 1),
    }


async def _copy(source: Store, target: Store) -> None:
    copy = Copy(source, target, name="benchmark")
    with Teller(sys.stderr) as tell:
        await copy.run(tell)
    await copy.finish()


async def _sums(store: Store) -> dict[str, Sum]:
    return {name: await sum_of(store, name) for name in CONTAINERS}


async def _furnish(store: Store, documents: int) -> None:
    people = documents // PEOPLE_SHARE
    for start in range(0, people, TOGETHER):
        numbers = range(start, min(start + TOGETHER, people))
        await asyncio.gather(
            *(store.create("people", {"id": f"t:{n}", "tenant": "t", "name": f"Sample {n}"}) for n in numbers)
        )
    for start in range(0, documents - people, TOGETHER):
        numbers = range(start, min(start + TOGETHER, documents - people))
        answers = [
            Create({"id": f"t:{n}", "run": f"r{start // 10_000}", "kind": "delivery", "n": n, "share": n / 8})
            for n in numbers
        ]
        await store.batch("runs", f"r{start // 10_000}", answers)


def main() -> None:
    """Measure and print one line of JSON. Exits with 1 where something did not arrive as it was."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.copying")
    parser.add_argument("--documents", type=int, default=100_000)
    given = parser.parse_args()
    try:
        report = uvloop.run(measure(given.documents))
    except Differs as error:
        sys.exit(f"no figures: {error}")
    print(msgspec.json.encode(report).decode())


if __name__ == "__main__":
    main()
