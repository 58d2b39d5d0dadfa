"""Where two JSON documents differ, leaf by leaf, and by how much two decimals do."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any, Final

from app.kit.decimals import rounded

# More than two decimals of the wire can need: 21 digits before, 18 after the point.
_EXACT: Final = Context(prec=50)


@dataclass(frozen=True, slots=True)
class Difference:
    """A place in two documents and what each has there; None for nothing."""

    pointer: str
    old: Any
    new: Any


def differences(
    old: Any,  # noqa: ANN401 - JSON
    new: Any,  # noqa: ANN401 - JSON
    pointer: str = "",
) -> Iterator[Difference]:
    """Yield the leaves in which two documents differ, below *pointer*.

    Arrays of different lengths are one difference: which element was put in or taken
    out is not guessed.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            step = str(name).replace("~", "~0").replace("/", "~1")
            yield from differences(old.get(name), new.get(name), f"{pointer}/{step}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, two) in enumerate(zip(old, new, strict=True)):
            yield from differences(one, two, f"{pointer}/{number}")
    elif old != new:
        yield Difference(pointer, old, new)


def delta(old: str, new: str) -> str:
    """Return decimal *new* minus decimal *old*, exactly, without trailing zeros."""
    return format(_EXACT.subtract(Decimal(new), Decimal(old)).normalize(_EXACT), "f")


def relative_delta(old: str, new: str) -> str | None:
    """Return the difference divided by the absolute *old*; None where that is zero."""
    before = Decimal(old)
    if not before:
        return None
    change = _EXACT.subtract(Decimal(new), before)
    return rounded(float(_EXACT.divide(change, abs(before))))
