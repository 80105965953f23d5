"""Where a partition key lives: its effective key, and the physical ranges that divide the space of them.

Hash partitioning, version 2: MurmurHash3 (x64, 128 bits) of the type-marked value, its two highest bits cleared.
"""

import struct
from functools import lru_cache

from simulator.cosmos.values import UNDEFINED

_MASK = (1 << 64) - 1
_C1, _C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F
_BLOCK, _HALF = 16, 8
_SPACE = 0x40000000  # the highest first word of an effective key is just below
TOP = "FF"


def _turn(value: int, by: int) -> int:
    return ((value << by) | (value >> (64 - by))) & _MASK


def _mix(value: int) -> int:
    value ^= value >> 33
    value = value * 0xFF51AFD7ED558CCD & _MASK
    value ^= value >> 33
    value = value * 0xC4CEB9FE1A85EC53 & _MASK
    return value ^ value >> 33


def _stir_low(word: int) -> int:
    return _turn(word * _C1 & _MASK, 31) * _C2 & _MASK


def _stir_high(word: int) -> int:
    return _turn(word * _C2 & _MASK, 33) * _C1 & _MASK


def murmur3(data: bytes) -> tuple[int, int]:
    """Return the low and the high half of the 128-bit hash, with seed 0."""
    low = high = 0
    whole = len(data) // _BLOCK * _BLOCK
    for one, other in struct.iter_unpack("<QQ", data[:whole]):
        low = (_turn(low ^ _stir_low(one), 27) + high & _MASK) * 5 + 0x52DCE729 & _MASK
        high = (_turn(high ^ _stir_high(other), 31) + low & _MASK) * 5 + 0x38495AB5 & _MASK
    tail = data[whole:]
    high ^= _stir_high(int.from_bytes(tail[_HALF:], "little"))
    low ^= _stir_low(int.from_bytes(tail[:_HALF], "little"))
    low ^= len(data)
    high ^= len(data)
    low = low + high & _MASK
    high = high + low & _MASK
    low, high = _mix(low), _mix(high)
    low = low + high & _MASK
    return low, high + low & _MASK


def _marked(value: object) -> bytes:
    if value is UNDEFINED:
        return b"\x00"
    if value is None:
        return b"\x01"
    if isinstance(value, bool):
        return b"\x03" if value else b"\x02"
    if isinstance(value, int | float):
        return b"\x05" + struct.pack("<d", value)
    return b"\x08" + str(value).encode() + b"\xff"


@lru_cache(maxsize=65536, typed=True)
def effective_key(value: object) -> str:
    """Return the effective partition key of one value, as upper-case hexadecimal."""
    low, high = murmur3(_marked(value))
    turned = bytearray((low.to_bytes(8, "little") + high.to_bytes(8, "little"))[::-1])
    turned[0] &= 0x3F
    return turned.hex().upper()


def boundaries(ranges: int) -> list[tuple[str, str]]:
    """Return the lowest and the first too high effective key of each of so many equal ranges."""
    cuts = [f"{_SPACE * index // ranges:08X}".ljust(32, "0") for index in range(1, ranges)]
    return list(zip(["", *cuts], [*cuts, TOP], strict=True))
