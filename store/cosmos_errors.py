"""What Cosmos DB's errors say: was anything written, is it worth asking again, and what the caller is told.

Asking again is done here and nowhere else. Of its own accord the SDK would wait 30 s for a busy account, and would
repeat a write whose connection broke after it had left, mistaking its own first try for somebody else's.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import TypeVar

import aiohttp
import msgspec
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from store.contract import Busy, Conflict, Incomplete, Locked, Missing, StoreError, TooLarge, Unavailable
from store.deadline import left_s, waited

T = TypeVar("T")

BUDGET_S = 2.0  # of waiting and asking again in one call: a turn has to be answered within a few seconds
FIRST_PAUSE_S = 0.05
MAX_PAUSE_S = 0.5
_FAILURES = (AzureError, aiohttp.ClientError, OSError, TimeoutError)
_BUSY = frozenset({429, 449})  # nothing was written, and the same request will be taken later
_RETRY_AFTER = "x-ms-retry-after-ms"
_NOT_HERE_NOW = frozenset({(404, 1002), (403, 3)})  # a replica that lags behind; a region that takes writes no longer
_NO_OWNER = 1003
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class Fate(StrEnum):
    """What became of a request that failed."""

    REFUSED = "refused"  # it was answered; asking again changes nothing
    UNTOUCHED = "untouched"  # nothing was written, and it is worth asking again
    UNKNOWN = "unknown"  # it may have been written


class Failure(msgspec.Struct, frozen=True):
    """One failed request. `index` is the failing operation of a batch."""

    fate: Fate
    status: int = 0
    substatus: int = 0
    retry_after_s: float | None = None
    words: str = ""
    index: int = 0


class Refused(Exception):
    """Cosmos DB has answered with an error that is for the engine to understand. `is_retry`: it was asked before."""

    def __init__(self, failure: Failure, *, is_after_doubt: bool) -> None:
        super().__init__(failure.words)
        self.failure = failure
        self.is_after_doubt = is_after_doubt


class Doubtful(Exception):
    """Cosmos DB may or may not have written."""


class Patience:
    """Asks again for as long as a call may take. `sleep` and `now` (in seconds) are given from outside.

    `busy_s` is for how long it does so where the database only asks to wait, `budget_s` unless told otherwise.
    """

    def __init__(
        self,
        *,
        budget_s: float = BUDGET_S,
        busy_s: float | None = None,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: random.Random,
    ) -> None:
        self._budget_s = budget_s
        self._busy_s = budget_s if busy_s is None else busy_s
        self._now = now
        self._sleep = sleep
        self._chance = chance

    async def ask(
        self, call: Callable[[], Awaitable[T]], *, is_repeatable: bool = True, was_in_doubt: bool = False
    ) -> T:
        """Return what the call returns, asked as often as it takes and the budget allows.

        `is_repeatable` says that the call may be made again when it is unknown whether it was made. Raises `Refused`;
        `Doubtful` where it is not repeatable; `Busy` or `Unavailable` when the time is over.
        """
        began, pause_s, is_in_doubt = self._now(), FIRST_PAUSE_S, was_in_doubt
        while True:
            asked = self._now()
            try:
                return await call()
            except _FAILURES as error:
                failure = failure_of(error)
            # The SDK's error stays here: its message may quote the document, and a log shows what led to an error.
            if failure.fate is Fate.REFUSED:
                raise Refused(failure, is_after_doubt=is_in_doubt)
            if failure.fate is Fate.UNKNOWN and not is_repeatable:
                raise Doubtful
            is_in_doubt = is_in_doubt or failure.fate is Fate.UNKNOWN
            wait_s = failure.retry_after_s
            if wait_s is None:
                wait_s = pause_s * self._chance.uniform(0.5, 1)
            budget_s = self._busy_s if failure.status in _BUSY else self._budget_s
            waited(asked, failed := self._now())
            if wait_s > left_s() or failed + wait_s > began + budget_s:
                raise given_up(failure, is_in_doubt=is_in_doubt)
            await self._sleep(wait_s)
            waited(failed, self._now())
            pause_s = min(2 * pause_s, MAX_PAUSE_S)


def failure_of(error: Exception) -> Failure:
    """Return what an error of the SDK or of its transport says."""
    if isinstance(error, ClientAuthenticationError):
        return Failure(Fate.REFUSED, 401, words="the identity was not accepted")
    if isinstance(error, HttpResponseError) and error.status_code:
        return _answered(error)
    inner = getattr(error, "inner_exception", None) or error
    words = type(inner).__name__
    if isinstance(inner, _NOT_SENT):
        return Failure(Fate.UNTOUCHED, words=words)
    return Failure(Fate.UNKNOWN, words=words)


def meaning_of(failure: Failure) -> StoreError | ValueError:
    """Return what an answer means to a caller of the store."""
    match failure.status, failure.substatus:
        case 404, substatus if substatus == _NO_OWNER:
            return Incomplete("the database or a container is missing: the deployment makes them")
        case 404, _:
            return Missing(failure.words)
        case ((409 | 412), _):
            return Conflict(failure.words)
        case 413, _:
            return TooLarge(failure.words)
        case 400, _:
            return ValueError(f"the database refuses it: {failure.words}")
        case ((401 | 403), _):
            return Locked(f"the database does not let Hearback in: {failure.words}")
        case status, _:
            return Unavailable(f"the database answers {status}: {failure.words}")


def given_up(failure: Failure, *, is_in_doubt: bool) -> StoreError:
    """Return what a caller is told when there is no time left to ask again."""
    if is_in_doubt or failure.status not in _BUSY:
        return Unavailable(f"the database does not answer: {failure.status or failure.words}")
    return Busy(retry_after_s=failure.retry_after_s or 1.0)


def _answered(error: HttpResponseError) -> Failure:
    status = error.status_code or 0
    headers: Mapping[str, str] = getattr(error, "headers", None) or {}
    substatus = int(getattr(error, "sub_status", None) or 0)
    return Failure(
        fate=_fate(status, substatus),
        status=status,
        substatus=substatus,
        retry_after_s=_seconds(headers.get(_RETRY_AFTER)),
        words=f"{status}/{substatus}",  # never the message: it may quote the document
        index=int(getattr(error, "error_index", 0) or 0),
    )


def _fate(status: int, substatus: int) -> Fate:
    if status in {410, 429, 449} or (status, substatus) in _NOT_HERE_NOW:
        return Fate.UNTOUCHED
    if status == HTTPStatus.REQUEST_TIMEOUT or not _is_refusal(status):
        return Fate.UNKNOWN
    return Fate.REFUSED


def _is_refusal(status: int) -> bool:
    return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR


def _seconds(milliseconds: str | None) -> float | None:
    try:
        return None if milliseconds is None else max(0.0, float(milliseconds) / 1000)
    except ValueError:
        return None
