"""The troubles that Cosmos DB gives its clients, by name, and when they come: scripted, or by chance with a seed."""

import random
from collections.abc import Callable, Sequence
from http import HTTPStatus

from simulator.cosmos.calls import Call
from simulator.cosmos.refusals import RANGE_GONE, SESSION_AHEAD, THROTTLED
from simulator.faults import FOREVER, Fault

RETRY_WITH = 449
_SUBSTATUS = "x-ms-substatus"
_RETRY_AFTER = "x-ms-retry-after-ms"

When = Callable[[Call], bool]


def throttled(retry_after_ms: int = 10) -> Fault:
    """Return 429: the budget of request units is used up; nothing was done."""
    headers = {_RETRY_AFTER: str(retry_after_ms), _SUBSTATUS: str(THROTTLED)}
    return _answer(HTTPStatus.TOO_MANY_REQUESTS, "The request rate is large.", headers)


def unavailable(*, done: bool = False) -> Fault:
    """Return 503, perhaps after the request was carried out."""
    return _answer(HTTPStatus.SERVICE_UNAVAILABLE, "Service is currently unavailable.", done=done)


def timed_out(*, done: bool = False) -> Fault:
    """Return 408: nobody knows whether the request was carried out. `done` settles it."""
    return _answer(HTTPStatus.REQUEST_TIMEOUT, "Request timed out.", done=done)


def retry_with(retry_after_ms: int = 10) -> Fault:
    """Return 449: another write of the same document was under way."""
    return _answer(RETRY_WITH, "Conflicting request to resource. Retry.", {_RETRY_AFTER: str(retry_after_ms)})


def gone() -> Fault:
    """Return 410: the physical partition is somewhere else now."""
    return _answer(HTTPStatus.GONE, "The requested resource is no longer here.", {_SUBSTATUS: str(RANGE_GONE)})


def broken() -> Fault:
    """Return 500; nothing was done."""
    return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong.")


def forbidden() -> Fault:
    """Return 403: whoever asks is known and may not do this."""
    return _answer(HTTPStatus.FORBIDDEN, "The request is blocked: the principal lacks a permission.")


def stale_session() -> Fault:
    """Return 404 with a substatus: this replica has not seen what the session has written."""
    return _answer(HTTPStatus.NOT_FOUND, "The read session is not available.", {_SUBSTATUS: str(SESSION_AHEAD)})


def precondition_failed() -> Fault:
    """Return 412, as if somebody had been faster."""
    return _answer(HTTPStatus.PRECONDITION_FAILED, "One of the specified pre-condition is not met.")


def too_large() -> Fault:
    """Return 413: the document, or the whole request, has more than 2 MB."""
    return _answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request size is too large.")


def reset_before() -> Fault:
    """Return a connection that breaks before the request is carried out."""
    return Fault(drop="before")


def reset_after() -> Fault:
    """Return a connection that breaks after the request was carried out: the client cannot know."""
    return Fault(drop="after")


def slow(seconds: float) -> Fault:
    """Return a delay before the request is carried out."""
    return Fault(delay_s=seconds)


def hung() -> Fault:
    """Return an answer that never comes."""
    return Fault(delay_s=FOREVER)


def _answer(status: int, message: str, headers: dict[str, str] | None = None, *, done: bool = False) -> Fault:
    return Fault(status, headers or {}, {"code": str(int(status)), "message": message}, delivered=done)


class Troubles:
    """Decides for each request whether it runs into a fault. `respond`, when set, is asked first."""

    def __init__(self) -> None:
        self.respond: Callable[[Call], Fault | None] | None = None
        self._scripted: list[tuple[Fault, When]] = []
        self._by_chance: tuple[float, Sequence[Fault], random.Random, When] | None = None

    def script(self, *faults: Fault, when: When = lambda call: call.writes) -> None:
        """Let the next requests for which `when` holds run into these, one each. Without it: the next writes."""
        self._scripted.extend((fault, when) for fault in faults)

    def by_chance(self, share: float, faults: Sequence[Fault], *, seed: int, when: When = lambda _: True) -> None:
        """Let this share of the requests for which `when` holds run into one of the faults."""
        self._by_chance = (share, faults, random.Random(seed), when)

    def clear(self) -> None:
        """End all troubles."""
        self.respond = None
        self._scripted.clear()
        self._by_chance = None

    def waiting(self) -> int:
        """Return how many scripted faults nobody has run into yet."""
        return len(self._scripted)

    def pick(self, call: Call) -> Fault | None:
        """Return the fault that this request runs into."""
        found = self.respond(call) if self.respond else None
        if found is not None:
            return found
        for index, (fault, when) in enumerate(self._scripted):
            if when(call):
                del self._scripted[index]
                return fault
        if self._by_chance is not None:
            share, faults, chance, when = self._by_chance
            if when(call) and chance.random() < share:
                return chance.choice(faults)
        return None
