"""Who is there to be written to, by every id the connector may be given."""

from collections.abc import Iterator

from simulator.people import Person


class Directory:
    """All people. They come and stay."""

    def __init__(self) -> None:
        self._by_object: dict[tuple[str, str], Person] = {}
        self._by_user: dict[str, Person] = {}
        self._by_chat: dict[str, Person] = {}

    def __iter__(self) -> Iterator[Person]:
        return iter(self._by_user.values())

    def __len__(self) -> int:
        return len(self._by_user)

    def add(self, person: Person) -> None:
        """Let a person be found. Raises `ValueError` where somebody has the same ids."""
        who = person.who
        if who.user_id in self._by_user:
            message = f"{who.name} ({who.object_id}) is there already"
            raise ValueError(message)
        self._by_user[who.user_id] = self._by_chat[who.conversation] = person
        self._by_object[who.tenant, who.object_id] = person

    def find(self, member: str, tenant: str) -> Person | None:
        """Return the person with this "29:…" id or Entra object id in the tenant."""
        person = self._by_user.get(member) or self._by_object.get((tenant, member))
        return person if person is not None and person.who.tenant == tenant else None

    def in_conversation(self, conversation: str) -> Person | None:
        """Return whose chat this is, if it exists yet."""
        person = self._by_chat.get(conversation)
        return person if person is not None and person.has_chat else None
