"""Hearback's containers as data: the engines, the deployment and the stand-in read the same table."""

from collections.abc import Callable, Mapping

import msgspec

Doc = dict[str, object]


class Container(msgspec.Struct, frozen=True):
    """One container: its partition field, the fields that queries may use, and its schema history.

    `fields` are indexed; everything else is left out of the index. `across` are those of them that few documents have
    and that are asked for over all partitions. `orders` are those that long lists are ordered by: Cosmos DB keeps an
    index for each, others are ordered by reading. `upgrades[n]` turns a document of version n into one of version
    n + 1. `expires` says that documents may carry `ttl`, in seconds. `shared` are ids of documents that many ask for at
    once and few write: `get` may give them as they were two seconds ago, where another process has written since.
    `local` are ids of documents that mean something in this very store only: a copy leaves them behind.
    `wipes` says that what is deleted shall leave an engine's own files at once, as far as the engine can see to that.
    """

    name: str
    partition: str
    fields: tuple[str, ...] = ()
    across: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    expires: bool = False
    shared: tuple[str, ...] = ()
    local: tuple[str, ...] = ()
    wipes: bool = False
    version: int = 1
    upgrades: Mapping[int, Callable[[Doc], Doc]] = {}

    def upgrade(self, doc: Doc) -> Doc:
        """Return the document at today's version. Raises `ValueError` for one from the future."""
        found = doc.pop("v", 1)
        if not isinstance(found, int) or found > self.version:
            msg = f"a document of {self.name} has version {found}, this Hearback reads up to {self.version}"
            raise ValueError(msg)
        for version in range(found, self.version):
            doc = self.upgrades[version](doc)
        return doc


CONTAINERS: dict[str, Container] = {
    one.name: one
    for one in (
        Container("people", "id", fields=("tenant", "given_role")),
        Container("surveys", "id", fields=("kind",)),
        Container(
            "runs",
            "run",
            fields=("kind", "state", "reason", "sent_at", "slice", "created_at", "created_by", "survey_id"),
            across=("created_at", "created_by", "survey_id"),
            orders=("created_at",),
            shared=("run",),
            wipes=True,
        ),
        Container("ledger", "book", fields=("kind", "at", "author"), orders=("at",)),
        Container("state", "id", fields=("kind", "due_at"), orders=("due_at",), expires=True, local=("tallies",)),
        Container("audit", "day", fields=("at",)),
    )
}
