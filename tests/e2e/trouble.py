"""What the tests of a store in trouble share: the troubles, what counts as thanks, and what is kept in the end."""

from simulator import Json, Person
from simulator.cosmos import (
    Call,
    precondition_failed,
    reset_after,
    reset_before,
    retry_with,
    slow,
    stale_session,
    throttled,
    timed_out,
    unavailable,
)
from tests.e2e.conftest import ELSEWHERE, Service

ONCE = {
    "429": throttled(),
    "503": unavailable(),
    "503 after": unavailable(done=True),
    "408": timed_out(),
    "408 after": timed_out(done=True),
    "reset before": reset_before(),
    "reset after": reset_after(),
    "412": precondition_failed(),
    "449": retry_with(),
    "slow": slow(0.2),
}
FOR_LONG = {
    "429": throttled(30_000),
    "503": unavailable(),
    "reset before": reset_before(),
    "reset after": reset_after(),
    "404/1002": stale_session(),
    "449": retry_with(),
    "408": timed_out(),
    "412": precondition_failed(),
}


async def delivery(service: Service, person: Person) -> Json:
    doc = await service.store.get("runs", "pulse-1", f"{ELSEWHERE}:{person.who.object_id}")
    assert doc is not None
    return doc


def is_thanks(body: object) -> bool:
    return "Thank you" in str(body)


def is_write(call: Call) -> bool:
    return call.writes


async def notes(service: Service) -> list[Json]:
    return [doc for doc in (await service.store.query("ledger")).docs if doc.get("kind") == "note"]
