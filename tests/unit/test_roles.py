"""Roles that admins give: who can have one, what is refused, and that nothing but a change of the role changes it."""

import asyncio

import msgspec
import pytest

from feedback.errors import Refusal
from feedback.people.naming import who_is_meant
from feedback.people.panels import import_panel
from feedback.people.people import (
    Contact,
    Conversation,
    Person,
    Policy,
    Role,
    find_person,
    mark_unreachable,
    meet,
    person_id,
    role_now,
    set_language,
    set_opt_out,
)
from feedback.people.people_files import Listed, PeopleFile
from feedback.people.roles import (
    AdminBySetting,
    NoAdminLeft,
    NotAtHome,
    PersonUnknown,
    RoleByTenant,
    give_role,
    people_with_roles,
    take_role,
)
from store.contract import Doc, Patch, Store
from tests.conftest import Clock

BOSS = person_id("home", "boss")  # by setting
POLICY = Policy(admins=frozenset({"boss"}), home_tenants=frozenset({"home", "second"}))
NOBODY_SET = Policy(home_tenants=frozenset({"home"}))
GUID = "8f2d1f3e-5b0c-4b52-9d0c-6f4d1b1c7a10"


async def _known(store: Store, *people: tuple[str, str, str]) -> None:
    for tenant, object_id, name in people:
        await store.create("people", msgspec.to_builtins(Person(person_id(tenant, object_id), tenant, object_id, name)))


async def _give(store: Store, clock: Clock, who: str, role: Role, *, by: str = BOSS, policy: Policy = POLICY) -> Person:
    return (await give_role(store, policy, f"home:{who}", role, by=by, now=clock.now())).person


async def _take(store: Store, clock: Clock, who: str, *, by: str = BOSS, policy: Policy = POLICY) -> Person:
    return (await take_role(store, policy, f"home:{who}", by=by, now=clock.now())).person


async def _role(store: Store, key: str, policy: Policy = POLICY) -> Role:
    tenant, _, object_id = key.partition(":")
    return await role_now(store, policy, Person(key, tenant, object_id))


@pytest.fixture
async def store(embedded: Store) -> Store:
    await _known(embedded, ("home", "boss", "Sample Boss"), ("home", "ann", "Sample Ann"), ("home", "bo", "Sample Bo"))
    await _known(embedded, ("away", "cy", "Sample Cy"))
    return embedded


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMIN])
async def test_somebody_at_home_can_be_given_a_role_and_have_it_taken(store: Store, clock: Clock, role: Role) -> None:
    given = await _give(store, clock, "ann", role)
    assert (POLICY.role_of(given), await _role(store, "home:ann")) == (role, role)
    assert given.role_change is not None
    assert (given.role_change.by, given.role_change.at, given.role_change.before) == (BOSS, clock.now(), Role.ENGINEER)
    taken = await _take(store, clock, "ann")
    assert (taken.given_role, await _role(store, "home:ann")) == (None, Role.ENGINEER)
    assert await people_with_roles(store) == []


async def test_a_role_of_engineer_leaves_no_role_beyond_that(store: Store, clock: Clock) -> None:
    await _give(store, clock, "ann", Role.ADMIN)
    assert (await _give(store, clock, "ann", Role.ENGINEER)).given_role is None


async def test_everybody_with_a_role_is_listed_by_name(store: Store, clock: Clock) -> None:
    await _give(store, clock, "bo", Role.ADMIN)
    await _give(store, clock, "ann", Role.MANAGER)
    found = [(one.name, one.given_role) for one in await people_with_roles(store)]
    assert found == [("Sample Ann", Role.MANAGER), ("Sample Bo", Role.ADMIN)]


@pytest.mark.parametrize(
    ("key", "refusal"), [("away:cy", NotAtHome), ("home:boss", AdminBySetting), ("home:nobody", PersonUnknown)]
)
@pytest.mark.parametrize("role", [Role.ENGINEER, Role.MANAGER, Role.ADMIN])
async def test_nobody_else_can_be_given_one(
    store: Store, clock: Clock, key: str, refusal: type[Refusal], role: Role
) -> None:
    before = await store.get("people", key, key)
    with pytest.raises(refusal):
        await give_role(store, POLICY, key, role, by=BOSS, now=clock.now())
    assert await store.get("people", key, key) == before


@pytest.mark.parametrize(
    ("key", "refusal", "setting"),
    [
        ("home:boss", AdminBySetting, "HEARBACK_ADMINS"),
        ("home:ann", RoleByTenant, "HEARBACK_HOME_TENANTS"),
        ("away:cy", NotAtHome, "HEARBACK_HOME_TENANTS"),
        ("home:nobody", PersonUnknown, "home"),
    ],
)
async def test_what_the_settings_say_cannot_be_taken(
    store: Store, clock: Clock, key: str, refusal: type[Refusal], setting: str
) -> None:
    with pytest.raises(refusal, match=setting):
        await take_role(store, POLICY, key, by=BOSS, now=clock.now())


async def test_to_give_the_role_of_everybody_is_refused_with_the_setting(store: Store, clock: Clock) -> None:
    with pytest.raises(RoleByTenant, match="HEARBACK_HOME_TENANTS"):
        await _give(store, clock, "ann", Role.ENGINEER)


async def test_admins_stay_while_the_settings_name_none(store: Store, clock: Clock) -> None:
    await _give(store, clock, "ann", Role.ADMIN)
    for by in ("home:ann", "home:bo"):
        with pytest.raises(NoAdminLeft, match="HEARBACK_ADMINS"):
            await _take(store, clock, "ann", by=by, policy=NOBODY_SET)
        with pytest.raises(NoAdminLeft):
            await _give(store, clock, "ann", Role.MANAGER, by=by, policy=NOBODY_SET)
    assert await _role(store, "home:ann", NOBODY_SET) is Role.ADMIN
    await _give(store, clock, "bo", Role.MANAGER, policy=NOBODY_SET)
    assert (await _take(store, clock, "bo", policy=NOBODY_SET)).given_role is None  # managers may come and go
    assert (await _take(store, clock, "ann", by="home:ann")).given_role is None  # the settings name one again


async def test_a_role_that_was_given_counts_for_nothing_away_from_home(store: Store, clock: Clock) -> None:
    await _give(store, clock, "ann", Role.ADMIN)
    moved = Policy(admins=frozenset({"boss"}), home_tenants=frozenset({"second"}))
    assert await _role(store, "home:ann", moved) is Role.CUSTOMER
    with pytest.raises(NotAtHome):
        await _give(store, clock, "ann", Role.MANAGER, policy=moved)
    assert (await _take(store, clock, "ann", policy=moved)).given_role is None


async def test_a_role_never_makes_anybody_less_than_the_settings_say(store: Store, clock: Clock) -> None:
    await _give(store, clock, "ann", Role.MANAGER)
    assert await _role(store, "home:ann", Policy(frozenset({"ann"}), frozenset({"home"}))) is Role.ADMIN
    forged = Person("home:x", "home", "x", given_role=Role.CUSTOMER)
    assert POLICY.role_of(forged) is Role.ENGINEER


async def test_the_same_again_changes_nothing_and_is_the_same_record(store: Store, clock: Clock) -> None:
    first = await give_role(store, POLICY, "home:ann", Role.MANAGER, by=BOSS, now=clock.now())
    clock.pass_s(60)
    again = await give_role(store, POLICY, "home:ann", Role.MANAGER, by="home:bo", now=clock.now())
    assert (first.is_new, again.is_new, again.record) == (True, False, first.record)
    taken = await take_role(store, POLICY, "home:ann", by=BOSS, now=clock.now())
    clock.pass_s(60)
    assert (await take_role(store, POLICY, "home:ann", by=BOSS, now=clock.now())).record == taken.record
    assert taken.record is not None
    assert (taken.record.before, taken.record.after, taken.record.on) == ("manager", "engineer", "home:ann")


async def test_nothing_else_that_is_kept_about_a_person_touches_the_role(store: Store, clock: Clock) -> None:
    await _give(store, clock, "ann", Role.MANAGER)
    listed = Listed("home", "ann", "Sample Ann", {"size": "small"})
    for replaces in (False, True):
        file = PeopleFile((listed,), ("size",))
        await import_panel(store, "insiders", file, by=BOSS, now=clock.now(), replaces=replaces)
    chat = Conversation("a:1", "https://smba.example/", "29:1", "28:b")
    for name in ("Sample Ann", "Sample Ann Again"):
        met = await meet(store, Contact("home", "ann", name, "de-DE", chat, "Europe/Berlin"), clock.now())
        assert met.given_role is Role.MANAGER
    for has_opted_out in (True, False):
        assert (await set_opt_out(store, "home:ann", has_opted_out=has_opted_out)).given_role is Role.MANAGER
    await set_language(store, "home:ann", "de")
    await mark_unreachable(store, "home:ann", "the app was removed")
    ann = await find_person(store, "home:ann")
    assert ann is not None
    assert (ann.given_role, ann.name, ann.attributes) == (Role.MANAGER, "Sample Ann Again", {"size": "small"})


class _Between:
    """A store in which somebody else acts, once, between looking at a person and changing them."""

    def __init__(self, store: Store, changes: Patch) -> None:
        self._store = store
        self._changes: list[Patch] = [changes]

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def patch(self, container: str, partition: str, patch: Patch) -> Doc:
        while self._changes:
            await self._store.patch(container, partition, self._changes.pop())
        return await self._store.patch(container, partition, patch)


async def test_a_change_in_between_is_seen_and_not_lost(store: Store, clock: Clock) -> None:
    between = _Between(store, Patch("home:ann", set={"given_role": "admin"}))
    made = await give_role(between, POLICY, "home:ann", Role.MANAGER, by=BOSS, now=clock.now())  # type: ignore[arg-type]
    assert made.record is not None
    assert (made.record.before, made.record.after) == ("admin", "manager")


async def test_a_change_in_between_is_decided_anew_and_may_be_refused(store: Store, clock: Clock) -> None:
    await _give(store, clock, "ann", Role.MANAGER)
    between = _Between(store, Patch("home:ann", set={"given_role": "admin"}))
    with pytest.raises(NoAdminLeft):
        await take_role(between, NOBODY_SET, "home:ann", by="home:bo", now=clock.now())  # type: ignore[arg-type]
    assert await _role(store, "home:ann", NOBODY_SET) is Role.ADMIN


async def test_a_new_name_and_a_new_role_at_the_same_time_are_both_kept(store: Store, clock: Clock) -> None:
    chat = Conversation("a:1", "https://smba.example/", "29:1", "28:b")
    contact = Contact("home", "ann", "Sample Ann Again", "de-DE", chat)
    await asyncio.gather(_give(store, clock, "ann", Role.MANAGER), meet(store, contact, clock.now()))
    ann = await find_person(store, "home:ann")
    assert ann is not None
    assert (ann.given_role, ann.name, ann.conversation) == (Role.MANAGER, "Sample Ann Again", chat)


@pytest.mark.parametrize("words", ["ann", "home:ann", "Sample Ann", " sample  ANN ", "@Sample Ann", '"Sample Ann"'])
async def test_a_person_is_meant_by_id_or_by_their_whole_name(store: Store, words: str) -> None:
    meant = await who_is_meant(store, POLICY, words)
    assert (meant.person and meant.person.id, meant.could_be) == ("home:ann", ())


async def test_an_id_is_found_in_any_case(store: Store) -> None:
    await _known(store, ("home", GUID, "Sample Dee"))
    for words in (GUID.upper(), f"HOME:{GUID.upper()}"):
        meant = await who_is_meant(store, POLICY, words)
        assert meant.person is not None
        assert meant.person.name == "Sample Dee"


async def test_a_name_of_several_means_nobody_and_says_who_there_is(store: Store) -> None:
    await _known(store, ("second", "ann2", "Sample Ann"))
    meant = await who_is_meant(store, POLICY, "Sample Ann")
    assert (meant.person, [one.id for one in meant.could_be]) == (None, ["home:ann", "second:ann2"])
    part = await who_is_meant(store, POLICY, "sample")
    assert (part.person, len(part.could_be)) == (None, 4)
    alone = await who_is_meant(store, POLICY, "Bo")  # the object id of one, in any case
    assert alone.person is not None


async def test_the_part_of_a_name_that_one_alone_has_is_not_enough(store: Store) -> None:
    await _known(store, ("home", "x1", "Sample Unusual"))
    meant = await who_is_meant(store, POLICY, "unusual")
    assert (meant.person, [one.id for one in meant.could_be]) == (None, ["home:x1"])


async def test_an_object_id_in_two_home_tenants_means_nobody_yet(store: Store) -> None:
    await _known(store, ("second", "ann", "Sample Other"))
    meant = await who_is_meant(store, POLICY, "ann")
    assert (meant.person, len(meant.could_be)) == (None, 2)


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ("Sample Cy", PersonUnknown),
        ("cy", PersonUnknown),
        (GUID, PersonUnknown),
        ("home:none", PersonUnknown),
        ("away:none", NotAtHome),
        ("", PersonUnknown),
        ("@", PersonUnknown),
        ("Nobody At All", PersonUnknown),
    ],
)
async def test_whoever_is_not_known_at_home_is_refused(store: Store, words: str, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        await who_is_meant(store, POLICY, words)
