"""Reading JSON of unknown shape without trusting it. Knows nothing about Teams."""

Json = dict[str, object]


def mapping(value: object) -> Json:
    """Return the value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listing(value: object) -> list[object]:
    """Return the value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def dig(value: object, *path: str) -> object:
    """Return what lies at the path of object keys, or None."""
    for key in path:
        value = mapping(value).get(key)
    return value


def text(value: object, *path: str) -> str:
    """Return the string at the path, or an empty one."""
    found = dig(value, *path)
    return found if isinstance(found, str) else ""
