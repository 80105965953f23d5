"""Everything a person can be told "no" about. The class docstring is the sentence they read.

Messages speak to the person in the chat: what is wrong and what to do. They may contain names the person
typed, never somebody else's data.
"""

import inspect


class Refusal(Exception):
    """That did not work."""

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(inspect.cleandoc(self.__doc__ or "").replace("\n", " ").format(**facts))


class NotAllowed(Refusal):
    """“{command}” is for {role}s. Type **help** to see what you can do here."""


class NotYetKnown(Refusal):
    """I have not met you in a personal chat yet. Write me **help** there first."""


class SurveyUnknown(Refusal):
    """There is no survey called “{survey}”. Type **survey list** to see all."""


class SurveyIsClosed(Refusal):
    """The survey “{survey}” is closed and cannot be sent. Import it again to reopen it."""


class RunUnknown(Refusal):
    """There is no run called “{run}”. Type **status** to see the latest runs."""


class AudienceUnknown(Refusal):
    """I don't know the audience “{audience}”. Use one of: {known}."""


class AudienceEmpty(Refusal):
    """Nobody is in the audience “{audience}” yet, so nothing was sent. People join it by writing to me once."""


class RunIsClosed(Refusal):
    """This survey is closed, so your answer was not saved. Thank you for wanting to help."""


class NotYourSurvey(Refusal):
    """This survey was not sent to you, so your answer was not saved."""


class NothingToSay(Refusal):
    """{command} needs some text: **{usage}**."""


class TooLong(Refusal):
    """That is {length} characters long; up to {limit} can be kept. Please shorten it — nothing was saved."""
