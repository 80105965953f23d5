"""Sealing a large anonymous run: `python -m benchmarks.sealing --people 45000`.

Product: `seal` on a SQLite file in which everybody has answered, from the key marked as closed to the key destroyed.
Baseline: the same rows written anew and deleted by SQL alone, in the same batches, each durable before the next.
On Azure Cosmos DB's engine and the stand-in, with fewer people: requests, and their published charges. There are
figures only where each answer is sealed once, and counted.
"""

import argparse
import asyncio
import json
import sqlite3
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import uvloop

from benchmarks.panel import Wrong
from feedback.answers.anonymous import BALLOT, Ballot, Key, ballot_id, find_key, open_ballots
from feedback.results.sealing import SEALED, find_sealed_tally, seal, sealed_answers
from feedback.runs.deliveries import SLICE, write_planned
from feedback.runs.runs import Delivery, DeliveryState, Run, close_run, create_run
from feedback.surveys.questions import Answers, Kind, Question
from feedback.surveys.surveys import Survey
from simulator.cosmos import CosmosStandIn
from store.contract import MAX_BATCH, Create, Store
from store.cosmos import open_cosmos
from store.cosmos_client import Account
from store.layout import layout
from store.sqlite import open_sqlite

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
QUESTIONS = (Question("score", Kind.NPS, "How likely?", required=True), Question("why", Kind.TEXT, "Why?"))
SURVEY = Survey("hush", "Sample", QUESTIONS, is_anonymous=True, threshold=5)
IN_COSMOS = 1000  # people at most


async def measure(people: int) -> dict[str, float]:
    """Measure everything. Raises `Wrong` where an answer is missing, or there twice."""
    with TemporaryDirectory() as folder:
        store = await open_sqlite(Path(folder) / "product.db")
        try:
            took_s = await _sealed(store, await _furnish(store, people), people)
        finally:
            await store.close()
        baseline_s = await _by_sql_alone(Path(folder) / "baseline.db", people)
    return {
        "people": people,
        "sealed_in_s": round(took_s, 2),
        "us_per_answer": round(took_s / people * 1e6, 1),
        "baseline_us_per_answer": round(baseline_s / people * 1e6, 1),
        "times_the_baseline": round(took_s / baseline_s, 2),
        **await _in_cosmos(min(people, IN_COSMOS)),
    }


async def _in_cosmos(people: int) -> dict[str, float]:
    async with CosmosStandIn() as account:
        account.prepare("hearback", layout())
        store = await open_cosmos(Account(account.url, "hearback", key=account.key, verifies_tls=False))
        try:
            run = await _furnish(store, people)
            account.reset_counters()
            await seal(store, run)
            cost = [one for name, one in account.counters().by_name.items() if name.startswith(("item.", "items."))]
            await _check(store, run, people)
        finally:
            await store.close()
    return {
        "requests_per_answer": round(sum(one.requests for one in cost) / people, 4),
        "ru_per_answer": round(sum(one.charge for one in cost) / people, 2),
    }


async def _furnish(store: Store, people: int) -> Run:
    """Write a run that everybody has answered and that is closed."""
    run = await create_run(store, SURVEY, "customers", by="sample:admin", now=NOW)
    await open_ballots(store, run)
    key = await find_key(store, run)
    assert isinstance(key, Key)  # noqa: S101 - made here
    for start in range(0, people, MAX_BATCH):
        numbers = range(start, min(start + MAX_BATCH, people))
        names = {number: f"sample:{number:08d}" for number in numbers}
        answered = [Delivery(run.run, name, DeliveryState.ANSWERED, start // SLICE) for name in names.values()]
        await write_planned(store, run.run, answered)
        ballots = [
            Ballot(ballot_id(key, run, name), run.run, answers=_answers(number), revision=1)
            for number, name in names.items()
        ]
        await store.batch("runs", run.run, [Create({**msgspec.to_builtins(one), "kind": BALLOT}) for one in ballots])
    return await close_run(store, run)


def _answers(number: int) -> Answers:
    return {"score": number % 11, "why": f"Because of sample {number}"}


async def _sealed(store: Store, run: Run, people: int) -> float:
    begun = time.perf_counter()
    await seal(store, run)
    took_s = time.perf_counter() - begun
    await _check(store, run, people)
    return took_s


async def _check(store: Store, run: Run, people: int) -> None:
    found = Counter([str(one.answers["why"]) async for one in sealed_answers(store, run)])
    tally = await find_sealed_tally(store, run)
    if found != {f"Because of sample {number}": 1 for number in range(people)}:
        msg = f"of {people} answers {len(found)} are sealed"
        raise Wrong(msg)
    if tally is None or tally.everybody.answered != people:
        msg = "the tally of what is sealed is not theirs"
        raise Wrong(msg)


async def _by_sql_alone(path: Path, people: int) -> float:
    """Write the same ballots, then write each anew and delete it, with nothing but SQLite."""
    store = await open_sqlite(path)
    run = await _furnish(store, people)
    await store.close()
    return await asyncio.to_thread(_rewrite, path, run.run)


def _rewrite(path: Path, run: str) -> float:
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript("PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;")
    begun = time.perf_counter()
    first = "SELECT id, body FROM runs WHERE partition = ? AND id >= 'ballot-' AND id < 'ballot-g' ORDER BY id LIMIT ?"
    while rows := db.execute(first, (run, MAX_BATCH // 2)).fetchall():
        db.execute("BEGIN IMMEDIATE")
        (last,) = db.execute("SELECT seq FROM clock").fetchone()
        new = [(run, *_renamed(name, body), last + place) for place, (name, body) in enumerate(rows, 1)]
        db.executemany("DELETE FROM runs WHERE partition = ? AND id = ?", [(run, name) for name, _ in rows])
        db.executemany("INSERT INTO runs (partition, id, body, seq) VALUES (?, ?, ?, ?)", new)
        db.execute("UPDATE clock SET seq = ?", (last + len(rows),))
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    took_s = time.perf_counter() - begun
    db.close()
    return took_s


def _renamed(name: str, body: str) -> tuple[str, str]:
    new = name.replace(BALLOT, SEALED)
    return new, json.dumps({**json.loads(body), "id": new, "kind": SEALED})


def main() -> None:
    """Measure and print one line of JSON. Exits with 1 where an answer is missing, or there twice."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sealing")
    parser.add_argument("--people", type=int, default=45_000)
    given = parser.parse_args()
    try:
        report = uvloop.run(measure(given.people))
    except Wrong as error:
        sys.exit(f"no figures: {error}")
    print(msgspec.json.encode(report).decode())


if __name__ == "__main__":
    main()
