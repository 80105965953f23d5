"""Where a run stands at one moment: what an admin is shown while it goes out."""

from datetime import datetime

import msgspec

from feedback.runs import DeliveryState, Progress, Run, RunState

MOVES_BY_ITSELF = frozenset({RunState.PROPOSED, RunState.PLANNING, RunState.SENDING, RunState.HELD})
_WAITING = (DeliveryState.PLANNED, DeliveryState.SENDING)


class SetAside(msgspec.Struct, frozen=True):
    """A piece of a run that nobody works on any more, and why."""

    number: int
    reason: str


class Standing(msgspec.Struct, frozen=True):
    """The counts of a run, how fast it goes, and when it will be done at that."""

    progress: Progress
    per_second: float = 0.0  # people written to each second of late
    finishes_at: datetime | None = None  # at that; without those who are asleep
    asleep: int = 0  # of those who wait: for the end of their quiet hours
    last_wakes_at: datetime | None = None  # when the last of them may be written to
    waits_until: datetime | None = None  # all who wait are asleep: nobody is written to before
    given_up: int = 0  # nothing was delivered to them, and it may go better another time
    aside: tuple[SetAside, ...] = ()
    is_recalling: bool = False  # cards are still to be taken back

    @property
    def run(self) -> Run:
        """The run."""
        return self.progress.run

    @property
    def waiting(self) -> int:
        """How many have not been dealt with."""
        return sum(self.progress.by_state.get(state, 0) for state in _WAITING)

    @property
    def may_go_again(self) -> int:
        """To how many it may be sent again: in doubt, or given up."""
        return self.progress.by_state.get(DeliveryState.UNCONFIRMED, 0) + self.given_up

    @property
    def is_over(self) -> bool:
        """Whether nothing more changes but by people: answers, or an admin."""
        return self.run.state not in MOVES_BY_ITSELF and not self.waiting and not self.is_recalling
