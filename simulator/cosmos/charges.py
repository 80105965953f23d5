"""What a request costs, in request units, by Microsoft's published figures.

Source: “Understand request units consumption” (learn.microsoft.com/azure/cosmos-db/understand-request-unit-consumption,
2026-04-21): the table of sizes for reads and writes in one region at session consistency; a create costs the write
plus 0.2 for each indexed term; a replace deletes and inserts, and pays 0.2 for each term that left and each that came;
a patch is a replace plus 0.4 for each operation; a delete costs the write plus 0.2 for each term; a feed costs what
reading its documents one by one would. A transactional batch is the sum of its operations
(learn.microsoft.com/azure/cosmos-db/optimize-cost-reads-writes: replace about twice an insert, and point read 1 unit
for 1 KB, 10 for 100 KB).

Not published, so estimated here: a query costs 2.3 for each physical range it visits (what the smallest one is
seen to cost), 0.03 for each index entry that matched, and the reading of every document it loads (a twentieth of a
point read each; a scan loads all of them). A refused write costs 1, a query plan, the account and the ranges nothing.
"""

from bisect import bisect_left

_KB = 1024
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
_READS = (1.00, 1.04, 1.14, 1.33, 1.67, 2.19, 4.76, 9.95, 20.28, 40.95, 145.90, 291.80)
_WRITES = (4.95, 6.29, 6.67, 7.04, 9.52, 11.23, 22.67, 48.19, 98.29, 184.57, 625.00, 1250.00)
_TERM = 0.2
_PATCHED = 0.4
_VISIT = 2.3
_ENTRY = 0.03
_LOADED = 0.05
REFUSED = 1.0


def _between(size: int, charges: tuple[float, ...]) -> float:
    kilobytes = size / _KB
    place = bisect_left(_SIZES, kilobytes)
    if place == 0:
        return charges[0]
    if place == len(_SIZES):
        return charges[-1] * kilobytes / _SIZES[-1]
    share = (kilobytes - _SIZES[place - 1]) / (_SIZES[place] - _SIZES[place - 1])
    return charges[place - 1] + share * (charges[place] - charges[place - 1])


def read(size: int) -> float:
    """Return the charge of a point read of so many bytes."""
    return _between(size, _READS)


def create(size: int, terms: int) -> float:
    """Return the charge of writing a new document with so many indexed terms; deleting it costs the same."""
    return _between(size, _WRITES) + _TERM * terms


def replace(old_size: int, new_size: int, changed_terms: int, *, patched: int = 0) -> float:
    """Return the charge of a replace, or of a patch with so many operations."""
    sizes = _between(old_size, _WRITES) + _between(new_size, _WRITES)
    return sizes + _TERM * changed_terms + _PATCHED * patched


def query(visited: int, entries: int, loaded_sizes: float) -> float:
    """Return the charge of a page of a query; `loaded_sizes` is what point reads of the loaded documents would cost."""
    return _VISIT * visited + _ENTRY * entries + _LOADED * loaded_sizes
