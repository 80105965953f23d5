"""Asking Cosmos DB again: when, for how long, and what a caller is told. `asked` answers as a list says."""

import asyncio
import math
import random
import traceback
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import aiohttp
import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    ServiceRequestError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError

from store.contract import Busy, Conflict, Incomplete, Locked, Missing, TooLarge, Unavailable
from store.cosmos_errors import Doubtful, Fate, Patience, Refused, failure_of, meaning_of
from store.deadline import left_s, unhurried, waited, within
from tests.conftest import Clock


def answered(status: int, substatus: int = 0, retry_ms: int | None = None) -> CosmosHttpResponseError:
    headers = {} if retry_ms is None else {"x-ms-retry-after-ms": str(retry_ms)}
    response = SimpleNamespace(status_code=status, reason="", headers=headers)
    return CosmosHttpResponseError(message="private words", response=response, sub_status=substatus)  # type: ignore[no-untyped-call]


BROKEN = ServiceRequestError("reset", error=aiohttp.ServerDisconnectedError())  # the SDK takes it for one not sent
NO_CONNECTION = ServiceRequestError(
    "refused",
    error=aiohttp.ClientConnectorError(SimpleNamespace(host="h", port=1, ssl=True, is_ssl=True), OSError()),  # type: ignore[arg-type]
)
TABLE = [
    (answered(429, 3200, 500), Fate.UNTOUCHED),
    (answered(449), Fate.UNTOUCHED),
    (answered(503), Fate.UNKNOWN),
    (answered(410, 1002), Fate.UNTOUCHED),
    (answered(404, 1002), Fate.UNTOUCHED),
    (answered(403, 3), Fate.UNTOUCHED),
    (NO_CONNECTION, Fate.UNTOUCHED),
    (answered(408), Fate.UNKNOWN),
    (answered(500), Fate.UNKNOWN),
    (BROKEN, Fate.UNKNOWN),
    (ServiceResponseTimeoutError("slow"), Fate.UNKNOWN),
    (ServiceResponseError("half an answer"), Fate.UNKNOWN),
    (AzureError("something"), Fate.UNKNOWN),
    (answered(404), Fate.REFUSED),
    (answered(409), Fate.REFUSED),
    (answered(412), Fate.REFUSED),
    (answered(413), Fate.REFUSED),
    (answered(400), Fate.REFUSED),
    (answered(403), Fate.REFUSED),
    (ClientAuthenticationError("who"), Fate.REFUSED),
]


@pytest.mark.parametrize(("error", "fate"), TABLE, ids=str)
def test_what_became_of_a_request_that_failed(error: Exception, fate: Fate) -> None:
    assert failure_of(error).fate is fate


def test_a_failed_batch_says_which_operation_failed() -> None:
    error = CosmosBatchOperationError(error_index=3, headers={}, status_code=412)  # type: ignore[no-untyped-call]
    failure = failure_of(error)
    assert (failure.status, failure.index, failure.fate) == (412, 3, Fate.REFUSED)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (answered(404), Missing),
        (answered(404, 1003), Incomplete),
        (answered(409), Conflict),
        (answered(412), Conflict),
        (answered(413), TooLarge),
        (answered(400), ValueError),
        (answered(401), Locked),
        (answered(403), Locked),
        (answered(418), Unavailable),
    ],
    ids=str,
)
def test_what_an_answer_means(error: Exception, meaning: type[Exception]) -> None:
    said = meaning_of(failure_of(error))
    assert type(said) is meaning
    assert "private" not in str(said)


class Asked:
    """A call that fails as listed, and then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.times = 0

    async def __call__(self) -> str:
        self.times += 1
        if self._errors:
            raise self._errors.pop(0)
        return "done"


@pytest.fixture
def patience(clock: Clock) -> Patience:
    return Patience(now=clock.time, sleep=clock.sleep, chance=random.Random(1))


async def test_what_was_not_written_is_asked_again(patience: Patience) -> None:
    asked = Asked(answered(410, 1002), answered(449), answered(404, 1002), NO_CONNECTION)
    assert await patience.ask(asked, is_repeatable=False) == "done"
    assert asked.times == 5


async def test_the_time_to_wait_is_obeyed(patience: Patience, clock: Clock) -> None:
    before = clock.time()
    assert await patience.ask(Asked(answered(429, 3200, 700), answered(429, 3200, 800))) == "done"
    assert clock.time() - before == pytest.approx(1.5)


@pytest.mark.parametrize("status", [400, 409, 503])
async def test_a_log_that_shows_what_led_to_an_error_does_not_show_what_the_database_says(
    patience: Patience, status: int
) -> None:
    with pytest.raises((Refused, Unavailable)) as raised:
        await patience.ask(Asked(*[answered(status)] * 100))
    shown = "".join(traceback.format_exception(raised.value))
    assert "private words" not in shown
    assert str(status) in shown


async def test_a_longer_wait_than_a_turn_has_is_the_callers(patience: Patience, clock: Clock) -> None:
    before, asked = clock.time(), Asked(answered(429, 3200, 30_000))
    with pytest.raises(Busy) as busy:
        await patience.ask(asked)
    assert (busy.value.retry_after_s, asked.times, clock.time()) == (30, 1, before)


async def test_who_has_more_time_waits_for_a_busy_database_and_no_longer_for_one_that_is_away(clock: Clock) -> None:
    patience = Patience(busy_s=60, now=clock.time, sleep=clock.sleep, chance=random.Random(1))
    before = clock.time()
    assert await patience.ask(Asked(answered(429, 3200, 30_000), answered(449, 0, 25_000))) == "done"
    assert clock.time() - before == pytest.approx(55)
    with pytest.raises(Busy):
        await patience.ask(Asked(answered(429, 3200, 61_000)))
    before = clock.time()
    with pytest.raises(Unavailable):
        await patience.ask(Asked(*[answered(503)] * 1000))
    assert clock.time() - before <= 2


async def test_of_many_calls_in_a_turn_all_together_wait_no_longer_than_the_turn_has(clock: Clock) -> None:
    """Each would be within its own budget. What a turn leaves at work is free of it when the turn is over."""
    busy = answered(429, 3200, 1500)
    patience = Patience(now=clock.time, sleep=clock.sleep, chance=random.Random(1))
    is_over = asyncio.Event()

    async def left_at_work() -> str:
        await is_over.wait()
        return await patience.ask(Asked(busy))

    with within(60):
        assert await patience.ask(Asked(busy)) == "done"
        with within(1):
            work = asyncio.create_task(left_at_work())
            asked = Asked(busy)
            with pytest.raises(Busy):
                await patience.ask(asked)
            with pytest.raises(Unavailable):
                await patience.ask(Asked(answered(503), *[busy] * 3))
            assert await patience.ask(Asked()) == "done", "what needs no waiting is done"
            with unhurried():
                assert await patience.ask(Asked(busy)) == "done"
            await asyncio.sleep(0)  # the work begins within the turn
        assert asked.times == 1
        assert await patience.ask(Asked(busy)) == "done"
    is_over.set()
    assert await work == "done"


async def test_what_calls_wait_at_once_counts_once_and_what_a_healthy_store_takes_not_at_all(clock: Clock) -> None:
    patience = Patience(now=clock.time, sleep=clock.sleep, chance=random.Random(1))

    async def slow() -> str:
        await clock.sleep(30)
        return "done"

    async def failing_slowly() -> str:
        await clock.sleep(1.5)
        raise answered(400)

    with within(6):
        assert await patience.ask(slow) == "done"
        assert left_s() == 6
        busy = Asked(answered(429, 3200, 1500))
        assert await patience.ask(busy) == "done"
        assert left_s() == pytest.approx(4.5)
        with pytest.raises(Refused):
            await patience.ask(failing_slowly)
        assert left_s() == pytest.approx(4.5), "an answer, though nobody likes it"
        waited(clock.time() - 1, clock.time())
        waited(clock.time() - 0.5, clock.time())
        assert left_s() == pytest.approx(3.5)
        waited(clock.time() - 1, clock.time() + 2)
        assert left_s() == pytest.approx(1.5)
    assert left_s() == math.inf


async def test_asking_again_ends(patience: Patience, clock: Clock) -> None:
    before = clock.time()
    with pytest.raises(Unavailable):
        await patience.ask(Asked(*[answered(503)] * 1000))
    assert clock.time() - before <= 2


async def test_a_write_in_doubt_is_made_again_only_where_that_is_harmless(patience: Patience) -> None:
    asked = Asked(BROKEN)
    with pytest.raises(Doubtful):
        await patience.ask(asked, is_repeatable=False)
    assert asked.times == 1
    assert await patience.ask(Asked(BROKEN)) == "done"


@pytest.mark.parametrize(("errors", "in_doubt"), [([], False), ([answered(429)], False), ([answered(408)], True)])
async def test_a_refusal_says_whether_an_earlier_try_may_have_been_made(
    patience: Patience,
    errors: list[Exception],
    in_doubt: bool,  # noqa: FBT001 - pytest passes by name
) -> None:
    with pytest.raises(Refused) as refused:
        await patience.ask(Asked(*errors, answered(409)))
    assert refused.value.is_after_doubt is in_doubt


async def test_a_write_in_doubt_is_never_called_busy(patience: Patience) -> None:
    """`Busy` says that nothing was written."""
    with pytest.raises(Unavailable):
        await patience.ask(Asked(BROKEN, answered(429, 3200, 9000)))


async def test_errors_of_ours_are_not_asked_again(patience: Patience) -> None:
    async def wrong() -> str:
        raise KeyError

    call: Callable[[], Awaitable[str]] = wrong
    with pytest.raises(KeyError):
        await patience.ask(call)
