"""How sure a run in waves is by now, segment by segment, for the status card."""

from cards.elements import Element, escape, excerpt, facts, hint, moment, section, text
from feedback.standing import SegmentStanding, Standing, WavesStanding

_NAME = 60  # characters


def waves_of(standing: Standing) -> list[Element]:
    """Return what each segment's margin is, what was asked for, and when it is looked at next."""
    waves = standing.waves
    if waves is None:
        return []
    title = f"In waves, until {waves.wanted}"
    rows = {escape(excerpt(one.name, _NAME)): row_words(one) for one in waves.segments}
    about = f"The margin is that of the 95 % interval of “{escape(excerpt(waves.question.text, _NAME))}”."
    least = f"It counts from {waves.enough} answers on."
    return [section([text(title, is_bold=True), facts(rows), hint(f"{about} {least}"), *_next(waves)])]


def row_words(one: SegmentStanding) -> str:
    """Return how far a segment has come: “±7.1 now, 40 answers of 100 asked, 300 people”."""
    now = f"{one.shown_margin} now" if one.shown_margin else "no margin yet"
    end = ", sure enough" if one.is_sure else ""
    return f"{now}{end}: {one.n:,} answers of {one.asked:,} asked, {one.people:,} in all"


def _next(waves: WavesStanding) -> list[Element]:
    if waves.look_at is None:
        return []
    return [hint(f"Who is still unsure is asked on from {moment(waves.look_at)}; the others are left in peace.")]
