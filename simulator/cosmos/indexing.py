"""What an indexing policy says about a path: indexed or not, and which orders of several paths it serves."""

from collections.abc import Iterator, Mapping, Sequence

from simulator.cosmos.values import fingerprint
from simulator.payload import Json, listing, text

DEFAULT: Json = {
    "indexingMode": "consistent",
    "automatic": True,
    "includedPaths": [{"path": "/*"}],
    "excludedPaths": [{"path": '/"_etag"/?'}],
}
_ALWAYS = {("id",), ("_ts",)}  # indexed whatever the policy says, as long as there is an index
_ELEMENT = "[]"

Path = tuple[str, ...]


class Index:
    """The policy of one container, read once."""

    def __init__(self, policy: Mapping[str, object]) -> None:
        self._is_on = policy.get("indexingMode", "consistent") != "none"
        self._rules = [
            (_parts(text(one, "path")), included)
            for name, included in (("includedPaths", True), ("excludedPaths", False))
            for one in listing(policy.get(name))
        ]
        self._composites = [
            [(_parts(text(one, "path")), text(one, "order") == "descending") for one in listing(group)]
            for group in listing(policy.get("compositeIndexes"))
        ]
        self._known: dict[Path, bool] = {}

    def covers(self, path: Path) -> bool:
        """Say whether a query can use the index for this path."""
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = self._is_on and (path in _ALWAYS or self._ruling(path))
        return known

    def serves(self, orders: Sequence[tuple[Path, bool]]) -> bool:
        """Say whether a composite index has exactly these paths in these directions, or all of them turned."""
        turned = [(path, not descending) for path, descending in orders]
        return any(group in (list(orders), turned) for group in self._composites)

    def terms(self, doc: Mapping[str, object]) -> set[tuple[Path, bytes]]:
        """Return what of the document goes into the index, beyond the id that always does."""
        return {
            (path, fingerprint(value))
            for key, inside in doc.items()
            if key != "id" and not key.startswith("_")
            for path, value in _leaves((key,), inside)
            if self.covers(path)
        }

    def _ruling(self, path: Path) -> bool:
        fitting = [(len(rule), not included, included) for rule, included in self._rules if _fits(rule, path)]
        return max(fitting)[2] if fitting else False


def _parts(path: str) -> Path:
    return tuple(part.strip('"') for part in path.strip("/").split("/") if part)


def _fits(rule: Path, path: Path) -> bool:
    if rule and rule[-1] == "?":
        return rule[:-1] == path
    if rule and rule[-1] == "*":
        return rule[:-1] == path[: len(rule) - 1]
    return False


def _leaves(path: Path, value: object) -> Iterator[tuple[Path, object]]:
    if isinstance(value, dict):
        for key, inside in value.items():
            yield from _leaves((*path, str(key)), inside)
    elif isinstance(value, list):
        for inside in value:
            yield from _leaves((*path, _ELEMENT), inside)
    else:
        yield path, value
