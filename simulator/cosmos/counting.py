"""How many requests came, what they cost, and how they ended; by what was asked."""

from collections import Counter, defaultdict

import msgspec


class Tally(msgspec.Struct, frozen=True):
    """Requests of one kind: how many, their request units, and how many ended with which status."""

    requests: int
    charge: float
    statuses: dict[int, int]


class Totals(msgspec.Struct, frozen=True):
    """Everything since the start or the last reset. `faults` counts the requests that ran into an injected one."""

    requests: int
    charge: float
    faults: int
    by_name: dict[str, Tally]

    def of(self, *names: str) -> Tally:
        """Return the requests of these kinds together: `of("item.patch", "items.batch")`."""
        found = [self.by_name[name] for name in names if name in self.by_name]
        statuses: Counter[int] = Counter()
        for one in found:
            statuses.update(one.statuses)
        return Tally(sum(one.requests for one in found), sum(one.charge for one in found), dict(statuses))


class Meter:
    """Counts while it goes."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start again from nought."""
        self._charges: defaultdict[str, float] = defaultdict(float)
        self._statuses: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._faults = 0

    def add(self, name: str, status: int, charge: float) -> None:
        """Count a request that was answered."""
        self._charges[name] += charge
        self._statuses[name][status] += 1

    def add_fault(self) -> None:
        """Count a request that ran into an injected fault."""
        self._faults += 1

    def totals(self) -> Totals:
        """Return the counts as they are now."""
        by_name = {
            name: Tally(statuses.total(), round(self._charges[name], 2), dict(statuses))
            for name, statuses in self._statuses.items()
        }
        return Totals(
            sum(one.requests for one in by_name.values()),
            round(sum(one.charge for one in by_name.values()), 2),
            self._faults,
            by_name,
        )
