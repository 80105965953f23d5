"""What a survey file says about the survey as a whole: whether it is anonymous, and the arms of a concept test."""

from collections.abc import Sequence

from msgspec.structs import replace

from feedback.errors import quote
from feedback.surveys.choice_files import is_web_address
from feedback.surveys.file_fields import Entry
from feedback.surveys.locale_files import arm_words, words_fields
from feedback.surveys.located import Node
from feedback.surveys.questions import CHOICE_ID_FORM
from feedback.surveys.surveys import Arm

MIN_THRESHOLD, MAX_THRESHOLD, USUAL_THRESHOLD = 3, 1000, 5  # people
MIN_ARMS, MAX_ARMS = 2, 6
MAX_TEXT = 1_000  # characters of an arm
MAX_ADDRESS = 500
MAX_ALT = 120
MAX_ID = 40

_ARM_FIELDS = ("id", "text", "image", "alt", "locales")


def read_threshold(entry: Entry) -> int:
    """Return an anonymous survey's threshold in people; 0 for one that is not anonymous."""
    is_anonymous = entry.truth("anonymous")
    given = entry.text("threshold", MAX_ID)
    if given and not is_anonymous:
        entry.blame("threshold", "a threshold belongs to an anonymous survey. Add “anonymous: true”, or leave it out.")
        return 0
    if not given:
        return USUAL_THRESHOLD if is_anonymous else 0
    found = int(given) if given.isascii() and given.isdecimal() else 0
    if not MIN_THRESHOLD <= found <= MAX_THRESHOLD:
        wish = f"write a whole number of people from {MIN_THRESHOLD} to {MAX_THRESHOLD} here"
        entry.blame("threshold", f"{wish}, found {quote(given)}.")
        return USUAL_THRESHOLD
    return found


def read_arms(entry: Entry) -> tuple[Arm, ...]:
    """Return the arms of a concept test; none where the survey is no such test."""
    nodes = entry.items("arms")
    if not nodes and not (entry.has("arms") and not entry.is_excused("arms")):
        return ()
    if len(nodes) < MIN_ARMS:
        entry.blame("arms", "a concept test compares at least two arms. Add one entry for each, with “- ”.")
    if len(nodes) > MAX_ARMS:
        message = f"there are {len(nodes)} arms; up to {MAX_ARMS} fit. Please drop some from here on."
        entry.blame("arms", message, nodes[MAX_ARMS].line)
    lines: dict[str, int] = {}
    return tuple(_arm(entry, node, f"arms[{number}]", lines) for number, node in enumerate(nodes, 1))


def arm_fields(arms: Sequence[Arm]) -> list[dict[str, object]]:
    """Return the arms as a file has them."""
    rows = [({"id": one.id, "text": one.text, "image": one.image, "alt": one.alt}, one.locales) for one in arms]
    return [{name: value for name, value in row.items() if value} | words_fields(words) for row, words in rows]


def _arm(entry: Entry, node: Node, place: str, lines: dict[str, int]) -> Arm:
    part = entry.child(node, place, _ARM_FIELDS)
    found = part.needed("id", MAX_ID)
    if found and not CHOICE_ID_FORM.fullmatch(found):
        part.blame("id", f"{quote(found)} cannot be an id. Use 1–40 lowercase letters, digits, “-” or “_”.")
    elif found and found in lines:
        part.blame("id", f"{quote(found)} is already the id of the arm in line {lines[found]}. Give each its own.")
    lines.setdefault(found, part.line_of("id"))
    text, image = part.text("text", MAX_TEXT, is_block=True), part.text("image", MAX_ADDRESS)
    if not text and not image and not part.has_strangers and not part.is_excused("text"):
        part.blame("", "an arm shows a text, a picture, or both. Add “text: …” or “image: …” and “alt: …”.")
    if image and not is_web_address(image):
        part.blame("image", "this should be the address of a picture, such as https://example.com/one.png.")
    alt = part.needed("alt", MAX_ALT) if image else part.text("alt", MAX_ALT)
    if alt and not image:
        part.blame("alt", "this says what a picture shows, and there is none. Add “image: …”, or leave it out.")
    arm = Arm(found, text, image, alt)
    return replace(arm, locales=arm_words(part, arm))
