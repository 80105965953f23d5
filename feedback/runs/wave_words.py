"""The words that ask for waves: “until ±5 by size, 200 a wave, every 2 days”, from text to data and back.

Knows nothing of runs or stores. What is not read is refused: a survey never goes to everybody at once because its
margin was misspelt.
"""

import re
from datetime import timedelta

import msgspec

from feedback.errors import Refusal, quote
from feedback.people.audience_words import attribute_form
from feedback.runs.times import read_span

SIZE = 100  # people of each segment a wave: of three in ten who answer, that makes as many as a margin asks for
EVERY = timedelta(days=1)
MOST_A_WAVE = 10_000
LONGEST = timedelta(days=30)
SHORTEST = timedelta(hours=1)
FORMS = "**until ±5**, **until ±5 by size** or **until ±0.2 by size, 200 a wave, every 2 days**"
_QUOTED = '["“„][^"“”„]*["”]'
_UNTIL = re.compile(rf"{_QUOTED}|(?<!\bpanel)\s+(?P<word>until)\s+(?=\S)", re.IGNORECASE)
_MARGIN = re.compile(
    r"(?:±|\+/?[-\u2212\u2013])?\s*(?P<margin>\d{1,6}(?:[.,]\d{1,6})?)(?:\s*%|\s+(?:points?|percent))?", re.IGNORECASE
)
_BY = re.compile(rf"\s+by\s+(?P<name>{_QUOTED}|[^\s,]+)", re.IGNORECASE)
_SIZE = re.compile(r"(?P<size>\d{1,9})(?: people)? (?:a|per|each) wave", re.IGNORECASE)
_EVERY = re.compile(r"every (?P<span>(?:\d{1,4} )?(?:minute|hour|day|week)s?)", re.IGNORECASE)


class WavesUnclear(Refusal):
    """I can't read {words} after “until”, so nothing was sent. Try {forms}."""


class WavesAlone(Refusal):
    """Waves begin at once and have no reminders, so nothing was sent: leave out {words}, or send without “until”."""


class WaveTooLarge(Refusal):
    """A wave is of 1 to {most} people of each segment, so nothing was sent."""


class WaveTooSoon(Refusal):
    """Between two waves there is at least an hour and at most 30 days, so that people can answer. Nothing was sent."""


class Waves(msgspec.Struct, frozen=True, omit_defaults=True):
    """A run in waves: until the margin is reached in each segment, `size` people of each a wave.

    `by` is the attribute whose values are the segments; empty where everybody is one. The next wave leaves when the
    last one has been out for `every`.
    """

    margin: float
    by: str = ""
    size: int = SIZE
    every: timedelta = EVERY

    def __str__(self) -> str:
        by = f" by {self.by}" if self.by else ""
        return f"until {margin_words(self.margin)}{by}, {self.size} a wave, every {span_words(self.every)}"


def read_waves(text: str) -> tuple[str, Waves | None]:
    """Return what stands before “until …”, and the waves; None where there are none. Raises a `Refusal`."""
    starts = [found for found in _UNTIL.finditer(text) if found["word"]]
    if not starts:
        return text, None
    start = starts[-1]
    return text[: start.start()].strip(), _read(text[start.end() :].strip(" .!?"))


def margin_words(margin: float) -> str:
    """Return a margin as it is typed: “±5” or “±0.25”."""
    return f"±{margin:.4f}".rstrip("0").rstrip(".")


def span_words(span: timedelta) -> str:
    """Return a length of time as it is typed, in whole days where it has them."""
    hours = round(span / timedelta(hours=1))
    count, unit = (hours // 24, "day") if hours % 24 == 0 else (hours, "hour")
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _read(text: str) -> Waves:
    unclear = WavesUnclear(words=quote(text[:80]), forms=FORMS)
    found = _MARGIN.match(text)
    margin = float(found["margin"].replace(",", ".")) if found else 0.0
    if found is None or margin <= 0:
        raise unclear
    rest, by = text[found.end() :], ""
    if named := _BY.match(rest):
        by = attribute_form(named["name"].strip('"“”„'))
        rest = rest[named.end() :]
        if not by:
            raise unclear
    if rest and not rest[0].isspace() and rest[0] != ",":
        raise unclear
    waves = Waves(margin, by)
    for clause in filter(
        None, (" ".join(one.split()) for one in re.split(r",|\s(?=every\b|at\b)", rest, flags=re.IGNORECASE))
    ):
        waves = _with(waves, clause, unclear)
    return waves


def _with(waves: Waves, clause: str, unclear: WavesUnclear) -> Waves:
    if found := _SIZE.fullmatch(clause):
        size = int(found["size"])
        if not 1 <= size <= MOST_A_WAVE:
            raise WaveTooLarge(most=f"{MOST_A_WAVE:,}")
        return msgspec.structs.replace(waves, size=size)
    if found := _EVERY.fullmatch(clause):
        span = found["span"] if found["span"][0].isdigit() else f"1 {found['span']}"
        every = read_span(span)
        if every is None or not SHORTEST <= every <= LONGEST:
            raise WaveTooSoon
        return msgspec.structs.replace(waves, every=every)
    if clause.split(maxsplit=1)[0].lower() in {"at", "remind", "close"}:
        raise WavesAlone(words=quote(clause))
    raise unclear
