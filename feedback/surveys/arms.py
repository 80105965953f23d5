"""Who sees which arm of a concept test: by chance, in permuted blocks, from the seed of the run alone.

Each arm of a block is drawn once before the next block begins, so that no two arms are ever more than one person
apart. Nothing about a person decides: only the seed, and how many have been drawn before. Planning that begins again
counts those who have an arm already, and comes to the same arms.
"""

import hashlib
from collections.abc import Sequence


class Draw:
    """Draws arms for the people of one run, in the order in which they are planned."""

    def __init__(self, seed: str, arms: Sequence[str]) -> None:
        self._key = seed.encode()[:64]
        self._counts = dict.fromkeys(arms, 0)

    def next(self) -> str:
        """Return the next person's arm: one of those that fewest people have; empty where there are no arms."""
        if not self._counts:
            return ""
        fewest = min(self._counts.values())
        free = [arm for arm, count in self._counts.items() if count == fewest]
        number = sum(self._counts.values())
        found = hashlib.blake2b(str(number).encode(), key=self._key, digest_size=8).digest()
        return self.take(free[int.from_bytes(found) % len(free)])  # of 2**64, the remainder is of no weight

    def take(self, arm: str) -> str:
        """Count an arm that somebody has already, and return it."""
        if arm in self._counts:
            self._counts[arm] += 1
        return arm
