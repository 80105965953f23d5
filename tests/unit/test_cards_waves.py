"""How sure a run in waves is, on the status card and on the run's page: in words, and names as plain text."""

from datetime import timedelta

import msgspec
import pytest

from cards.panels import dry_run_card, proposed_card
from cards.status import status_card
from dashboard.templating import Templates
from dashboard.views import live_run
from feedback.results.tallies import Tally
from feedback.runs.dry_run import DryRun
from feedback.runs.progress import Progress
from feedback.runs.runs import DeliveryState, RunState
from feedback.runs.wave_words import Waves
from feedback.standing import Asking, SegmentStanding, Standing, WavesStanding
from feedback.surveys.questions import Kind, Question
from feedback.waves import UNITS
from tests.unit.test_cards_gallery import NOW, run_of, shown, survey_of

NPS = Question("nps", Kind.NPS, "Would you recommend <us>?")
EVIL = "size=<script>alert(1)</script>[x](https://evil.example)"


def standing_of(*segments: SegmentStanding, question: Question = NPS, is_waiting: bool = True) -> Standing:
    progress = Progress(run_of(survey_of(), RunState.SENDING), {DeliveryState.PLANNED: 3, DeliveryState.SENT: 1}, {})
    look_at = NOW + timedelta(days=1) if is_waiting else None
    return Standing(progress, waves=WavesStanding(Waves(5, "size"), question, segments, look_at))


SMALL = SegmentStanding("size=small", 1300, 100, 40, 38, 7.123, 1, 13)
LARGE = SegmentStanding("size=large", 900, 200, 90, 90, 4.6, 2, 9, Asking.SURE)
ODD = SegmentStanding(EVIL, 1, 1, 0, 0, None, 1, 1, Asking.STOPPED)
NOBODY = SegmentStanding("size unknown", 3, 3, 0, 0, None, 1, 1, Asking.ALL_ASKED)


def test_the_card_says_of_each_segment_what_there_is_and_what_was_asked_for() -> None:
    said = shown(status_card(standing_of(SMALL, LARGE, NOBODY))).replace("\\", "")
    assert "In waves, until ±5 points" in said
    assert "±7.12 now: 38 answers of 100 asked, 1,300 in all" in said
    assert "±4.6 now, sure enough: 90 answers of 200 asked, 900 in all" in said
    assert "no margin yet: 0 answers of 3 asked, 3 in all" in said
    assert "It counts from 30 answers on" in said
    assert "Who is still unsure is asked on from" in said


def test_a_card_of_a_wave_that_leaves_foretells_no_time() -> None:
    assert "asked on from" not in shown(status_card(standing_of(SMALL, is_waiting=False)))


def test_a_run_that_is_not_in_waves_says_nothing_of_them() -> None:
    progress = Progress(run_of(survey_of()), {DeliveryState.SENT: 1}, {})
    assert "waves" not in shown(status_card(Standing(progress)))
    assert "In waves" not in Templates().render("live.html", live=live_run(Standing(progress), Tally()))


@pytest.mark.parametrize("kind", list(UNITS))
def test_every_margin_has_its_unit(kind: Kind) -> None:
    said = shown(status_card(standing_of(SMALL, question=Question("q", kind, "What?"))))
    assert f"until ±5 {UNITS[kind]}" in said


def test_the_page_says_the_same_and_names_are_text() -> None:
    live = live_run(standing_of(SMALL, LARGE, NOBODY, ODD), Tally())
    page = Templates().render("live.html", live=live)
    for words in (
        "until ±5 points",
        "±7.12</td>",
        'wave 2 of 9: sure enough</span></th><td class="number">±4.6<',
        "wave 1 of 13</span>",
        "wave 1 of 1: asked to the last</span>",
        "wave 1 of 1: stopped</span>",
        "38 of 100",
        "1,300",
        "from 30 answers on",
    ):
        assert words in page
    assert "Whoever is still unsure is asked on from" in page
    assert "<script>" not in page
    assert "recommend &lt;us&gt;" in page
    evil = status_card(standing_of(ODD))
    assert "[x](https" not in shown(evil, has_gaps=True)


def test_whoever_approves_sees_that_it_goes_out_in_waves() -> None:
    run = run_of(survey_of(), RunState.PROPOSED)
    found = DryRun(900, 0, {}, {}, NOW)
    in_waves = msgspec.structs.replace(run, waves=Waves(5, "size", 200))
    assert "In waves, until ±5 by size, 200 a wave, every 1 day" in shown(proposed_card(in_waves, found, NOW))
    assert "In waves" not in shown(proposed_card(run, found, NOW))


def test_who_would_send_an_anonymous_survey_to_too_few_is_told_that_nothing_will_be_seen() -> None:
    hushed = msgspec.structs.replace(survey_of(), is_anonymous=True, threshold=5)
    few, enough = DryRun(4, 0, {"opted out": 3}, {}, NOW), DryRun(5, 0, {}, {}, NOW)
    warning = "It would reach 4 people, and nothing is ever shown of fewer than 5: ask more people."
    assert warning in shown(dry_run_card(few, hushed, "customers", NOW))
    assert warning in shown(proposed_card(run_of(hushed, RunState.PROPOSED), few, NOW))
    assert "nothing is ever shown" not in shown(dry_run_card(enough, hushed, "customers", NOW))
    named = shown(dry_run_card(few, survey_of(), "customers", NOW))
    assert "nothing is ever shown" not in named
    assert "Done less than a minute after it starts." in named
