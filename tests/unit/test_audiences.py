"""Audiences: their language there and back, where it is refused, and who is in one."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from feedback.errors import AttributeUnknown, AudienceUnclear, AudienceUnknown, PanelUnknown, RunUnknown
from feedback.people.audience_words import (
    GROUPS,
    AllOf,
    AnyOf,
    Audience,
    Group,
    Has,
    InList,
    InPanel,
    NonResponders,
    Not,
    attribute_form,
    read_audience,
    value_form,
    write_audience,
)
from feedback.people.panels import import_panel
from feedback.people.people import Contact, Conversation, Person, Policy, meet
from feedback.people.people_files import Listed, PeopleFile
from feedback.runs.audiences import check_audience, check_names, people_in
from feedback.runs.runs import Delivery, DeliveryState, Run, create_run, find_run
from feedback.surveys.questions import Kind, Question
from feedback.surveys.surveys import Survey
from store.contract import Doc, Page, Store, Where
from tests.conftest import Clock

POLICY = Policy(admins=frozenset({"boss"}), home_tenants=frozenset({"home"}))
SURVEY = Survey(id="pulse", title="Sample", questions=(Question(id="q", kind=Kind.TEXT, text="Why?"),))

names = st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True)
values = st.text(min_size=1, max_size=12).map(value_form).filter(lambda one: one and value_form(one) == one)
attributes = st.text(min_size=1, max_size=12).map(attribute_form).filter(lambda one: one and attribute_form(one) == one)
leaves: st.SearchStrategy[Audience] = st.one_of(
    st.sampled_from(GROUPS).map(Group),
    names.map(InPanel),
    names.map(InList),
    names.map(NonResponders),
    st.builds(Has, attributes, values),
)


def _grown(inner: st.SearchStrategy[Audience]) -> st.SearchStrategy[Audience]:
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(inner.map(Not), parts.map(AllOf), parts.map(AnyOf))


@given(st.recursive(leaves, _grown, max_leaves=6))
def test_every_audience_can_be_written_and_read_again(audience: Audience) -> None:
    words = write_audience(audience)
    assume(len(words) <= 500)
    assert read_audience(words) == audience
    assert check_audience(words) == words


@given(st.text(max_size=60) | st.lists(st.sampled_from([*'()"=', "!=", "not", "and", "me", "x"])).map(" ".join))
def test_any_text_is_an_audience_or_refused(text: str) -> None:
    plain, position = _plain_or_position(text)
    assert position <= len(text) + 1
    assert check_audience(plain) == plain


def _plain_or_position(text: str) -> tuple[str, int]:
    try:
        return check_audience(text), 1
    except AudienceUnclear as refused:
        return "me", int(str(refused.facts["position"]))


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        ("  ME ", "me"),
        ("Size=Small AND region = EMEA", "size=small and region=emea"),
        ("panel Insiders and Company_Size=small", "panel insiders and company-size=small"),
        ("customers and region!=emea", "customers and region!=emea"),
        ("not region=emea", "region!=emea"),
        ("Non-Responders of Pulse-1", "non-responders of pulse-1"),
        ('role="Product  manager"', 'role="product manager"'),
        ("role=“Product manager”", 'role="product manager"'),
        ("(customers or engineers) and size=1-50", "(customers or engineers) and size=1-50"),
        ("(customers)", "customers"),
        ("panel=yes and state=or", "panel=yes and state=or"),
        ('"and"=x', "and=x"),
    ],
)
def test_what_people_type_has_a_plain_form(words: str, plain: str) -> None:
    assert check_audience(words) == plain


def test_and_binds_tighter_than_or() -> None:
    found = read_audience("customers or a=1 and b=2")
    assert found == AnyOf((Group("customers"), AllOf((Has("a", "1"), Has("b", "2")))))


@pytest.mark.parametrize(
    ("words", "position", "parts"),
    [
        ("", 1, ["where it ends", "me, customers"]),
        ("the moon", 1, ["“the”", "one of: me"]),
        ("customer", 1, ["did you mean “customers”?"]),
        ("customers and", 14, ["where it ends"]),
        ("customers engineers", 11, ["“engineers”", "“and”, “or” or the end"]),
        ("role=product manager", 14, ["“manager”", "put quotes around"]),
        ("size=", 6, ["where it ends", "a value after “size=”"]),
        ("size==small", 6, ["“=”", "a value"]),
        ('size=""', 6, ["a value"]),
        ("size=(small)", 6, ["“(”", "a value"]),
        ("-=small", 1, ["the name of an attribute"]),
        ("size=small, region=emea", 11, ["“,”", "“and”"]),
        ("size<5", 5, ["“<”", "“=” or “!=”"]),
        ('size="small', 6, ["a closing quotation mark"]),
        ("(customers", 11, ["“)”"]),
        ("customers)", 10, ["“)”", "the end"]),
        ("panel", 6, ["the name of a panel"]),
        ("panel (x)", 7, ["the name of a panel"]),
        ("non-responders pulse-1", 16, ["“of”"]),
        ("non-responders of", 18, ["the name of a run"]),
        ("not", 4, ["where it ends"]),
        ("(" * 400 + "me" + ")" * 90, 21, ["at most 20"]),
        ("me or " * 100 + "me", 501, ["at most 500"]),
    ],
)
def test_what_is_no_audience_is_refused_with_where_and_what_was_expected(
    words: str, position: int, parts: list[str]
) -> None:
    with pytest.raises(AudienceUnclear) as refused:
        check_audience(words)
    assert f"character {position}," in str(refused.value)
    assert all(part in str(refused.value) for part in parts), str(refused.value)
    assert isinstance(refused.value, AudienceUnknown)


async def _meet(store: Store, clock: Clock, key: str) -> Person:
    tenant, object_id = key.split(":")
    chat = Conversation(f"a:{key}", "https://smba.example/", f"29:{key}", "28:b")
    return await meet(store, Contact(tenant, object_id, "Sample", "en", chat), clock.now())


def _halves(key: str) -> tuple[str, str]:
    tenant, _, object_id = key.partition(":")
    return tenant, object_id


async def _panel(store: Store, clock: Clock, name: str, people: dict[str, dict[str, str]]) -> None:
    listed = tuple(Listed(*_halves(key), attributes=found) for key, found in people.items())
    known = tuple(sorted({one for found in people.values() for one in found}))
    await import_panel(store, name, PeopleFile(listed, known), by="home:boss", now=clock.now())


@pytest.fixture
async def peopled(embedded: Store, clock: Clock) -> Store:
    for key in ("away:a", "away:b", "away:c", "home:boss", "home:e"):
        await _meet(embedded, clock, key)
    await _panel(
        embedded,
        clock,
        "insiders",
        {
            "away:a": {"size": "Small", "region": "EMEA"},
            "away:b": {"size": "large", "region": "emea"},
            "away:z": {"size": "small"},
        },
    )
    await _panel(embedded, clock, "staff", {"home:e": {"size": "small"}})
    return embedded


async def _in(store: Store, words: str) -> list[str]:
    return [one.id async for one in people_in(store, check_audience(words), policy=POLICY, by="home:boss")]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("me", ["home:boss"]),
        ("customers", ["away:a", "away:b", "away:c", "away:z"]),
        ("engineers", ["home:boss", "home:e"]),
        ("everyone", ["away:a", "away:b", "away:c", "away:z", "home:boss", "home:e"]),
        ("panel insiders", ["away:a", "away:b", "away:z"]),
        ("panel insiders and size=SMALL", ["away:a", "away:z"]),
        ("size=small", ["away:a", "away:z", "home:e"]),
        ("customers and region=emea", ["away:a", "away:b"]),
        ("customers and size!=small", ["away:b", "away:c"]),
        ("panel insiders or panel staff", ["away:a", "away:b", "away:z", "home:e"]),
        ("customers and not panel insiders", ["away:c"]),
        ("(panel insiders or engineers) and not size=small", ["away:b", "home:boss"]),
        ("me and panel insiders", []),
        ("size=small and size=large", []),
        ("panel nobody-made", []),
    ],
)
async def test_people_are_in_the_audiences_that_describe_them(peopled: Store, words: str, expected: list[str]) -> None:
    assert await _in(peopled, words) == expected


async def test_me_is_nobody_when_the_one_who_asks_is_not_known(peopled: Store) -> None:
    assert [one async for one in people_in(peopled, "me", policy=POLICY, by="home:stranger")] == []


async def _run_in_states(store: Store, clock: Clock, states: dict[str, DeliveryState]) -> Run:
    run = await create_run(store, SURVEY, "customers", by="home:boss", now=clock.now())
    for key, state in states.items():
        await _meet(store, clock, key)
        one = Delivery(run=run.run, id=key, state=state, slice=0)
        await store.create("runs", {**msgspec.to_builtins(one), "kind": "delivery"})
    return run


async def test_non_responders_got_it_or_may_have_and_did_not_answer(embedded: Store, clock: Clock) -> None:
    states = {
        "away:a": DeliveryState.SENT,
        "away:b": DeliveryState.ANSWERED,
        "away:c": DeliveryState.UNCONFIRMED,
        "away:d": DeliveryState.FAILED,
        "home:e": DeliveryState.SENT,
    }
    run = await _run_in_states(embedded, clock, states)
    assert await _in(embedded, f"non-responders of {run.run}") == ["away:a", "away:c", "home:e"]
    assert await _in(embedded, f"customers and non-responders of {run.run}") == ["away:a", "away:c"]
    assert await _in(embedded, f"customers and not non-responders of {run.run}") == ["away:b", "away:d"]


async def test_somebody_forgotten_is_in_no_panel_audience(peopled: Store) -> None:
    await peopled.delete("people", "away:b", "away:b")
    assert await _in(peopled, "panel insiders") == ["away:a", "away:z"]


class Counting:
    """The store, remembering which containers were asked and how large pages were."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        self.largest = 0
        self._query = store.query
        monkeypatch.setattr(store, "query", self.query)

    async def query(
        self,
        container: str,
        *,
        partition: str | None = None,
        where: tuple[Where, ...] = (),
        limit: int = 100,
        continuation: str | None = None,
    ) -> Page:
        page = await self._query(container, partition=partition, where=where, limit=limit, continuation=continuation)
        self.asked.append(container)
        docs: list[Doc] = page.docs
        self.largest = max(self.largest, len(docs))
        return page


async def test_a_panel_is_streamed_without_looking_at_anybody_else(
    embedded: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _panel(embedded, clock, "few", {f"away:{number:03d}": {"size": "small"} for number in range(250)})
    for number in range(250, 1500):
        await embedded.create("people", {"id": f"away:{number:04d}", "tenant": "away", "object_id": str(number)})
    counting = Counting(embedded, monkeypatch)
    assert len(await _in(embedded, "panel few and size=small")) == 250
    assert counting.asked.count("people") == 3  # three groups of up to a hundred, and nobody else
    assert counting.largest <= 1000


@pytest.mark.parametrize(
    ("words", "refusal", "part"),
    [
        ("panel insider", PanelUnknown, "did you mean “insiders”?"),
        ("customers and (panel nowhere or me)", PanelUnknown, "“nowhere”"),
        ("not rejion=emea", AttributeUnknown, "did you mean “region”?"),
        ("colour=red", AttributeUnknown, "“colour”"),
        ("non-responders of pulse-9", RunUnknown, "“pulse-9”"),
        ("custmers", AudienceUnclear, "did you mean “customers”?"),
    ],
)
async def test_names_that_nobody_knows_are_refused(
    peopled: Store, words: str, refusal: type[Exception], part: str
) -> None:
    with pytest.raises(refusal, match=part.replace("?", r"\?")):
        await check_names(peopled, words)


async def test_names_that_are_known_are_taken(peopled: Store, clock: Clock) -> None:
    run = await create_run(peopled, SURVEY, "me", by="home:boss", now=clock.now() - timedelta(days=1))
    words = f"Panel Insiders and Size=tiny or non-responders of {run.run}"
    assert await check_names(peopled, words) == f"panel insiders and size=tiny or non-responders of {run.run}"
    assert (await find_run(peopled, run.run)).audience == "me"
