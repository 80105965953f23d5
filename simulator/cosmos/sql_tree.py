"""A query as a tree. What the parser makes and everybody else reads."""

from __future__ import annotations

import msgspec


class Node(msgspec.Struct, frozen=True):
    """Anything that has a value."""


class Constant(Node, frozen=True):
    """A number, a text, true, false, null or undefined."""

    value: object


class Param(Node, frozen=True):
    """`@name`: given with the query."""

    name: str


class Root(Node, frozen=True):
    """The document itself."""


class Step(Node, frozen=True):
    """`base.key` or `base[key]`."""

    base: Node
    key: Node


class Unary(Node, frozen=True):
    """A sign or a word before a value."""

    sign: str
    value: Node


class Binary(Node, frozen=True):
    """A sign or a word between two values."""

    sign: str
    left: Node
    right: Node


class Within(Node, frozen=True):
    """`value IN (…)`."""

    value: Node
    options: tuple[Node, ...]


class Choice(Node, frozen=True):
    """`test ? yes : no`."""

    test: Node
    yes: Node
    no: Node


class Call(Node, frozen=True):
    """A function, its name in capitals. `place` tells calls apart."""

    name: str
    arguments: tuple[Node, ...]
    place: int


class ArrayOf(Node, frozen=True):
    """`[a, b]`."""

    items: tuple[Node, ...]


class ObjectOf(Node, frozen=True):
    """`{"a": b}`."""

    items: tuple[tuple[str, Node], ...]


class Selected(msgspec.Struct, frozen=True):
    """One thing that a query returns, the name it goes by, and its text."""

    value: Node
    name: str
    text: str


class Ordered(msgspec.Struct, frozen=True):
    """One path of an ORDER BY."""

    value: Node
    descending: bool
    text: str


class Query(msgspec.Struct, frozen=True):
    """A whole query. `selected` is empty for `*`."""

    selected: tuple[Selected, ...] = ()
    is_value: bool = False
    is_distinct: bool = False
    top: Node | None = None
    alias: str = "root"
    where: Node | None = None
    where_text: str = ""
    group: tuple[Node, ...] = ()
    order: tuple[Ordered, ...] = ()
    offset: Node | None = None
    limit: Node | None = None

    @property
    def is_star(self) -> bool:
        """Say whether whole documents are asked for."""
        return not self.selected


def path_of(node: Node) -> tuple[str, ...] | None:
    """Return the path that leads from the document to the node's value, or None where it is not a plain one."""
    if isinstance(node, Root):
        return ()
    if isinstance(node, Step) and isinstance(node.key, Constant) and isinstance(node.key.value, str):
        before = path_of(node.base)
        return None if before is None else (*before, node.key.value)
    return None


def conjuncts(node: Node | None) -> list[Node]:
    """Return what has to hold all at once."""
    if node is None:
        return []
    if isinstance(node, Binary) and node.sign == "AND":
        return [*conjuncts(node.left), *conjuncts(node.right)]
    return [node]


def children(node: Node) -> list[Node]:
    """Return the values that a value is made of."""
    match node:
        case Step(base=one, key=other) | Binary(left=one, right=other):
            return [one, other]
        case Unary(value=one):
            return [one]
        case Within(value=one, options=options):
            return [one, *options]
        case Choice(test=test, yes=yes, no=no):
            return [test, yes, no]
        case Call(arguments=parts) | ArrayOf(items=parts):
            return list(parts)
        case ObjectOf(items=pairs):
            return [value for _, value in pairs]
        case _:
            return []


def calls(node: Node, names: frozenset[str]) -> list[Call]:
    """Return the calls of these functions anywhere in a value."""
    found = [node] if isinstance(node, Call) and node.name in names else []
    return [*found, *(call for child in children(node) for call in calls(child, names))]
