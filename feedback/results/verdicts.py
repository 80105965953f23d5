"""“Do not conclude yet”: whether a result is enough to go by, and why not. Pure functions of what may be shown.

It is worked out from the figures and counts that results show, after suppression; so of an anonymous run it says what
its n is, and nothing about segments or companies, which nobody may know there.
"""

import re
from enum import StrEnum

import msgspec

from feedback.results import figures
from feedback.results.counts import Counts
from feedback.results.findings import WITH_A_FINDING, finding_of
from feedback.results.tallies import TENANT_DIGITS, same_companies
from feedback.results.weighted_results import MixSegment, Strata, Weighting
from feedback.results.weighting import Precision

ENOUGH = 30
"""The effective n under which figures are too unsure to go by: J. D. Parker et al., National Center for Health
Statistics Data Presentation Standards for Proportions, Vital and Health Statistics 2:175 (2017)."""
DOMINATES = 0.2  # of the answers: a company with less does not carry a result, even where it is over-represented
NOBODY = 1e-9  # as a share of all answers: what is left of a subtraction when nobody is
TITLE = "Do not conclude yet"
ANONYMOUS = "This survey is anonymous: whether a segment is missing or a company dominates cannot be known."
NO_MIX = "It went to no panel with a target mix: whether a segment is missing was not checked."
_TENANT = re.compile(rf"[0-9a-f]{{{TENANT_DIGITS}}}")
_NAMED = 3  # segments that are named in one sentence


class Doubt(StrEnum):
    """Why one should not conclude yet."""

    TOO_FEW = "too few"
    MISSING = "segment missing"
    COMPANY = "one company"
    FLIPS = "one segment decides"


class Reason(msgspec.Struct, frozen=True):
    """One reason, as a sentence."""

    doubt: Doubt
    words: str


class Verdict(msgspec.Struct, frozen=True):
    """Whether to conclude: not yet, where there are reasons. `unchecked` says what could not be looked at."""

    reasons: tuple[Reason, ...] = ()
    unchecked: str = ""

    own: tuple[Reason, ...] = ()  # of a question: those of its reasons that are not the whole run's

    @property
    def is_too_early(self) -> bool:
        """Whether it is too early to conclude."""
        return bool(self.reasons)


def run_verdict(n: int, weighting: Weighting | None, companies: Counts, heard: Counts) -> Verdict:
    """Return what speaks against concluding anything from a run; nothing where nobody has answered."""
    if not n:
        return Verdict()
    found = [
        too_few(n, weighting.precision if weighting else None),
        _missing(weighting.missing) if weighting else None,
        _company(companies, heard),
    ]
    return Verdict(tuple(one for one in found if one is not None), "" if weighting else NO_MIX)


def anonymous_verdict(n: int) -> Verdict:
    """Return what the number of answers alone says, as it is shown."""
    found = too_few(n, None) if n else None
    return Verdict(() if found is None else (found,), ANONYMOUS)


def question_verdict(whole: Verdict, n: int, worth: Precision | None, strata: Strata | None) -> Verdict:
    """Return what speaks against concluding from one question: all that does for the run, and its own."""
    if not n:
        return Verdict()
    found = [too_few(n, worth), _flips(strata) if strata is not None else None]
    reasons = [one for one in found if one is not None]
    said = {one.doubt for one in whole.reasons}
    own = tuple(one for one in reasons if one.doubt not in said)
    return Verdict(
        reasons=(*reasons, *(one for one in whole.reasons if one.doubt is not Doubt.TOO_FEW)),
        unchecked=whole.unchecked,
        own=own,
    )


def too_few(n: int, worth: Precision | None) -> Reason | None:
    """Return the reason that there are too few answers, weighted where they are."""
    if worth is not None and worth.n_effective < ENOUGH <= n:
        said = f"Weighted to the target mix, {worth.n:,} answers are worth {int(worth.n_effective)}; it takes {ENOUGH}."
        return Reason(Doubt.TOO_FEW, said)
    if n < ENOUGH:
        return Reason(Doubt.TOO_FEW, f"Too few answers: {n}; it takes {ENOUGH}.")
    return None


def _missing(segments: tuple[MixSegment, ...]) -> Reason | None:
    if not segments:
        return None
    names = [f"{one.attribute}={one.value} ({100 * one.target:g} % of the target mix)" for one in segments]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return Reason(Doubt.MISSING, f"Nobody has answered of {', '.join(names[:_NAMED])}{more}.")


def _company(companies: Counts, heard: Counts) -> Reason | None:
    """Return the reason that one company carries more than its share, by more than chance."""
    everybody, answered = (one.by_value for one in same_companies(companies, heard))
    n, people = sum(answered.values()), sum(everybody.values())
    if n < figures.FEW:
        return None
    name = max(sorted(answered), key=lambda one: answered[one])
    share, due = figures.share(answered[name], n), everybody.get(name, 0) / people
    if share.value < DOMINATES or share.interval is None or share.interval.low <= due:
        return None
    words = f"{_named(name)} gave {100 * share.value:.0f} % of the answers and is {100 * due:.0f} % of the audience."
    return Reason(Doubt.COMPANY, words)


def _named(company: str) -> str:
    if company.startswith("#"):
        return "One company, or a few that are counted together,"
    return f"One company, {f'tenant {company}…' if _TENANT.fullmatch(company) else company},"


def _flips(strata: Strata) -> Reason | None:
    """Return the reason that the finding is another one as soon as one segment is left out."""
    if strata.question.kind not in WITH_A_FINDING:
        return None
    counts, by_segment = strata.counts()
    whole = finding_of(strata.question, counts)
    found = []
    for (attribute, value), theirs in by_segment.items() if whole else ():
        rest = {answer: max(n - theirs.get(answer, 0.0), 0.0) for answer, n in counts.items()}
        if sum(rest.values()) <= NOBODY * sum(counts.values()):
            continue
        other = finding_of(strata.question, rest)
        changed = next((name for name in whole if other[name] != whole[name]), None)
        if changed is not None:
            found.append((f"{attribute}={value}", whole[changed], other[changed]))
    if not found:
        return None
    without, before, after = found[0]
    more = f" So does leaving out {', '.join(name for name, _, _ in found[1:_NAMED])}." if found[1:] else ""
    return Reason(Doubt.FLIPS, f"Leaving out {without} turns the finding from “{before}” to “{after}”.{more}")
