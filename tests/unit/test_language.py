"""Which language is spoken, and how our sentences, numbers and days are put in it."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest

from bot.readers import Readers
from broadcast.sender import Message
from broadcast.wording import Wording
from cards.elements import card, clean, escape, execute, plain, text
from feedback.errors import NothingToAnswer, NothingToSay
from feedback.language import (
    LANGUAGES,
    as_text,
    current,
    day,
    find_language,
    isolated,
    negotiate,
    number,
    say,
    say_number,
    speaking,
    whole,
)
from feedback.people.people import Person, language_of
from feedback.surveys.checking import missing, unknown
from feedback.surveys.questions import Kind, Question

CLOSED = {"de": "Diese Umfrage ist geschlossen.", "ja": "このアンケートは終了しました。"}


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        *[("de-AT", "de"), ("de_DE", "de"), ("DE", "de"), ("fr-CA", "fr"), ("es-419", "es"), ("ja-JP", "ja")],
        *[("pt", "pt-BR"), ("pt-PT", "pt-BR"), ("pt-BR", "pt-BR"), ("hi-IN", "hi"), ("ar-SA", "ar"), ("en-GB", "en")],
        *[("zh", "zh-Hans"), ("zh-CN", "zh-Hans"), ("zh-Hans-CN", "zh-Hans"), ("zh-SG", "zh-Hans")],
    ],
)
def test_the_nearest_language_is_found(tag: str, language: str) -> None:
    assert (negotiate(tag), find_language(tag)) == (language, language)


@pytest.mark.parametrize("tag", ["", "nl", "zh-TW", "zh-Hant-HK", "xx-YY", "deutsch?", "../de", "d" * 999, "\x00"])
def test_for_what_is_no_language_of_ours_there_is_english(tag: str) -> None:
    assert (negotiate(tag), find_language(tag)) == ("en", "")


def test_english_is_spoken_unless_something_else_is() -> None:
    assert current() == "en"
    with speaking("de"), speaking("ja"):
        assert say("This survey is closed.") == CLOSED["ja"]
    assert say("This survey is closed.") == "This survey is closed."


def test_the_language_before_is_spoken_again_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), speaking("de"):
        raise ZeroDivisionError
    assert current() == "en"


async def test_tasks_that_take_turns_keep_their_languages_apart() -> None:
    async def read(language: str) -> set[str]:
        heard = set()
        with speaking(language):
            for _ in range(50):
                heard.add(say("This survey is closed."))
                await asyncio.sleep(0)
        return heard

    german, japanese = await asyncio.gather(read("de"), read("ja"))
    assert (german, japanese) == ({CLOSED["de"]}, {CLOSED["ja"]})


def test_threads_keep_their_languages_apart() -> None:
    both = Barrier(2, timeout=10)

    def read(language: str) -> tuple[str, str]:
        before = current()
        with speaking(language):
            both.wait()
            said = say("This survey is closed.")
            both.wait()
        return before, said

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(read, CLOSED)) == [("en", CLOSED["de"]), ("en", CLOSED["ja"])]


@pytest.mark.parametrize(
    ("language", "n", "said"),
    [
        *[("en", 1, "1 answer"), ("en", 0, "0 answers"), ("de", 1, "1 Antwort"), ("de", 2, "2 Antworten")],
        *[("fr", 0, "0 réponse"), ("fr", 2, "2 réponses"), ("ja", 2, "回答 2 件"), ("de", 1200, "1.200 Antworten")],
        *[("ar", 0, "لا إجابات"), ("ar", 1, "إجابة واحدة"), ("ar", 2, "إجابتان"), ("ar", 3, "3 إجابات")],
        *[("ar", 11, "11 إجابة"), ("ar", 100, "100 إجابة")],
    ],
)
def test_a_number_has_the_plural_of_its_language(language: str, n: int, said: str) -> None:
    with speaking(language):
        assert say_number("{n} answer", "{n} answers", n) == said


@pytest.mark.parametrize(
    ("language", "written", "many", "on"),
    [
        ("en", "1234.5", "1,000,000,000,000", "1 March 2026"),
        ("de", "1234,5", "1.000.000.000.000", "1. März 2026"),
        ("ja", "1234.5", "1,000,000,000,000", "2026年3月1日"),
        ("hi", "1234.5", "10,00,00,00,00,000", "1 मार्च 2026"),
    ],
)
def test_numbers_and_days_are_written_as_they_are_there(language: str, written: str, many: str, on: str) -> None:
    with speaking(language):
        assert (number(1234.5), whole(10**12), day(date(2026, 3, 1))) == (written, many, on)


def test_a_sentence_that_nobody_translated_stays_english() -> None:
    with speaking("de"):
        assert say("Nobody {did} this.", did="translated") == "Nobody translated this."


def test_a_refusal_is_worded_in_the_language_that_is_spoken_when_it_is_raised() -> None:
    with speaking("de"):
        refusal = NothingToSay(usage="note <text>")
    assert str(refusal) == "Bitte schreiben Sie es so: **note <text>**."
    assert str(NothingToAnswer()).startswith("No survey waits")


def test_facts_and_commands_keep_their_direction_in_arabic() -> None:
    with speaking("ar"):
        said = say("To change them, type **answer {run}**.", run="pulse-1")
        assert "**\u2066answer \u2068pulse-1\u2069\u2069**" in said
        assert isolated("نعم") == "نعم"
        assert isolated(isolated("Yes")) == isolated("Yes") == "\u2068Yes\u2069"
    assert isolated("Yes") == "Yes"


@pytest.mark.parametrize("treated", [clean, plain, escape])
def test_a_sentence_of_ours_that_begins_with_a_foreign_word_runs_from_right_to_left(
    treated: Callable[[str], str],
) -> None:
    """A reader of bidirectional text takes the first letter or mark with a direction of its own."""
    asked = Question("q", Kind.NPS, "How was it?", required=True)
    with speaking("ar"):
        (problem,) = missing([asked], {})
        (stray,) = unknown([asked], {"nope": 1})
        for sentence in (problem.sentence, stray.sentence):
            directions = [unicodedata.bidirectional(one) for one in treated(sentence)]
            assert next(one for one in directions if one in {"L", "R", "AL"}) == "R"
    assert missing([asked], {})[0].sentence.startswith("“How was it?”")


def test_peoples_own_marks_of_direction_are_taken_out_before_ours_are_set() -> None:
    with speaking("ar"):
        assert clean("\u202eabc\u2069 def") == "\u2068abc def\u2069"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Yes", "\u2067Yes\u2069"),
        ("**Yes**", "**\u2067Yes\u2069**"),
        ("_Yes_", "_\u2067Yes\u2069_"),
        ("- Yes", "- \u2067Yes\u2069"),
        ("", ""),
    ],
)
def test_every_line_of_a_text_runs_from_right_to_left_and_keeps_its_marks(line: str, shown: str) -> None:
    with speaking("ar"):
        assert as_text(f"{line}\n{line}") == f"{shown}\n{shown}"
        assert as_text("```json\n{}\n```") == "```json\n{}\n```"
    assert as_text(line) == line


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_a_card_that_is_read_from_right_to_left_says_so(language: str) -> None:
    with speaking(language):
        assert card([text("x")], fallback="x").get("rtl") is (True if language == "ar" else None)


def test_a_button_says_in_which_language_its_card_is_unless_in_english() -> None:
    with speaking("ja"):
        assert execute("次へ", "answer", {"run": "r"})["data"] == {"act": "answer", "run": "r", "language": "ja"}
    assert execute("Next", "answer", {"run": "r"})["data"] == {"act": "answer", "run": "r"}


def _person(name: str, locale: str = "en-US", language: str = "") -> Person:
    return Person(id=f"t:{name}", tenant="t", object_id=name, locale=locale, language=language)


def test_what_somebody_asked_for_comes_before_what_their_teams_says() -> None:
    assert language_of(_person("a", "de-DE")) == "de"
    assert language_of(_person("a", "de-DE", "ja")) == "ja"


def test_a_reader_who_was_met_is_known_and_a_hint_serves_until_then() -> None:
    readers, stranger = Readers(), _person("a", "de-DE")
    assert readers.language(stranger) == "de"
    assert readers.language(stranger, "ja") == "ja"
    readers.learn(_person("a", "de-DE", "ar"))
    assert readers.language(stranger, "ja") == "ar"


@pytest.mark.parametrize("hint", ["xx", "", 7, None, ["ja"], {"ja": 1}, "ja'; --"])
def test_a_hint_that_is_no_language_is_ignored(hint: object) -> None:
    assert Readers().language(_person("a", "fr-FR"), hint) == "fr"


def test_readers_who_were_met_longest_ago_are_forgotten_first() -> None:
    readers = Readers(most=2)
    for name in ("a", "b", "a", "c"):
        readers.learn(_person(name, language="ja"))
    assert [readers.language(_person(name)) for name in ("a", "b", "c")] == ["ja", "en", "ja"]


def test_a_message_is_made_once_for_each_language() -> None:
    made: list[str] = []

    def render() -> Message:
        made.append(current())
        return Message(card={}, summary=say("This survey is closed."))

    wording = Wording(render)
    people = [_person("a", "de-DE"), _person("b", "ja-JP"), _person("c", "de-AT"), _person("d", "de-DE", "ja")]
    assert [wording.of(one).summary for one in people] == [CLOSED[one] for one in ("de", "ja", "de", "ja")]
    assert made == ["de", "ja"]


@pytest.mark.parametrize("language", ["ar", "de"])
def test_a_day_among_arabic_letters_stays_year_month_day(language: str) -> None:
    with speaking(language):
        said = say("Type a day as year-month-day, such as 2026-03-01.")
        again = clean(clean(said))
    shown = "\u20662026-03-01\u2069" if language == "ar" else "2026-03-01"
    assert shown in said
    assert again.count(shown) == 1, "said again, or on a card, it is marked once"
    assert "\u2066\u2066" not in again
