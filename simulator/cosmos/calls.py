"""A request as the stand-in sees it, its name, and the answer to it. Knows addresses, not resources."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import unquote

import msgspec

from simulator.cosmos.values import UNDEFINED

_NAMES = {
    ("GET", ""): "account.read",
    ("GET", "dbs"): "databases.list",
    ("POST", "dbs"): "database.create",
    ("GET", "dbs/"): "database.read",
    ("DELETE", "dbs/"): "database.delete",
    ("GET", "colls"): "containers.list",
    ("POST", "colls"): "container.create",
    ("GET", "colls/"): "container.read",
    ("PUT", "colls/"): "container.replace",
    ("DELETE", "colls/"): "container.delete",
    ("GET", "pkranges"): "ranges.list",
    ("GET", "docs"): "items.list",
    ("POST", "docs"): "item.create",
    ("GET", "docs/"): "item.read",
    ("PUT", "docs/"): "item.replace",
    ("PATCH", "docs/"): "item.patch",
    ("DELETE", "docs/"): "item.delete",
}
_KINDS_OF_POST = (
    ("x-ms-cosmos-is-query-plan-request", "items.plan"),
    ("x-ms-documentdb-isquery", "items.query"),
    ("x-ms-cosmos-is-batch-request", "items.batch"),
    ("x-ms-documentdb-is-upsert", "item.upsert"),
)


class Call(msgspec.Struct, frozen=True):
    """One request. `headers` have small letters; `parts` is the address, decoded: `dbs`, its name, and so on."""

    verb: str
    parts: tuple[str, ...]
    headers: Mapping[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        """Return the kind of resource that the request is signed for."""
        if not self.parts:
            return ""
        return self.parts[-1] if len(self.parts) % 2 else self.parts[-2]

    @property
    def link(self) -> str:
        """Return the address that the request is signed for: of the resource, or of the owner of a list."""
        return "/".join(self.parts[:-1] if len(self.parts) % 2 else self.parts)

    @property
    def name(self) -> str:
        """Return what is asked for, as in `item.create`; empty for what nobody knows."""
        is_one = bool(self.parts) and len(self.parts) % 2 == 0
        name = _NAMES.get((self.verb, f"{self.kind}/" if is_one else self.kind), "")
        if name == "item.create":
            return next((other for header, other in _KINDS_OF_POST if self.says(header)), name)
        return "items.changes" if name == "items.list" and "a-im" in self.headers else name

    @property
    def writes(self) -> bool:
        """Say whether the request may change a document."""
        return self.name in {
            "item.create",
            "item.upsert",
            "item.replace",
            "item.patch",
            "item.delete",
            "items.batch",
        }

    @property
    def database(self) -> str:
        """Return the name of the database, or nothing."""
        return self.parts[1] if len(self.parts) > 1 else ""

    @property
    def container(self) -> str:
        """Return the name of the container, or nothing."""
        return self.parts[3] if len(self.parts) > 3 else ""  # noqa: PLR2004 - dbs/name/colls/name

    @property
    def item(self) -> str:
        """Return the id of the document, or nothing."""
        return self.parts[5] if len(self.parts) > 5 else ""  # noqa: PLR2004 - dbs/name/colls/name/docs/id

    def says(self, header: str) -> bool:
        """Say whether a header says true."""
        return self.headers.get(header, "").lower() == "true"

    @property
    def key(self) -> object:
        """Return the partition key that the request names, as it came: JSON, or undefined where there is none."""
        return self.headers.get("x-ms-documentdb-partitionkey", UNDEFINED)


class Answer(msgspec.Struct, frozen=True):
    """What is sent back."""

    status: HTTPStatus
    body: bytes = b""
    charge: float = 0.0
    headers: Mapping[str, str] = {}


def parts_of(raw_path: str) -> tuple[str, ...]:
    """Return the parts of an address as they were before they were encoded."""
    path = raw_path.partition("?")[0]
    return tuple(unquote(part) for part in path.split("/") if part)
