"""Keeping surveys: importing again, closing, finding, and two admins at the same moment."""

import asyncio
from collections.abc import Sequence

import pytest

from feedback.errors import SurveyUnknown
from feedback.surveys.questions import Choice, Kind, Question
from feedback.surveys.surveys import ATTEMPTS, Imported, Survey, close_survey, find_survey, import_survey, list_surveys
from store.contract import Change, Changes, Conflict, Doc, Missing, Page, Patch, Store, Where, decode, encode, holds

ASKED = (
    Question("why", Kind.TEXT, "Why?", help="In a word", required=True),
    Question("how", Kind.CHOICE, "How?", choices=(Choice("a", "A"), Choice("b", "B"))),
)
PULSE = Survey("pulse", "Product pulse (sample)", ASKED, intro="Hello")


class MemoryStore:
    """The part of the store's contract that surveys use; every call lets the others go first."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[bytes, int]] = {}
        self.writes = 0

    async def get(self, container: str, partition: str, doc_id: str) -> Doc | None:
        await asyncio.sleep(0)
        assert partition == doc_id
        found = self.kept.get(doc_id)
        return decode(container, found[0], str(found[1])) if found else None

    async def create(self, container: str, doc: Doc) -> Doc:
        await asyncio.sleep(0)
        if doc["id"] in self.kept:
            raise Conflict
        return self._write(container, doc)

    async def replace(self, container: str, doc: Doc, *, etag: str) -> Doc:
        await asyncio.sleep(0)
        if str(self.kept[str(doc["id"])][1]) != etag:
            raise Conflict
        return self._write(container, doc)

    async def patch(self, container: str, partition: str, patch: Patch) -> Doc:
        doc = await self.get(container, partition, patch.id)
        if doc is None:
            raise Missing
        return self._write(container, doc | dict(patch.set))

    async def query(
        self,
        container: str,
        *,
        partition: str | None = None,
        where: Sequence[Where] = (),
        order: str = "id",
        descending: bool = False,
        limit: int = 100,
        continuation: str | None = None,
    ) -> Page:
        await asyncio.sleep(0)
        assert (partition, order, descending) == (None, "id", False)
        docs = [decode(container, body, str(etag)) for _, (body, etag) in sorted(self.kept.items())]
        start, docs = int(continuation or 0), [doc for doc in docs if holds(doc, where)]
        more = start + limit < len(docs)
        return Page(docs[start : start + limit], str(start + limit) if more else None)

    async def delete(self, container: str, partition: str, doc_id: str, *, etag: str | None = None) -> None:
        raise NotImplementedError

    async def batch(self, container: str, partition: str, changes: Sequence[Change]) -> list[Doc]:
        raise NotImplementedError

    async def tally(self, container: str, partition: str, field: str, *, where: Sequence[Where] = ()) -> dict[str, int]:
        raise NotImplementedError

    async def changes(
        self, container: str, *, since: str | None = None, limit: int = 1000, partition: str | None = None
    ) -> Changes:
        raise NotImplementedError

    async def ping(self) -> None: ...

    async def close(self) -> None: ...

    def _write(self, container: str, doc: Doc) -> Doc:
        self.writes += 1
        self.kept[str(doc["id"])] = (encode(container, doc), self.writes)
        return doc | {"_etag": str(self.writes)}


class LosingStore(MemoryStore):
    """Somebody else always writes the same survey first."""

    def _write(self, container: str, doc: Doc) -> Doc:
        super()._write(container, doc | {"title": f"Theirs {self.writes}"})
        raise Conflict


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def store(memory: MemoryStore) -> Store:
    return memory


def titled(title: str) -> Survey:
    return Survey("pulse", title, ASKED)


async def test_a_new_survey_starts_at_version_one_and_reads_back_whole(store: Store) -> None:
    sent = Survey("pulse", "Product pulse (sample)", ASKED, intro="Hello", version=7, is_closed=True)
    assert await import_survey(store, sent) == Imported(PULSE, is_new=True, has_changed=True)
    assert await find_survey(store, "pulse") == PULSE


async def test_the_same_content_again_writes_nothing(store: Store, memory: MemoryStore) -> None:
    await import_survey(store, PULSE)
    assert await import_survey(store, PULSE) == Imported(PULSE, is_new=False, has_changed=False)
    assert memory.writes == 1


@pytest.mark.parametrize(
    "changed",
    [
        Survey("pulse", "Other", ASKED, intro="Hello"),
        Survey("pulse", "Product pulse (sample)", ASKED),
        Survey("pulse", "Product pulse (sample)", ASKED[::-1], intro="Hello"),
        Survey("pulse", "Product pulse (sample)", ASKED[:1], intro="Hello"),
    ],
)
async def test_changed_content_gets_the_next_version(store: Store, changed: Survey) -> None:
    await import_survey(store, PULSE)
    found = await import_survey(store, changed)
    assert (found.is_new, found.has_changed, found.survey.version) == (False, True, 2)
    assert await find_survey(store, "pulse") == found.survey
    assert (await import_survey(store, PULSE)).survey.version == 3


async def test_importing_again_reopens_a_closed_survey_without_a_new_version(store: Store) -> None:
    await import_survey(store, PULSE)
    await close_survey(store, "pulse")
    assert await import_survey(store, PULSE) == Imported(PULSE, is_new=False, has_changed=False, was_closed=True)
    assert await find_survey(store, "pulse") == PULSE


async def test_closing_twice_is_harmless(store: Store) -> None:
    await import_survey(store, PULSE)
    assert (await close_survey(store, "pulse")).is_closed
    again = await close_survey(store, "pulse")
    assert again.is_closed
    assert await find_survey(store, "pulse") == again
    assert (again.version, again.questions) == (1, ASKED)


async def test_imports_at_the_same_moment_each_get_their_own_version(store: Store) -> None:
    titles = [f"Title {number}" for number in range(ATTEMPTS)]
    found = await asyncio.gather(*(import_survey(store, titled(title)) for title in titles))
    assert sorted(one.survey.version for one in found) == list(range(1, ATTEMPTS + 1))
    assert sum(one.is_new for one in found) == 1
    assert (await find_survey(store, "pulse")).version == ATTEMPTS


async def test_the_same_survey_imported_twice_at_once_stays_at_version_one(store: Store) -> None:
    first, second = await asyncio.gather(import_survey(store, PULSE), import_survey(store, PULSE))
    assert sorted([first.is_new, second.is_new]) == [False, True]
    assert first.survey == second.survey == PULSE


async def test_an_import_that_never_gets_through_gives_up() -> None:
    losing = LosingStore()
    with pytest.raises(Conflict):
        await import_survey(losing, PULSE)
    assert losing.writes == ATTEMPTS


async def test_a_survey_is_found_in_any_case(store: Store) -> None:
    await import_survey(store, PULSE)
    assert await find_survey(store, " Pulse ") == PULSE


@pytest.mark.parametrize("name", ["nope", "", "../people", "a/b", "x" * 300, "pu\x00lse", "**pulse**"])
async def test_a_survey_that_is_not_there_is_unknown(store: Store, name: str) -> None:
    await import_survey(store, PULSE)
    with pytest.raises(SurveyUnknown) as found:
        await find_survey(store, name)
    with pytest.raises(SurveyUnknown):
        await close_survey(store, name)
    assert len(str(found.value)) < 160


async def test_all_surveys_are_listed_past_one_page_by_id(store: Store) -> None:
    ids = [f"s{number:03}" for number in range(205)]
    for one in reversed(ids):
        await import_survey(store, Survey(one, "T", ASKED))
    await close_survey(store, "s003")
    listed = await list_surveys(store)
    assert [one.id for one in listed] == ids
    assert [one.id for one in listed if one.is_closed] == ["s003"]


async def test_an_empty_store_lists_no_surveys(store: Store) -> None:
    assert await list_surveys(store) == []
