"""Where a run stands at one moment: what an admin is shown while it goes out."""

from datetime import datetime
from enum import StrEnum

import msgspec

from feedback.runs.progress import Progress
from feedback.runs.runs import DeliveryState, Run, RunState
from feedback.runs.wave_words import Waves, margin_words
from feedback.surveys.questions import Question
from feedback.waves import ALL_ASKED, ENOUGH, SURE, UNITS

MOVES_BY_ITSELF = frozenset({RunState.PROPOSED, RunState.PLANNING, RunState.SENDING, RunState.HELD})
_WAITING = (DeliveryState.PLANNED, DeliveryState.SENDING)


class SetAside(msgspec.Struct, frozen=True):
    """A piece of a run that nobody works on any more, and why."""

    number: int
    reason: str


class Asking(StrEnum):
    """Whether more people of a segment are asked."""

    GOES_ON = "asking"
    SURE = "sure"  # its figure is sure enough
    ALL_ASKED = "all asked"
    STOPPED = "stopped"  # with the run


_ENDED = {Asking.SURE: SURE, Asking.ALL_ASKED: ALL_ASKED, Asking.STOPPED: "stopped"}


class SegmentStanding(msgspec.Struct, frozen=True):
    """How far asking a segment has come. `answered` gave answers, `n` of them to the question that decides."""

    name: str
    people: int
    asked: int  # or being asked
    answered: int
    n: int
    margin: float | None
    left: int  # waves that have left, or leave
    waves: int  # in which all of it would be asked
    asking: Asking = Asking.GOES_ON
    why_ended: str = ""

    @property
    def is_sure(self) -> bool:
        """Whether nobody else of it is asked, because its figure is sure enough."""
        return self.asking is Asking.SURE

    @property
    def ended(self) -> str:
        """Why nobody else of it is asked, in a word or two; empty while somebody is."""
        return _ENDED.get(self.asking, "")

    @property
    def shown_margin(self) -> str:
        """The margin as it is read; empty where there is none yet."""
        return "" if self.margin is None else margin_words(round(self.margin, 2))


class WavesStanding(msgspec.Struct, frozen=True):
    """The waves of a run, and when the last one's time is over; None while one leaves and after the last."""

    asked: Waves
    question: Question
    segments: tuple[SegmentStanding, ...]
    look_at: datetime | None = None

    @property
    def wanted(self) -> str:
        """The margin that was asked for, with its unit."""
        return f"{margin_words(self.asked.margin)} {self.unit}"

    @property
    def unit(self) -> str:
        """What margins are measured in."""
        return UNITS[self.question.kind]

    @property
    def enough(self) -> int:
        """From how many answers on a margin counts."""
        return ENOUGH


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
    waves: WavesStanding | None = None  # of a run that goes out in waves
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
