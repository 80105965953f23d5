"""What the ticker has broadcasting do: start the run of an occurrence, remind, close. All harmless to repeat."""

from broadcast.broadcaster import Broadcaster
from feedback.audit import Record, record_change
from feedback.errors import OwnerIsNoAdmin, RunUnknown, SurveyIsClosed
from feedback.people.people import Policy, Role, find_person
from feedback.runs.runs import find_run
from feedback.runs.schedules import Occurrence, Schedule
from feedback.surveys.surveys import Survey, find_survey
from store.contract import Store


class Occurrences:
    """Carries out what schedules ask for."""

    def __init__(self, store: Store, broadcaster: Broadcaster, policy: Policy) -> None:
        self._store = store
        self._broadcaster = broadcaster
        self._policy = policy

    async def start(self, schedule: Schedule, occurrence: Occurrence) -> None:
        """Start the run of an occurrence, or carry on with it, and record it as the owner's doing.

        Raises a `Refusal` where it may not begin.
        """
        try:
            survey = (await find_run(self._store, occurrence.run)).survey
        except RunUnknown:
            survey = await self._survey(schedule)
        approved = schedule.approved_people
        run = await self._broadcaster.start(
            survey, schedule.audience, by=schedule.owner, name=occurrence.run, approved=approved
        )
        how = f"by the schedule {schedule.id}"  # no count: the same at every repeat is recorded once
        await record_change(self._store, Record(run.created_at, schedule.owner, "send", run.run, after=how))

    async def remind(self, run: str, number: int) -> None:
        """Ask those again who have not answered."""
        await self._broadcaster.remind(await find_run(self._store, run), number)

    async def close(self, run: str) -> None:
        """Close a run with its cards."""
        await self._broadcaster.close(await find_run(self._store, run))

    async def _survey(self, schedule: Schedule) -> Survey:
        """Return the survey as it is now, unless it may not be sent any more."""
        owner = await find_person(self._store, schedule.owner)
        if owner is None or not self._policy.role_of(owner).includes(Role.ADMIN):
            raise OwnerIsNoAdmin(schedule=schedule.id)
        survey = await find_survey(self._store, schedule.survey)
        if survey.is_closed:
            raise SurveyIsClosed(survey=survey.id)
        return survey
