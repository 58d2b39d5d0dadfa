"""What a macro expands into: terms, each an exact coefficient and a source. Pure."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeVar

from app.calculation.macros import ElectricityTag
from app.calculation.shapes import StageCode
from app.kit.decimals import number_text
from app.kit.errors import Findings, Invalid

_T = TypeVar("_T")
_PLACES: Final = 18
_ONE: Final = 10**_PLACES
_MOST: Final = 10**20
# What rounding may take of a number: far less than the twelve digits of an answer.
_LOSS: Final = Fraction(1, 10**14)


class ParameterMissing(Invalid):
    en = "{method} needs {name}, for {term}."
    zh = "{method} 需要 {name}(用于 {term})。"


class ParameterNotUsed(Invalid):
    en = "{method} takes no {name}."
    zh = "{method} 不使用 {name}。"


class ParameterOutOfRange(Invalid):
    en = "{name} is {value}; it must be {bounds}."
    zh = "{name} 为 {value},应满足 {bounds}。"


class NegativeQuantity(Invalid):
    en = "This amount is not negative; a credit is an ordinary input."
    zh = "此处数量不得为负;抵扣请以普通输入填报。"


class ExpansionInexact(Invalid):
    en = (
        "{value} has no decimal of at most 20 digits before and 18 after the point "
        "that is exact enough; state the amount in another unit."
    )
    zh = "{value} 无法以小数点前 20 位、后 18 位的小数足够精确地表示,请换用其他单位。"


class UncertaintyShared(Invalid):
    en = (
        "This uncertain figure stands in {count} lines, where it would vary "
        "independently; make it a process of its own and name that."
    )
    zh = "该不确定数值出现在 {count} 条输入中,将被当作相互独立;请将其设为单独的过程。"


@dataclass(frozen=True, slots=True)
class Term:
    """One line to be: `coefficient` times the amount of the macro, from a source.

    `name` is how the formula writes it, `source` the field of the macro that says what
    is taken; `unit` that of the line.
    """

    name: str
    source: str
    coefficient: Fraction
    amount: Fraction
    unit: str
    stage: StageCode | None
    tag: ElectricityTag | None = None


class Faults:
    """Collects what is wrong with one macro, so that all of it is told at once."""

    def __init__(self) -> None:
        self.errors: list[Invalid] = []

    def keep(self, error: Invalid) -> None:
        """Keep *error*."""
        self.errors.append(error)

    def number(self, value: object, pointer: str) -> Fraction | None:
        """Return the number that is stated at *pointer*, or keep why it is none."""
        return self.attempt(lambda: Fraction(number_text(value, pointer)))

    def quantity(self, value: object) -> Fraction | None:
        """Return the amount of a macro, which is not negative."""
        amount = self.number(value, "/amount")
        if amount is not None and amount < 0:
            self.keep(NegativeQuantity(pointer="/amount"))
        return amount

    def attempt(self, step: Callable[[], _T]) -> _T | None:
        """Return what *step* does, or keep why it does not."""
        try:
            return step()
        except Invalid as error:
            self.keep(error)
            return None

    def finish(self) -> None:
        """Raise `Findings` if anything was kept."""
        if self.errors:
            raise Findings(self.errors)


def refuse_unused(
    faults: Faults, method: str, stated: Iterable[str], known: Collection[str]
) -> None:
    """Keep a finding for each *stated* part that *method* does not know."""
    for name in stated:
        if name not in known:
            fault = ParameterNotUsed(pointer=f"/{name}", method=method, name=name)
            faults.keep(fault)


def decimal_text(value: Fraction) -> str:
    """Return *value* as a decimal of the wire, with up to 18 digits after the point.

    Rounded half-even where it has more; raises `ExpansionInexact` where that would take
    away more than one part in 10^14, or there are too many digits before the point.
    """
    units = round(value * _ONE)
    off = abs(Fraction(units, _ONE) - value)
    if off > abs(value) * _LOSS or abs(units) >= _MOST * _ONE:
        raise ExpansionInexact(pointer="/amount", value=f"{float(value):.6g}")
    whole, part = divmod(abs(units), _ONE)
    digits = f"{part:0{_PLACES}}".rstrip("0")
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"
