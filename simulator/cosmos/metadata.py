"""Requests about the account, its databases, its containers and their ranges. From a `Call` to an `Answer`."""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus

import msgspec

from simulator.cosmos import indexing
from simulator.cosmos.calls import Answer, Call
from simulator.cosmos.documents import decoded
from simulator.cosmos.items import check_id
from simulator.cosmos.refusals import Refusal, bad, undone
from simulator.cosmos.resources import Container, Database, Holdings, Range
from simulator.payload import Json, listing, mapping, text

_CHARGE = 2.0
_KEPT = ("id", "partitionKey", "indexingPolicy", "defaultTtl")
_HARMLESS: Mapping[str, Json] = {  # what clients send without meaning anything by it
    "uniqueKeyPolicy": {"uniqueKeys": []},
    "conflictResolutionPolicy": {
        "mode": "LastWriterWins",
        "conflictResolutionPath": "/_ts",
        "conflictResolutionProcedure": "",
    },
    "geospatialConfig": {"type": "Geography"},
}
_ENCODE = msgspec.json.Encoder().encode


class Metadata:
    """Answers requests about everything but documents. `url` is where the account says that it can be reached."""

    def __init__(self, holdings: Holdings, now: Callable[[], float], url: Callable[[], str]) -> None:
        self._holdings = holdings
        self._now = now
        self._url = url
        self._answers: dict[str, Callable[[Call], Answer]] = {
            "account.read": self._account,
            "databases.list": self._databases,
            "database.create": self._create_database,
            "database.read": lambda call: self._one(self._shown_database(holdings.database(call.database))),
            "database.delete": self._delete_database,
            "containers.list": self._containers,
            "container.create": self._create_container,
            "container.read": self._read_container,
            "container.replace": self._replace_container,
            "container.delete": self._delete_container,
            "ranges.list": self._ranges,
        }

    def answer(self, call: Call) -> Answer:
        """Do what is asked. Raises `Refusal`, 501 for what nobody here knows."""
        if call.name not in self._answers:
            raise undone(f"{call.verb} of {call.kind or 'the account'}")
        return self._answers[call.name](call)

    def _account(self, _: Call) -> Answer:
        here = [{"name": "Stand-in", "databaseAccountEndpoint": self._url()}]
        return Answer(
            HTTPStatus.OK,
            _ENCODE(
                {
                    "id": "stand-in",
                    "_rid": "stand-in.documents.azure.com",
                    "_self": "",
                    "_dbs": "//dbs/",
                    "media": "//media/",
                    "addresses": "//addresses/",
                    "writableLocations": here,
                    "readableLocations": here,
                    "enableMultipleWriteLocations": False,
                    "userConsistencyPolicy": {"defaultConsistencyLevel": "Session"},
                    "userReplicationPolicy": {
                        "asyncReplication": False,
                        "minReplicaSetSize": 3,
                        "maxReplicasetSize": 4,
                    },
                    "systemReplicationPolicy": {"minReplicaSetSize": 3, "maxReplicasetSize": 4},
                    "readPolicy": {"primaryReadCoefficient": 1, "secondaryReadCoefficient": 1},
                    "queryEngineConfiguration": "{}",
                }
            ),
        )

    def _one(self, shown: Json, status: HTTPStatus = HTTPStatus.OK) -> Answer:
        return Answer(status, _ENCODE(shown), _CHARGE, {"etag": text(shown, "_etag")})

    def _list(self, name: str, rid: str, shown: Iterable[Json]) -> Answer:
        found = list(shown)
        body = {"_rid": rid, name: found, "_count": len(found)}
        return Answer(HTTPStatus.OK, _ENCODE(body), _CHARGE, {"x-ms-item-count": str(len(found))})

    def _databases(self, _: Call) -> Answer:
        return self._list("Databases", "", map(self._shown_database, self._holdings.databases.values()))

    def _create_database(self, call: Call) -> Answer:
        settings = mapping(decoded(call.body))
        check_id(settings.get("id"))
        if settings["id"] in self._holdings.databases:
            raise Refusal(HTTPStatus.CONFLICT, "Resource with specified id or name already exists.")
        made = Database(self._holdings.next_number(), self._stamped({"id": settings["id"]}))
        self._holdings.databases[made.id] = made
        return self._one(self._shown_database(made), HTTPStatus.CREATED)

    def _delete_database(self, call: Call) -> Answer:
        self._holdings.databases.pop(self._holdings.database(call.database).id)
        return Answer(HTTPStatus.NO_CONTENT, b"", _CHARGE)

    def _containers(self, call: Call) -> Answer:
        database = self._holdings.database(call.database)
        return self._list("DocumentCollections", database.rid, map(_shown_container, database.containers.values()))

    def _create_container(self, call: Call) -> Answer:
        database = self._holdings.database(call.database)
        settings = container_settings(mapping(decoded(call.body)))
        if settings["id"] in database.containers:
            raise Refusal(HTTPStatus.CONFLICT, "Resource with specified id or name already exists.")
        made = Container(database, self._holdings.next_number(), self._stamped(settings), self._holdings.ranges)
        database.containers[made.id] = made
        return self._one(_shown_container(made), HTTPStatus.CREATED)

    def _read_container(self, call: Call) -> Answer:
        return self._one(_shown_container(self._holdings.container(call.database, call.container)))

    def _replace_container(self, call: Call) -> Answer:
        container = self._holdings.container(call.database, call.container)
        settings = container_settings(mapping(decoded(call.body)))
        if settings["id"] != container.id or settings["partitionKey"] != container.settings["partitionKey"]:
            raise bad("The id and the partition key of a container cannot be changed.")
        container.settings = self._stamped(settings)
        container.index = indexing.Index(mapping(settings["indexingPolicy"]))
        return self._one(_shown_container(container))

    def _delete_container(self, call: Call) -> Answer:
        container = self._holdings.container(call.database, call.container)
        container.database.containers.pop(container.id)
        return Answer(HTTPStatus.NO_CONTENT, b"", _CHARGE)

    def _ranges(self, call: Call) -> Answer:
        container = self._holdings.container(call.database, call.container)
        etag = f'"{container.rid}-{len(container.ranges)}"'
        if call.headers.get("if-none-match") == etag:
            return Answer(HTTPStatus.NOT_MODIFIED, b"", 0.0, {"etag": etag})
        share = 1 / len(container.ranges)
        body = {
            "_rid": container.rid,
            "PartitionKeyRanges": [_shown_range(one, container, share) for one in container.ranges],
            "_count": len(container.ranges),
        }
        return Answer(HTTPStatus.OK, _ENCODE(body), 0.0, {"etag": etag})

    def _shown_database(self, database: Database) -> Json:
        self_link = f"dbs/{database.rid}/"
        return {**database.settings, "_rid": database.rid, "_self": self_link, "_colls": "colls/", "_users": "users/"}

    def _stamped(self, settings: Json) -> Json:
        return {**settings, "_etag": self._holdings.next_etag(), "_ts": int(self._now())}


def container_settings(asked: Json) -> Json:
    """Return the settings of a container with the defaults filled in. Raises `Refusal`."""
    check_id(asked.get("id"))
    for name, value in asked.items():
        if name not in _KEPT and not name.startswith("_") and value and value != _HARMLESS.get(name):
            raise undone(f"the container setting {name!r}")
    key = mapping(asked.get("partitionKey"))
    paths = listing(key.get("paths"))
    if len(paths) != 1 or key.get("kind", "Hash") != "Hash" or key.get("version", 2) != 2:  # noqa: PLR2004 - of hashing
        raise undone("partition keys other than one path, hashed by version 2")
    ttl = asked.get("defaultTtl")
    if ttl is not None and (not isinstance(ttl, int) or (ttl < 1 and ttl != -1)):
        raise bad("The time to live has to be -1 or a positive whole number.")
    policy = mapping(asked.get("indexingPolicy")) or indexing.DEFAULT
    settings: Json = {
        "id": asked["id"],
        "indexingPolicy": {**indexing.DEFAULT, **policy},
        "partitionKey": {"paths": paths, "kind": "Hash", "version": 2},
    }
    return settings if ttl is None else {**settings, "defaultTtl": ttl}


def _shown_container(container: Container) -> Json:
    return {
        **container.settings,
        **_HARMLESS,
        "_rid": container.rid,
        "_self": f"dbs/{container.database.rid}/colls/{container.rid}/",
        "_docs": "docs/",
        "_sprocs": "sprocs/",
        "_triggers": "triggers/",
        "_udfs": "udfs/",
        "_conflicts": "conflicts/",
    }


def _shown_range(one: Range, container: Container, share: float) -> Json:
    return {
        "id": one.id,
        "_rid": container.rid,
        "_self": f"dbs/{container.database.rid}/colls/{container.rid}/pkranges/{one.id}/",
        "_etag": f'"{one.id}"',
        "minInclusive": one.low,
        "maxExclusive": one.high,
        "ridPrefix": int(one.id),
        "throughputFraction": share,
        "status": "online",
        "parents": [],
    }
