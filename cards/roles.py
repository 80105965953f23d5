"""The cards about who may do what: who was given a role, what became of a person's, and who could be meant."""

from collections.abc import Mapping, Sequence

from cards.elements import Card, Element, card, escape, excerpt, facts, heading, hint, moment, section, text
from cards.size import fewer, fitted, left_out
from feedback.people.people import Person, Policy
from feedback.people.roles import Changed, name_of

_NAME = 80


def roles_card(people: Sequence[Person], names: Mapping[str, str], policy: Policy) -> Card:
    """Return who was given a role, with who gave it and since when. `names` go by person id."""
    title = "Roles that were given"
    none = [text("Nobody has a role of their own. **role give** gives one.")] if not people else []
    rest = hint("Besides, **HEARBACK_ADMINS** says who is an admin, and everybody of a home tenant is an engineer.")

    def build(shown: int) -> Card:
        rows = [section(_row(one, names, policy)) for one in people[:shown]]
        more = [hint(one) for one in left_out(len(people), shown)]
        return card([heading(title), *none, *rows, *more, rest], fallback=title)

    return fitted(build, fewer(len(people)))


def role_card(changed: Changed, names: Mapping[str, str], policy: Policy) -> Card:
    """Return what somebody is now, and how that came about."""
    person, change = changed.person, changed.person.role_change
    name, role = _short(name_of(person)), policy.role_of(person).value
    title = f"{name} is {'now ' if changed.is_new else ''}{_ARTICLES[role]} {role}"
    rows = {"Object id": _short(person.object_id)}
    if change is not None:
        rows["Before"] = change.before.value
        rows["Changed by"] = _short(names.get(change.by) or change.by)
        rows["At"] = moment(change.at)
    told = (
        "It counts from now on, in the chat and in the dashboard." if changed.is_new else "Nothing had to be changed."
    )
    return card([heading(title), text(told), facts(rows)], fallback=title)


def which_card(asked: str, people: Sequence[Person]) -> Card:
    """Return who could be meant by a name. Nothing has been changed."""
    title = f"Whom do you mean by “{_short(asked)}”?"
    told = text("Nothing was changed. Say it again with the whole name, or with the object id.")

    def build(shown: int) -> Card:
        rows = [element for one in people[:shown] for element in _one(one)]
        more = [hint(one) for one in left_out(len(people), shown)]
        return card([heading(title), told, *rows, *more], fallback=title)

    return fitted(build, fewer(len(people)))


_ARTICLES = {"customer": "a", "engineer": "an", "manager": "a", "admin": "an"}


def _row(person: Person, names: Mapping[str, str], policy: Policy) -> list[Element]:
    change, given = person.role_change, person.given_role
    by = f" by {_short(names.get(change.by) or change.by)}, {moment(change.at)}" if change else ""
    away = (
        [] if policy.is_at_home(person) else [hint("It counts for nothing: their tenant is no home tenant any more.")]
    )
    role = given.value if given is not None else ""
    return [text(f"**{_short(name_of(person))}**: {role}"), hint(f"Given{by}"), *away]


def _one(person: Person) -> list[Element]:
    return [text(f"**{_short(name_of(person))}**"), hint(_short(person.object_id))]


def _short(words: str) -> str:
    return escape(excerpt(words, _NAME))
