"""Everything a person can be told "no" about. The class docstring is the sentence they read.

Messages speak to the person in the chat: what is wrong and what to do. They may contain names the person
typed, never somebody else's data.
"""

import inspect
from collections.abc import Mapping

import msgspec

from feedback.language import say


class Refusal(Exception):
    """That did not work."""

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.worded(facts))

    @classmethod
    def worded(cls, facts: Mapping[str, object]) -> str:
        """Return the sentence with these facts in it, in the language spoken, where translators have seen it."""
        sentence = inspect.cleandoc(cls.__doc__ or "").replace("\n", " ")
        return say(sentence, **facts)


class NotAllowed(Refusal):
    """“{command}” is for {role}s. To tell us something, type **feedback** and your words. **help** shows the rest."""


class SurveyUnknown(Refusal):
    """There is no survey called “{survey}”. Type **survey list** to see all."""


class SurveyMovedOn(Refusal):
    """There is a survey “{survey}” already, in version {version}, so nothing was saved over it."""

    @property
    def version(self) -> int:
        """The version that is there."""
        return int(str(self.facts["version"]))


class SketchThere(Refusal):
    """You are writing another survey, {title}. **survey new** goes on with it; save it or throw it away first."""


class SketchElsewhere(Refusal):
    """We are in the middle of something else here. Finish it, or type **cancel**; then **survey new** goes on."""


class SketchGone(Refusal):
    """This survey was saved or thrown away, so there is nothing to change here. **survey new** begins another one."""


class TemplateUnknown(Refusal):
    """There is no template called {name}. Type **survey templates** to see all."""


class VersionUnknown(Refusal):
    """Version {version} of “{survey}” is not kept: only the newest is, and those that were sent."""


class SurveyIsClosed(Refusal):
    """The survey “{survey}” is closed and cannot be sent. Import it again to reopen it."""


class RunUnknown(Refusal):
    """There is no run called “{run}”. Type **status** to see the latest runs."""


class AudienceUnknown(Refusal):
    """I don't know the audience “{audience}”. Use one of: {known}."""


class AudienceEmpty(Refusal):
    """Nobody is in the audience “{audience}” yet. People come in by writing to me once, or by **panel import**."""


class RunIsClosed(Refusal):
    """This survey is closed, so your answer was not saved. Thank you for wanting to help."""


class RunIsRecalled(Refusal):
    """This survey was withdrawn, so your answer was not saved. There is nothing for you to do."""


class RunIsOver(Refusal):
    """The run “{run}” is {state}, so that cannot be done now. **status {run}** shows what can."""


class NotYourSurvey(Refusal):
    """This survey was not sent to you, so your answer was not saved."""


class NothingToAnswer(Refusal):
    """No survey waits for your answer here. To tell us something, type **feedback** and your words."""


class NothingToSay(Refusal):
    """Please write it like this: **{usage}**."""


class LanguageUnknown(Refusal):
    """I don't know the language “{language}”. Choose one of: {known}; or **language auto** for that of your Teams."""


class Problem(msgspec.Struct, frozen=True):
    """One answer that cannot be kept: which question, and a sentence for the person. Never the answer."""

    question: str  # question id
    sentence: str


class AnswersRefused(Refusal):
    """Nothing was saved yet. Please look at this again.

    {sentences}
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__(sentences="".join(f"\n- {one.sentence}" for one in problems))


class FileProblem(msgspec.Struct, frozen=True):
    """One mistake in a survey file: where (lines from 1; the field may be empty) and what to do about it."""

    line: int
    field: str  # "questions[2].kind": the second question's kind
    message: str

    def __str__(self) -> str:
        place = f"Line {self.line}, {self.field}" if self.field else f"Line {self.line}"
        return f"{place}: {self.message}"


class SurveyFileRefused(Refusal):
    """The survey was not imported. Please correct this and send it again.

    {list}
    """

    most = 50  # problems spelt out in one message

    def __init__(self, problems: tuple[FileProblem, ...]) -> None:
        self.problems = problems
        rest = len(problems) - self.most
        more = f"\n- … and {rest} more." if rest > 0 else ""
        super().__init__(list="".join(f"\n- {one}" for one in problems[: self.most]) + more)


def quote(text: str, limit: int = 60) -> str:
    """Return a text in quotation marks, on one line and cut to `limit` characters, for use in a sentence."""
    line = " ".join(text[: 4 * limit].split())
    return f"“{line}”" if len(line) <= limit else f"“{line[: limit - 1].rstrip()}…”"


class AudienceUnclear(AudienceUnknown):
    """I don't understand this audience at character {position}, {found}. I expected {expected}."""


class AttributeUnknown(AudienceUnknown):
    """Nobody has the attribute {attribute}. Attributes come with the file of a panel."""


class PanelUnknown(AudienceUnknown):
    """There is no panel called {panel}. Type **panel list** to see all."""


class ListUnknown(AudienceUnknown):
    """There is no list called {list}. Attach its file to **send**, and write **attached csv** in its place."""


class FileNotNamed(Refusal):
    """A file is attached, but the audience does not name it, so nothing was sent. Write **to attached csv**."""


class OneFileOnly(Refusal):
    """There are {files} files attached, and an audience has one at most. Put the people together in one file."""


class PanelNameRefused(Refusal):
    """“{name}” cannot be the name of a panel. Begin with a letter; then letters, digits, - and _, up to 40."""


class PeopleFileRefused(SurveyFileRefused):
    """Nobody was imported. Please correct this and send the file again.

    {list}
    """


class AudienceFileRefused(PeopleFileRefused):
    """Nothing was sent. Please correct this and send it again; or add **skip wrong lines** to leave these lines out.

    {list}
    """


class ApprovalNeedsAnother(Refusal):
    """You started “{run}” yourself, so another admin has to approve it: **approve {run}**."""


class ApprovalNotAsked(Refusal):
    """The run “{run}” does not wait for an approval. Type **status {run}** to see where it stands."""


class ApprovalTooLate(Refusal):
    """The approval of “{run}” came too late: it was asked for until {until}. Please send the survey anew."""


class ApprovalOutgrown(Refusal):
    """“{run}” would reach {people} people by now, and was proposed for {before}. If that is right, approve it again."""


class ApprovalMissing(Refusal):
    """“{audience}” is more people than one admin may write to. Another admin can allow it: **approve {schedule}**."""


class SurveyHasChanged(Refusal):
    """“{survey}” was changed after “{run}” was proposed, so it is not sent. Please send the survey anew."""


class ZoneUnknown(Refusal):
    """I don't know the time zone {zone}. Use a name such as **Europe/Berlin** or **America/New_York**."""


class TimeUnclear(Refusal):
    """I can't read {time} as a time, so nothing was planned. Write it like {forms}."""


class TimePast(Refusal):
    """{time} has passed: it is {now}. Give a time to come, such as **tomorrow 9:00** or **in 2 hours**."""


class TimeTooFar(Refusal):
    """{time} is more than a year ahead. Give a time within a year, such as **tomorrow 9:00** or **{date} 09:30**."""


class RuleUnclear(Refusal):
    """I can't read {rule} as how often, so nothing was planned. Write it like {forms}."""


class FollowUpUnclear(Refusal):
    """I can't read {text}, so nothing was planned. After a comma you can write {forms}."""


class ReminderTooLate(Refusal):
    """The survey closes before the last reminder, so nothing was planned. Remind earlier or less, or close later."""


class CloseTooEarly(Refusal):
    """People need at least a day to answer, so nothing was planned. Close later, such as **close after 7 days**."""


class ScheduleUnknown(Refusal):
    """There is no schedule called {schedule}. Type **schedule list** to see all."""


class ScheduleIsOver(Refusal):
    """The schedule “{schedule}” is over: nothing more will start. Make a new one with **schedule**."""


class OwnerIsNoAdmin(Refusal):
    """Whoever planned “{schedule}” is no longer an admin, so nothing was sent. An admin can plan it anew."""
