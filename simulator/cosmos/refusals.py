"""How Cosmos DB says no: a status, often a substatus, and a sentence. Knows no resource."""

from collections.abc import Mapping
from http import HTTPStatus

MISMATCH = 1001  # the partition key of the document is not that of the request
NOT_SERVABLE = 1004  # the gateway cannot answer this query alone: ask for the plan
WRONG_CONTAINER = 1024  # the container was deleted and made again
SESSION_AHEAD = 1002  # with 404: this replica has not seen what the session has seen
RANGE_GONE = 1002  # with 410
OWNER_MISSING = 1003  # with 404: the container or the database is not there
THROTTLED = 3200

_CODES = {
    HTTPStatus.BAD_REQUEST: "BadRequest",
    HTTPStatus.UNAUTHORIZED: "Unauthorized",
    HTTPStatus.FORBIDDEN: "Forbidden",
    HTTPStatus.NOT_FOUND: "NotFound",
    HTTPStatus.CONFLICT: "Conflict",
    HTTPStatus.GONE: "Gone",
    HTTPStatus.PRECONDITION_FAILED: "PreconditionFailed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "RequestEntityTooLarge",
    HTTPStatus.NOT_IMPLEMENTED: "NotImplemented",
}


class Refusal(Exception):
    """The request is answered with an error."""

    def __init__(
        self, status: HTTPStatus, message: str, *, substatus: int = 0, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.substatus = substatus
        self.headers = dict(headers or {})

    @property
    def code(self) -> str:
        """Return the word that stands for the status."""
        return _CODES.get(self.status, self.status.phrase.replace(" ", ""))


def bad(message: str, *, substatus: int = 0) -> Refusal:
    """Return the refusal of a request that makes no sense."""
    return Refusal(HTTPStatus.BAD_REQUEST, message, substatus=substatus)


def missing(message: str, *, substatus: int = 0) -> Refusal:
    """Return the refusal for what is not there."""
    return Refusal(HTTPStatus.NOT_FOUND, message, substatus=substatus)


def undone(message: str) -> Refusal:
    """Return the refusal for what Cosmos DB does and this stand-in does not."""
    return Refusal(HTTPStatus.NOT_IMPLEMENTED, f"the stand-in does not do this: {message}")
