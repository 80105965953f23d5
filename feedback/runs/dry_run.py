"""What a run would do, before it is one: whom it would reach, whom not and why, and when it would be done.

Writes nothing and sends nothing. Counts, never lists, so its size does not grow with the audience.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from feedback.people.people import Person, Policy
from feedback.runs.audiences import people_in
from feedback.runs.contacts import TOGETHER, ContactRules, verdicts
from store.contract import Store


class DryRun(msgspec.Struct, frozen=True):
    """The people of an audience by what would happen to them. `waiting` are reachable too, but later."""

    reachable: int
    first_contacts: int  # of them: nobody has a conversation with them yet, so it will be opened first
    excluded: Mapping[str, int]  # reason -> people
    waiting: Mapping[datetime, int]  # end of their quiet hours -> people
    finishes_at: datetime  # at the rate given; not before those who wait are written to

    @property
    def people(self) -> int:
        """The audience: everybody who is in it."""
        return self.reachable + sum(self.excluded.values())

    def seconds(self, now: datetime) -> float:
        """Return how long the run would take from a moment on."""
        return max((self.finishes_at - now).total_seconds(), 0.0)


async def dry_run(
    store: Store,
    audience: str,
    *,
    policy: Policy,
    by: str,
    now: datetime,
    rules: ContactRules,
    per_second: float,
) -> DryRun:
    """Count what a run to an audience, in its plain form, would do now. `per_second` is the budget of each tenant."""
    excluded: Counter[str] = Counter()
    turns: Counter[tuple[str, datetime]] = Counter()  # tenant and when -> requests
    waiting: Counter[datetime] = Counter()
    reachable = first_contacts = 0
    async for group in in_groups(people_in(store, audience, policy=policy, by=by)):
        for one in await verdicts(store, group, now=now, rules=rules, by=by):
            if one.reason:
                excluded[one.reason] += 1
                continue
            is_first = one.person.conversation is None
            reachable, first_contacts = reachable + 1, first_contacts + is_first
            turns[one.person.tenant, one.not_before] += 1 + is_first
            if one.not_before > now:
                waiting[one.not_before] += 1
    return DryRun(
        reachable=reachable,
        first_contacts=first_contacts,
        excluded=dict(excluded.most_common()),
        waiting=dict(sorted(waiting.items())),
        finishes_at=_finish(turns, now, per_second),
    )


async def in_groups(people: AsyncIterator[Person]) -> AsyncIterator[list[Person]]:
    """Give people as many at a time as their contacts are counted for at once."""
    group: list[Person] = []
    async for person in people:
        group.append(person)
        if len(group) == TOGETHER:
            yield group
            group = []
    if group:
        yield group


def _finish(turns: Mapping[tuple[str, datetime], int], now: datetime, per_second: float) -> datetime:
    """Return when the slowest tenant is done: each has a budget of its own, and nobody is written to early.

    Chats are opened before quiet hours end, where there is time; so a run may be done sooner than this.
    """
    tenants: dict[str, list[tuple[datetime, int]]] = {}
    for (tenant, at), requests in turns.items():
        tenants.setdefault(tenant, []).append((at, requests))
    return max((_done(sorted(one), now, per_second) for one in tenants.values()), default=now)


def _done(turns: Iterable[tuple[datetime, int]], now: datetime, per_second: float) -> datetime:
    done = now
    for at, requests in turns:
        done = max(done, at) + timedelta(seconds=requests / per_second)
    return done
