"""Surveys: a versioned list of questions, kept by id. A sent survey is frozen inside its run."""

import msgspec

from feedback.questions import Question

MAX_QUESTIONS = 30


class Survey(msgspec.Struct, frozen=True, omit_defaults=True):
    """A survey as it was imported. `version` counts imports that changed it, from 1."""

    id: str
    title: str
    questions: tuple[Question, ...]
    intro: str = ""
    version: int = 1
    is_closed: bool = False

    def question(self, question_id: str) -> Question | None:
        """Return the question with this id, or None."""
        return next((one for one in self.questions if one.id == question_id), None)
