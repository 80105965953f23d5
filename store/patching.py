"""What a patch makes of a document, for engines that work it out themselves. Knows no database."""

from store.contract import Conflict, Doc, Patch, holds


def patched(container: str, doc: Doc, patch: Patch) -> Doc:
    """Return the document with the patch applied. Raises `Conflict`, or `ValueError` where a field is no number."""
    if not holds(doc, patch.when):
        msg = f"{container} {patch.id} is no longer as the change expects it"
        raise Conflict(msg)
    made = dict(doc)
    for field, amount in patch.add.items():
        made[field] = _sum(field, made.get(field, 0), amount)
    made.update(patch.set)
    for field in patch.unset:
        made.pop(field, None)
    return made


def _sum(field: str, found: object, amount: int) -> int | float:
    if isinstance(found, bool) or not isinstance(found, int | float):
        msg = f"cannot add to {field!r}, which is not a number"
        raise ValueError(msg)  # noqa: TRY004 - it is the document that is wrong, not the type of an argument
    return found + amount
