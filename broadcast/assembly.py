"""Puts together what brings runs to everyone. What is outside of this room comes in as arguments, time too."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from broadcast.at_work import Part
from broadcast.broadcaster import Approvals, Broadcaster
from broadcast.budget_share import BudgetShare
from broadcast.closing import Closing, RenderClosed
from broadcast.editor import Editor
from broadcast.limiter import Limiter
from broadcast.messenger import Doorbell, Messenger
from broadcast.occurrences import Occurrences
from broadcast.opening import Addresses, FirstContact, Opener, Opening
from broadcast.outage import Breaker
from broadcast.probing import Probing
from broadcast.queue import Queue
from broadcast.recalling import Recalling, RenderWithdrawn
from broadcast.reminding import Reminding
from broadcast.reminding import Render as RenderForOne
from broadcast.rendering import OncePerRun
from broadcast.schedule import Ticker
from broadcast.sealer import Sealer
from broadcast.sender import Message, Sender
from broadcast.slices import CLOSE, OPEN_CHATS, RECALL, REMIND
from broadcast.snoozing import Snoozing
from broadcast.telling import RenderCome, Teller
from broadcast.watch import RenderStanding, Watcher
from broadcast.waves import WaveMaster
from broadcast.worker import Job, Worker
from feedback.people.people import Person, Policy, Role
from feedback.results.results import CatchesUp
from feedback.runs.contacts import ContactRules
from feedback.runs.runs import Run
from store.contract import Store

BUDGET = "budget"  # the share of it
PATIENCE_S = 2.0  # for a plan; what takes longer is finished beside the turn, which has to answer in time


class Channel(Messenger, Doorbell, Protocol):
    """Where people are: it writes to them and opens chats with them."""


@dataclass(frozen=True, slots=True)
class Messages:
    """What people are sent, by its occasion. Each is made when it is needed."""

    survey: Callable[[Run, str], Message]  # of those who see an arm, in the language spoken
    reminder: RenderForOne
    again: RenderForOne
    moved: RenderForOne
    closed: RenderClosed
    withdrawn: RenderWithdrawn
    status: RenderStanding
    come: RenderCome


@dataclass(frozen=True, slots=True)
class Terms:
    """What the operator has settled. `per_tenant` is in requests a second, and all instances share it.

    `service_url` is where chats are opened in a tenant from which nobody wrote yet; `is_allowed` says whether such an
    address may be called.
    """

    instance: str
    per_tenant: float
    rules: ContactRules
    approvals: Approvals
    service_url: str
    is_allowed: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Timing:
    """Time and chance: the time of day, seconds of a clock that only goes forward, pauses in seconds, and jitter."""

    now: Callable[[], datetime]
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    chance: random.Random


@dataclass(frozen=True, slots=True)
class Broadcast:
    """What brings runs to everyone."""

    broadcaster: Broadcaster
    worker: Worker
    ticker: Ticker
    watcher: Watcher
    sealer: Sealer
    teller: Teller
    share: BudgetShare
    limiter: Limiter

    @property
    def steady(self) -> dict[str, Part]:
        """What has to be kept at work, by name. `BUDGET` ends last."""
        return {
            "worker": self.worker,
            "planning": self.broadcaster.planning,
            "ticker": self.ticker,
            "watcher": self.watcher,
            "sealer": self.sealer,
            "teller": self.teller,
            BUDGET: self.share,
        }


@dataclass(frozen=True, slots=True)
class _Reach:
    """The ways to people, all within the budget."""

    sender: Sender
    editor: Editor
    opener: Opener


def put_together(
    store: Store,
    queue: Queue,
    channel: Channel,
    policy: Policy,
    tallier: CatchesUp,
    terms: Terms,
    messages: Messages,
    timing: Timing,
) -> Broadcast:
    """Return what brings runs to everyone. Nothing of it is at work yet."""
    now, rules = timing.now, terms.rules
    per_second = int(terms.per_tenant)
    share = BudgetShare(store, terms.instance, per_second=per_second, clock=timing.clock, sleep=timing.sleep)
    limiter = Limiter(terms.per_tenant, clock=timing.clock, sleep=timing.sleep, share=share.units)
    reach = _reach(store, channel, limiter, terms, timing)
    first_contact = FirstContact(reach.sender, reach.opener, now=now)
    jobs = _jobs(store, reach, rules, messages, now)
    render = OncePerRun(messages.survey)
    breaker = Breaker(store, first_contact, now=now, sleep=timing.sleep)
    worker = Worker(store, queue, breaker, render=render, now=now, jobs=jobs, quiet=rules.quiet)
    sealer = Sealer(store)
    wake = _waking(worker, sealer)
    broadcaster = Broadcaster(store, queue, policy, rules, terms.approvals, now=now, wake=wake, patience_s=PATIENCE_S)
    snoozing = Snoozing(
        store,
        reach.sender,
        reach.editor,
        rules.quiet,
        render=messages.again,
        render_moved=messages.moved,
        now=now,
    )
    probing = Probing(
        store,
        first_contact,
        broadcaster.go_on,
        render=render,
        quiet=rules.quiet,
        lease_s=queue.lease_s,
        now=now,
    )
    waves = WaveMaster(store, queue, tallier, rules, now=now, wake=worker.wake)
    occurrences = Occurrences(store, broadcaster, policy)
    ticker = Ticker(
        store,
        occurrences.start,
        occurrences.remind,
        occurrences.close,
        now,
        also=[snoozing.tick, probing.tick, waves.tick],
    )

    stand, shown = broadcaster.standing, messages.status
    may_watch, may_read = _have(policy, Role.ADMIN), _have(policy, Role.ENGINEER)
    watcher = Watcher(store, reach.editor, stand=stand, render=shown, may_watch=may_watch, now=now)
    teller = Teller(store, reach.sender, tallier, render=messages.come, may_read=may_read, now=now)
    return Broadcast(broadcaster, worker, ticker, watcher, sealer, teller, share, limiter)


def _have(policy: Policy, role: Role) -> Callable[[Person], bool]:
    """Return what says whether somebody has a role, or one above it."""
    return lambda person: policy.role_of(person).includes(role)


def _waking(*parts: Worker | Sealer) -> Callable[[], None]:
    """Return what tells parts that there is something to do."""

    def wake() -> None:
        for part in parts:
            part.wake()

    return wake


def _reach(store: Store, channel: Channel, limiter: Limiter, terms: Terms, timing: Timing) -> _Reach:
    sleep, chance = timing.sleep, timing.chance
    addresses = Addresses(store, default=terms.service_url, is_allowed=terms.is_allowed, clock=timing.clock)
    return _Reach(
        sender=Sender(channel, limiter, now=timing.now, sleep=sleep, chance=chance),
        editor=Editor(store, channel, limiter, sleep=sleep, chance=chance),
        opener=Opener(store, channel, limiter, addresses, sleep=sleep, chance=chance),
    )


def _jobs(
    store: Store, reach: _Reach, rules: ContactRules, messages: Messages, now: Callable[[], datetime]
) -> dict[str, Job]:
    """Return what else there is to do with a slice than to send it."""
    reminding = Reminding(
        store,
        reach.sender,
        reach.editor,
        render=messages.reminder,
        render_moved=messages.moved,
        rules=rules,
        now=now,
    )
    return {
        CLOSE: Closing(store, reach.editor, render=messages.closed).work,
        REMIND: reminding.work,
        RECALL: Recalling(store, reach.editor, render=messages.withdrawn).work,
        OPEN_CHATS: Opening(store, reach.opener, now=now).work,
    }
