"""Themes by machine: texts about the same come together, whatever their language and their order."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.texts.theme_making import MOST_THEMES, Found, Task, found_in

TOPICS = {
    "price": ["The price is too high for a small shop", "Our price went up, and the price list is confusing"],
    "search": ["Search finds nothing", "The search is slow and the search shows old files"],
    "support": ["Your support team is friendly", "The support helped us within a day"],
    "setup": ["The setup took us an afternoon", "Nobody could finish the setup without a guide"],
}
IN_OTHERS = {
    "de": {"Suche": ["Die Suche ist langsam", "Die Suche findet nichts"], "Preis": ["Der Preis ist hoch", "Preis"]},
    "hi": {"खोज": ["खोज बहुत धीमी है", "खोज से कुछ नहीं मिलता"], "कीमत": ["कीमत बहुत अधिक है", "कीमत ज़्यादा है"]},
    "ar": {"البحث": ["البحث بطيء جدا", "البحث لا يعمل"], "السعر": ["السعر مرتفع", "السعر غير واضح"]},
}
UNSPACED = {
    "ja": {"検索": ["検索が遅いです", "検索結果が古い"], "価格": ["価格が高いと思います", "価格表が複雑です"]},
    "zh": {"搜索": ["搜索太慢了", "搜索找不到文件"], "价格": ["价格太高", "价格表很复杂"]},
    "th": {"ค้นหา": ["การค้นหาช้ามาก", "การค้นหาล้มเหลว"], "ราคา": ["ราคาแพงเกินไป", "ราคาแพงมาก"]},
}


def said(topics: dict[str, list[str]], each: int = 12, seed: int = 1) -> list[tuple[str, str]]:
    """Return texts with what they are about, mixed."""
    pairs = [(topic, some[number % len(some)]) for topic, some in topics.items() for number in range(each)]
    random.Random(seed).shuffle(pairs)
    return pairs


def themes_of(pairs: Sequence[tuple[str, str]], least: int = 3) -> list[Found]:
    return found_in(Task(tuple(text for _, text in pairs), least))


def topics_in(one: Found, pairs: Sequence[tuple[str, str]]) -> set[str]:
    return {pairs[place][0] for place in one.members}


def test_texts_about_the_same_come_together_and_are_named_by_it() -> None:
    pairs = said(TOPICS)
    found = themes_of(pairs)
    assert all(len(topics_in(one, pairs)) == 1 for one in found)
    assert {topic for one in found for topic in topics_in(one, pairs)} == set(TOPICS)
    for topic in TOPICS:
        assert any(topic in (word.casefold() for word in one.words) for one in found), topic
    assert sum(len(one.members) for one in found) >= 0.9 * len(pairs)


@pytest.mark.parametrize("language", [*IN_OTHERS, *UNSPACED])
def test_no_language_is_left_out(language: str) -> None:
    topics = (IN_OTHERS | UNSPACED)[language]
    pairs = said(topics, each=20)
    found = themes_of(pairs)
    mixed = [one for one in found if len(topics_in(one, pairs)) > 1]
    assert not mixed, [(one.words, topics_in(one, pairs)) for one in mixed]
    assert {topic for one in found for topic in topics_in(one, pairs)} == set(topics)


@pytest.mark.parametrize("language", IN_OTHERS)
def test_a_theme_is_named_in_whole_words(language: str) -> None:
    found = themes_of(said(IN_OTHERS[language], each=20))
    names = {word for one in found for word in one.words}
    assert set(IN_OTHERS[language]) <= names, "also where a word has marks that are no letters"


def test_small_words_name_no_theme() -> None:
    found = themes_of(said(TOPICS) + said(IN_OTHERS["de"]))
    assert not {"the", "is", "and", "die", "der", "ist"} & {word.casefold() for one in found for word in one.words}


def test_a_word_that_is_small_in_another_language_counts() -> None:
    """“Fast” is a small word in German, and the point of an English text."""
    found = themes_of(said({"fast": ["Fast and good", "So fast"], "price": ["The price is high", "A price list"]}))
    assert any("fast" in (word.casefold() for word in one.words) for one in found)


def test_the_order_of_the_texts_changes_nothing() -> None:
    first, second = said(TOPICS, seed=1), said(TOPICS, seed=2)
    assert first != second
    told = [
        [(one.words, sorted(pairs[at][1] for at in one.members)) for one in themes_of(pairs)]
        for pairs in (first, second)
    ]
    assert told[0] == told[1]
    assert themes_of(first) == themes_of(first)


def test_what_few_texts_share_is_no_theme_and_names_none() -> None:
    pairs = [*said(TOPICS), ("odd", "Zebra crossing"), ("odd", "Zebra stripes")]
    assert not any(len(one.members) < 3 for one in themes_of(pairs))
    names = {word.casefold() for one in themes_of(pairs) for word in one.words}
    assert "zebra" not in names
    assert themes_of(pairs, least=100) == []


@pytest.mark.parametrize("texts", [(), ("",), ("Only one",), ("?!",) * 30, ("😀 🎉",) * 30, ("7", "12") * 20])
def test_where_nothing_is_shared_there_is_no_theme(texts: tuple[str, ...]) -> None:
    assert found_in(Task(texts, 3)) == []


@settings(max_examples=20)
@given(st.lists(st.text(st.sampled_from("ab cdé検索の ッ😀้\n"), max_size=12), max_size=40), st.integers(1, 5))
def test_a_text_is_in_one_theme_at_most(texts: list[str], least: int) -> None:
    found = found_in(Task(tuple(texts), least))
    members = [place for one in found for place in one.members]
    assert len(members) == len(set(members))
    assert set(members) <= set(range(len(texts)))
    assert all(len(one.members) >= least and one.words for one in found)
    assert len(found) <= MOST_THEMES
