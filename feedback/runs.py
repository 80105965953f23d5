"""Runs: one survey sent to one audience once; and their deliveries, one for each person."""

from datetime import datetime
from enum import StrEnum

import msgspec

from feedback.questions import Answers
from feedback.surveys import Survey


class DeliveryState(StrEnum):
    """Where one person's delivery stands."""

    EXCLUDED = "excluded"  # the reason says why
    PLANNED = "planned"
    SENDING = "sending"  # recorded before the first byte leaves
    SENT = "sent"
    ANSWERED = "answered"
    FAILED = "failed"  # the reason says why
    UNCONFIRMED = "unconfirmed"  # it may or may not have arrived
    CANCELLED = "cancelled"
    RECALLED = "recalled"


class RunState(StrEnum):
    """Where a run stands."""

    PLANNING = "planning"  # deliveries are being written
    SENDING = "sending"
    SENT = "sent"  # every delivery has a final state; answers are welcome
    CLOSED = "closed"  # answers are refused


class Run(msgspec.Struct, frozen=True, omit_defaults=True):
    """One survey, frozen as it was when sent, to one audience."""

    run: str
    survey: Survey
    audience: str
    state: RunState
    created_at: datetime
    created_by: str  # person id
    people: int = 0  # deliveries written, once planning is done


class Delivery(msgspec.Struct, frozen=True, omit_defaults=True):
    """One person in one run, and their answers."""

    run: str
    id: str  # person id
    state: DeliveryState
    slice: int
    reason: str = ""
    activity_id: str = ""
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    answers: Answers = {}
    revision: int = 0  # how many times the answers have been written


class Progress(msgspec.Struct, frozen=True):
    """How many deliveries of a run are in each state, and the reasons with their counts."""

    run: Run
    by_state: dict[DeliveryState, int]
    by_reason: dict[str, int]  # "failed: …" -> count

    @property
    def people(self) -> int:
        """The audience: the sum over all states."""
        return sum(self.by_state.values())
