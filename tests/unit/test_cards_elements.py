"""The building blocks: people's words stay words, buttons carry their data twice, bars and shares tell the truth."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.elements import (
    ELLIPSIS,
    Style,
    bar,
    card,
    clean,
    counted,
    escape,
    excerpt,
    execute,
    facts,
    moment,
    percent,
    plain,
    text,
    verbatim,
)
from cards.size import MAX_CARD_BYTES, card_size, fewer, fits, fitted
from feedback.language import LANGUAGES, say, speaking

GAP = "\u200b"


@pytest.mark.parametrize(
    ("words", "safe"),
    [
        ("5 * 3 * 2", r"5 \* 3 \* 2"),
        ("**bold**", r"\*\*bold\*\*"),
        ("snake_case", r"snake\_case"),
        ("`code` ~~gone~~", r"\`code\` \~\~gone\~\~"),
        (r"C:\temp", r"C:\\temp"),
        ("[click](https://evil.example)", f"[click]{GAP}(https://evil.example)"),
        ("[click]: https://evil.example", f"[click]{GAP}: https://evil.example"),
        ("<https://evil.example>", f"<{GAP}https://evil.example>"),
        ("<at>Ada</at>", f"<{GAP}at>Ada<{GAP}/at>"),
        ("&lt;b&gt; &#42;", f"&{GAP}lt;b&{GAP}gt; &{GAP}#42;"),
        ("- item\n+ item", "\\- item\n\\+ item"),
        ("1. one\n22) two", "1\\. one\n22\\) two"),
        ("# head\n> said\n===\n| cell |", "\\# head\n\\> said\n\\===\n\\| cell |"),
        ("    indented", "indented"),
        ("  - item", "\\- item"),
        ("{{DATE(2020-01-01T00:00:00Z)}}", f"{{{GAP}{{DATE(2020-01-01T00:00:00Z)}}}}"),
        ("a\x00b\x1bc\ud800d\u202ee\u2066f", "abcdef"),
    ],
)
def test_words_in_a_sentence_are_no_markdown(words: str, safe: str) -> None:
    assert escape(words) == safe


@pytest.mark.parametrize(
    "words", ["3 < 4 & 5 > 2", "R&D, Q&A", "a - b", "Ünïcödé 日本 😀", "שלום", "Is it 1.5?", "#1 in"]
)
def test_ordinary_words_stay_as_they_are(words: str) -> None:
    assert escape(words).removeprefix("\\") == words
    assert plain(words) == words


@given(st.text())
def test_no_text_keeps_a_link_a_function_or_a_bare_mark(words: str) -> None:
    safe = escape(words)
    assert not any(construct in safe for construct in ("](", "]:", "{{", "\n#", "\n- "))
    marks = safe.replace("\\\\", "").replace("\\*", "").replace("\\_", "").replace("\\`", "").replace("\\~", "")
    assert not set("*_`~") & set(marks)


@given(st.text())
def test_nothing_but_invisible_characters_is_lost(words: str) -> None:
    assert plain(words).replace(GAP, "") == clean(words).replace(GAP, "")
    assert {one for one in words if one.isalnum()} <= set(escape(words))


def test_verbatim_words_stand_where_there_is_no_markdown() -> None:
    block = verbatim("**as written** [x](y)")
    assert block["type"] == "RichTextBlock"
    assert block["inlines"] == [{"type": "TextRun", "text": "**as written** [x](y)"}]


def test_a_button_submits_the_same_data_where_execute_is_unknown() -> None:
    button = execute("Send", "answer", {"run": "r1", "rev": 2}, style=Style.POSITIVE)
    data = {"act": "answer", "run": "r1", "rev": 2}
    assert button == {
        "type": "Action.Execute",
        "title": "Send",
        "style": "positive",
        "verb": "answer",
        "data": data,
        "fallback": {"type": "Action.Submit", "title": "Send", "style": "positive", "data": data},
    }


def test_a_card_without_buttons_has_no_row_for_them() -> None:
    assert "actions" not in card([text("Hello")], fallback="Hello")


def test_facts_keep_their_order() -> None:
    rows = facts({"Company": "Contoso", "About": "billing"})["facts"]
    assert rows == [{"title": "Company", "value": "Contoso"}, {"title": "About", "value": "billing"}]


@pytest.mark.parametrize(
    ("part", "whole", "filled"), [(0, 10, 0), (1, 1000, 1), (5, 10, 5), (999, 1000, 9), (10, 10, 10), (0, 0, 0)]
)
def test_a_bar_is_empty_only_for_nothing_and_full_only_for_all(part: int, whole: int, filled: int) -> None:
    assert bar(part, whole) == "█" * filled + "░" * (10 - filled)


@pytest.mark.parametrize(("part", "whole", "words"), [(1, 3, "33%"), (0, 0, "0%"), (5, 5, "100%")])
def test_a_share_is_in_whole_percent_and_a_share_of_nothing_is_none(part: int, whole: int, words: str) -> None:
    assert percent(part, whole) == words


@pytest.mark.parametrize(("number", "words"), [(0, "0 people"), (1, "1 person"), (30_000, "30,000 people")])
def test_numbers_go_with_their_nouns(number: int, words: str) -> None:
    assert counted(number, "person", "people") == words


def test_a_time_is_written_by_the_client_from_utc() -> None:
    at = datetime(2026, 3, 1, 1, 30, 59, 999, tzinfo=timezone(timedelta(hours=2)))
    assert moment(at) == "{{DATE(2026-02-28T23:30:59Z, COMPACT)}} {{TIME(2026-02-28T23:30:59Z)}}"
    assert moment(at) == moment(at.astimezone(UTC))


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_time_for_the_client_stays_whole_in_a_sentence_of_any_language(language: str) -> None:
    at = moment(datetime(2026, 3, 1, 1, 30, tzinfo=UTC))
    with speaking(language):
        said = say("You get this survey again on {when}, and nothing about it until then.", when=at)
        assert at in said
        assert at in str(text(said)["text"])


def test_an_excerpt_says_that_there_is_more() -> None:
    assert excerpt("x" * 10, 10) == "x" * 10
    assert excerpt("x" * 11, 10) == "x" * 9 + ELLIPSIS
    assert excerpt("a word", 3) == "a" + ELLIPSIS


def test_size_is_what_travels_in_utf_8() -> None:
    whole = card([text("日本")], fallback="–")
    assert card_size(whole) == len(msgspec.json.encode(whole))
    assert "日本".encode() in msgspec.json.encode(whole)


def test_the_most_detail_that_fits_is_taken() -> None:
    card_of = {size: card([text("x" * size)], fallback="–") for size in (MAX_CARD_BYTES, 20_000, 10)}
    assert fitted(card_of.__getitem__, list(card_of)) is card_of[20_000]
    assert not fits(card_of[MAX_CARD_BYTES])


@pytest.mark.parametrize("number", [0, 1, 7, 1000])
def test_a_list_is_tried_whole_first_and_not_at_all_last(number: int) -> None:
    tried = fewer(number)
    assert tried[0] == number
    assert tried[-1] == 0
    assert tried == sorted(set(tried), reverse=True)
