"""What stands beside the figures on a card of results: “do not conclude yet”, weighted figures, and differences.

It says in words what the results hold and works nothing out.
"""

from collections.abc import Callable, Sequence

import msgspec

from cards.elements import Color, Element, escape, excerpt, hint, section, text
from feedback.people.mixes import mix_words
from feedback.results.differences import AVERAGE, NPS, Difference
from feedback.results.figures import Figure, Interval
from feedback.results.question_results import QuestionResult, Results
from feedback.results.verdicts import TITLE, Reason, Verdict

_SHARES = 6  # weighted shares in one line
_DIFFERENCES = 6
_LABEL = 40
_GROUPS = ("promoters", "passives", "detractors")


def run_doubts(verdict: Verdict) -> list[Element]:
    """Return why not to conclude anything from a run yet; nothing where nothing speaks against it."""
    if not verdict.is_too_early:
        return []
    return [
        {
            "type": "Container",
            "style": Color.WARNING.value,
            "items": [text(TITLE, is_bold=True), *(_reason(one) for one in verdict.reasons)],
        }
    ]


def question_doubts(verdict: Verdict) -> list[Element]:
    """Return why not to conclude from one question, as far as it is not said of the whole run."""
    return [hint(f"**{TITLE}.** {escape(one.words)}", color=Color.WARNING) for one in verdict.own]


def without_details(result: QuestionResult) -> QuestionResult:
    """Return a result for a card with no room but for its figures and what speaks against concluding from them."""
    arms = tuple(msgspec.structs.replace(one, result=without_details(one.result)) for one in result.by_arm)
    return msgspec.structs.replace(result, weighted=None, differences=(), by_arm=arms)


def weighted(result: QuestionResult) -> list[Element]:
    """Return a question's weighted figures."""
    found = result.weighted
    if found is None:
        return []
    said: list[str] = []
    if found.nps is not None:
        said.append(f"NPS **{_signed(found.nps.value)}**{_around(found.nps, _signed)}")
        said.append(", ".join(_share(one, name) for one, name in zip(found.by_nps_group, _GROUPS, strict=True)))
    elif found.mean is not None:
        said.append(f"average **{_decimal(found.mean.value)}**{_around(found.mean, _decimal)}")
    if found.median is not None:
        said.append(f"median **{_decimal(found.median.value)}**{_around(found.median, _decimal)}")
    if found.mean is None and found.nps is None:
        said.append(_shares(result, found.shares))
    worth = f"effective n {int(found.precision.n_effective):,} of {found.precision.n:,}"
    return [hint(f"Weighted: {'; '.join(said)} ({worth})")]


def how_weighted(results: Results) -> list[Element]:
    """Return to what a run is weighted, and how; or why it is not."""
    found = results.weighting
    if found is None or not results.n:
        return []
    mix = f"**{escape(excerpt(mix_words(found.mix), 300))}**"
    if found.precision is None:
        return [section([hint(f"Not weighted to the target mix {mix}. {escape(found.why_not)}")])]
    out = f" {found.left_out:,} who answered have no place in it, and count in the raw figures alone."
    design = f"design effect {found.precision.design_effect:.2f}"
    return [section([hint(f"Weighted to the target mix {mix}, {design}.{out if found.left_out else ''}")])]


def differences(result: QuestionResult) -> list[Element]:
    """Return how far the arms are apart: where there is no room for all, those that are more than chance first."""
    order = sorted(result.differences, key=lambda one: not one.is_sure)
    return [hint(_difference(one)) for one in order[:_DIFFERENCES]]


def _difference(one: Difference) -> str:
    arms = f"{escape(' or '.join(one.arms))} minus {escape(' or '.join(one.than))}"
    what = one.what if one.what in {NPS, AVERAGE} else f"“{escape(excerpt(one.what, _LABEL))}”"
    written = _points if one.is_share else _signed if one.what == NPS else _signed_decimal
    if one.interval is None:
        return f"{arms}, {what}: {written(one.value)}, too few answers to say more"
    sure = "more than chance" if one.is_sure else "may be chance"
    return f"{arms}, {what}: **{written(one.value)}** (95 %: {_from_to(one.interval, written)}), {sure}"


def _reason(one: Reason) -> Element:
    return {**text(escape(one.words)), "spacing": "small"}


def _shares(result: QuestionResult, shares: Sequence[Figure]) -> str:
    told = [
        _share(figure, f"“{escape(excerpt(label, _LABEL))}”")
        for (label, _), figure in zip(result.counts, shares, strict=True)
    ]
    more = f", … and {len(told) - _SHARES} more" if len(told) > _SHARES else ""
    return f"{', '.join(told[:_SHARES])}{more}"


def _share(figure: Figure, name: str) -> str:
    if figure.is_thin or figure.interval is None:
        return f"{name} {100 * figure.value:.0f}%"
    low, high = round(100 * figure.interval.low), round(100 * figure.interval.high)
    return f"{name} {100 * figure.value:.0f}% ({low}–{high}%)"


def _around(figure: Figure, written: Callable[[float], str]) -> str:
    if figure.is_thin or figure.interval is None:
        return ""
    return f" (95 %: {_from_to(figure.interval, written)})"


def _from_to(interval: Interval, written: Callable[[float], str]) -> str:
    return f"{written(interval.low)} to {written(interval.high)}"


def _signed(score: float) -> str:
    whole = round(score)
    return f"{whole:+d}" if whole else "0"


def _decimal(number: float) -> str:
    return f"{number:,.1f}"


def _signed_decimal(number: float) -> str:
    return f"{number:+,.2f}"


def _points(part: float) -> str:
    return f"{round(100 * part):+d} points"
