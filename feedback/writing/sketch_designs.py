"""What an author types about a survey as a whole: the designs that people compare, and whether it is anonymous.

Pure, as sketch_reading.py: words in, parts of a survey out; what cannot be read raises `NotTaken` with a sentence.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from feedback.errors import quote
from feedback.surveys.arm_files import MAX_ARMS, MAX_TEXT, MAX_THRESHOLD, MIN_ARMS, MIN_THRESHOLD, USUAL_THRESHOLD
from feedback.surveys.choice_files import is_web_address
from feedback.surveys.file_fields import clean_line
from feedback.surveys.surveys import Arm, Survey
from feedback.writing.sketch_edits import NotTaken, check
from feedback.writing.sketch_reading import NOTHING_WORDS, lines_of, picture, within

IN_THE_FILE = (
    "These designs have more to them than one line each can say. Change them in the file: “survey export”, then "
    "“survey import”."
)
_NAMES = "abcdef"


def can_be_typed(arms: Sequence[Arm]) -> bool:
    """Say whether each arm fits on a line: a text on one line, with or without a picture."""
    return all(one.text and "\n" not in one.text and "|" not in one.text for one in arms)


def typed(arms: Sequence[Arm]) -> str:
    """Return arms as their author types them, one to a line."""
    return "\n".join(" | ".join(part for part in (one.text, one.image, one.alt) if part) for one in arms)


def with_designs(survey: Survey, words: str) -> Survey:
    """Return the survey with these designs, one to a line, or with none. What is there already keeps its id."""
    if clean_line(words).lower() in NOTHING_WORDS:
        return check(replace(survey, arms=()))
    found = [_design(line) for line in lines_of(words, "design", MIN_ARMS, MAX_ARMS, is_cut=False)]
    known = {one.text: one for one in survey.arms}
    taken = {known[one.text].id for one in found if one.text in known}
    free = (name for name in _NAMES if name not in taken)
    arms = tuple(_like(known[one.text], one) if one.text in known else replace(one, id=next(free)) for one in found)
    return check(replace(survey, arms=arms))


def made_anonymous(survey: Survey, threshold: str) -> Survey:
    """Return the survey as an anonymous one, of which nothing is shown about fewer people than the threshold."""
    people = int(threshold) if threshold else survey.threshold or USUAL_THRESHOLD
    if not MIN_THRESHOLD <= people <= MAX_THRESHOLD:
        raise NotTaken(sentence=f"The threshold is a number of people from {MIN_THRESHOLD} to {MAX_THRESHOLD:,}.")
    return check(replace(survey, is_anonymous=True, threshold=people))


def made_named(survey: Survey) -> Survey:
    """Return the survey as one whose answers are kept with names."""
    return check(replace(survey, is_anonymous=False, threshold=0))


def _design(line: str) -> Arm:
    if "|" not in line:
        return Arm("", within(line, MAX_TEXT))
    pictured = picture(line)
    if not is_web_address(pictured.image):
        raise NotTaken(sentence=f"{quote(pictured.image)} is no address of a picture. It begins with https://.")
    return Arm("", within(pictured.text, MAX_TEXT), pictured.image, pictured.alt)


def _like(known: Arm, new: Arm) -> Arm:
    """Return a design under the id it had, with its translations where its picture is the same."""
    is_same = (known.image, known.alt) == (new.image, new.alt)
    return known if is_same else replace(new, id=known.id)
