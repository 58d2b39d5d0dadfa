"""Distributions of a stated number, and how they are stated. Pure.

A distribution says what the number may be; the result of a calculation always uses the
stated number itself.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Protocol

import numpy as np
from scipy.special import ndtri

from app.calculation import pedigree
from app.calculation.sums import Floats
from app.kit.decimals import number_text
from app.kit.errors import Invalid

# The standard normal's quantile at 0.975, to double precision.
Z_975: Final = 1.959963984540054


class SpreadBelowOne(Invalid):
    code = "GSD_BELOW_ONE"
    en = "A geometric standard deviation is at least 1; 1 says that it is certain."
    zh = "几何标准差不得小于 1;1 表示没有不确定性。"


class GsdAmbiguous(Invalid):
    en = "LOGNORMAL states gsd or gsd2, its square, and not both."
    zh = "LOGNORMAL 须给出 gsd 或其平方 gsd2 之一,不可兼用。"


class LognormalNotPositive(Invalid):
    en = "Only a positive number can be lognormal; this one is {stated}."
    zh = "只有正数才能服从对数正态分布,此值为 {stated}。"


class NegativeSpread(Invalid):
    en = "A standard deviation, a coefficient of variation and U are not negative."
    zh = "标准差、变异系数和扩展不确定度不得为负。"


class StatedOutsideBounds(Invalid):
    en = "The stated number {stated} is not between {low} and {high}."
    zh = "所报数值 {stated} 不在 {low} 与 {high} 之间。"


class ModeNotStated(Invalid):
    en = "The mode is the stated number, {stated}."
    zh = "众数即所报数值 {stated}。"


class BoundBelowZero(Invalid):
    en = "This number is never negative, so neither is its lower bound."
    zh = "此数值不可能为负,其下限也不得为负。"


class Distribution(Protocol):
    """What a number may be."""

    @property
    def mean(self) -> float:
        """The expected value."""

    @property
    def median(self) -> float:
        """The value with as much above as below."""

    @property
    def sd(self) -> float:
        """The standard deviation; zero where the number is certain."""

    def at(self, levels: Floats) -> Floats:
        """Return the quantiles at *levels*, each above 0 and below 1."""


@dataclass(frozen=True, slots=True)
class Lognormal:
    """`sigma` is the standard deviation of the logarithm."""

    median: float
    sigma: float

    @property
    def mean(self) -> float:
        """The expected value."""
        with np.errstate(over="ignore"):
            return self.median * float(np.exp(self.sigma**2 / 2))

    @property
    def sd(self) -> float:
        """The standard deviation."""
        with np.errstate(over="ignore"):
            return self.mean * float(np.sqrt(np.expm1(self.sigma**2)))

    def at(self, levels: Floats) -> Floats:
        """Return the quantiles at *levels*."""
        found: Floats = ndtri(levels)
        found *= self.sigma
        np.exp(found, out=found)
        found *= self.median
        return found


@dataclass(frozen=True, slots=True)
class Normal:
    """A symmetric number, without bounds."""

    mean: float
    sd: float

    @property
    def median(self) -> float:
        """The same as the mean."""
        return self.mean

    def at(self, levels: Floats) -> Floats:
        """Return the quantiles at *levels*."""
        found: Floats = ndtri(levels)
        found *= self.sd
        found += self.mean
        return found


@dataclass(frozen=True, slots=True)
class Uniform:
    """Every number between two bounds is as likely."""

    low: float
    high: float

    @property
    def mean(self) -> float:
        """The middle."""
        return (self.low + self.high) / 2

    @property
    def median(self) -> float:
        """The middle."""
        return self.mean

    @property
    def sd(self) -> float:
        """The standard deviation."""
        return (self.high - self.low) / math.sqrt(12)

    def at(self, levels: Floats) -> Floats:
        """Return the quantiles at *levels*."""
        return self.low + (self.high - self.low) * levels


@dataclass(frozen=True, slots=True)
class Triangular:
    """Likeliest at its mode, impossible beyond its bounds."""

    low: float
    mode: float
    high: float

    @property
    def mean(self) -> float:
        """The expected value."""
        return (self.low + self.mode + self.high) / 3

    @property
    def median(self) -> float:
        """The value with as much above as below."""
        return float(self.at(np.array([0.5]))[0])

    @property
    def sd(self) -> float:
        """The standard deviation."""
        # Of the two slopes and of the whole width: no sum that cancels.
        left, right = self.mode - self.low, self.high - self.mode
        return math.sqrt((left * left + left * right + right * right) / 18)

    def at(self, levels: Floats) -> Floats:
        """Return the quantiles at *levels*."""
        width, left = self.high - self.low, self.mode - self.low
        rising = self.low + np.sqrt(levels * (width * left))
        falling = self.high - np.sqrt((1 - levels) * (width * (width - left)))
        found: Floats = np.where(levels * width < left, rising, falling)
        return found


def read(
    document: Mapping[str, Any], stated: str, pointer: str, *, signed: bool = True
) -> Distribution:
    """Return the distribution of the *stated* number that *document* describes.

    Errors point below *pointer*, where the document stands. Unless *signed*, the number
    is never negative.
    """
    reader = _Reader(document, Decimal(stated), stated, pointer, signed=signed)
    return _READERS[document["type"]](reader)


@dataclass(frozen=True, slots=True)
class _Reader:
    """One document and the number that it stands beside."""

    document: Mapping[str, Any]
    stated: Decimal
    text: str
    pointer: str
    signed: bool

    def lognormal(self) -> Distribution:
        fields = self.document.keys() & {"gsd", "gsd2"}
        if len(fields) != 1:
            raise GsdAmbiguous(pointer=self.pointer)
        (field,) = fields
        spread = self._number(field)
        if spread < 1:
            raise SpreadBelowOne(pointer=f"{self.pointer}/{field}")
        # Near 1 a logarithm of the rounded double would lose digits.
        sigma = math.log1p(float(spread - 1))
        self._check_positive()
        return Lognormal(float(self.stated), sigma if field == "gsd" else sigma / 2)

    def variation(self) -> Distribution:
        square = self._spread("cv") ** 2
        self._check_positive()
        median = float(self.stated) / math.sqrt(1 + square)
        return Lognormal(median, math.sqrt(math.log1p(square)))

    def pedigree(self) -> Distribution:
        sigma = pedigree.sigma(self.document, self.pointer)
        self._check_positive()
        return Lognormal(float(self.stated), sigma)

    def normal(self) -> Distribution:
        return Normal(float(self.stated), self._spread("sd"))

    def expanded(self) -> Distribution:
        return Normal(float(self.stated), self._spread("u") / 2)

    def triangular(self) -> Distribution:
        low, high = self._bounds()
        if "mode" in self.document and self._number("mode") != self.stated:
            raise ModeNotStated(pointer=self.pointer + "/mode", stated=self.text)
        return Triangular(low, float(self.stated), high)

    def uniform(self) -> Distribution:
        return Uniform(*self._bounds())

    def _number(self, field: str) -> Decimal:
        where = f"{self.pointer}/{field}"
        return Decimal(number_text(self.document[field], where))

    def _spread(self, field: str) -> float:
        spread = self._number(field)
        if spread < 0:
            raise NegativeSpread(pointer=f"{self.pointer}/{field}")
        return float(spread)

    def _check_positive(self) -> None:
        if self.stated <= 0:
            raise LognormalNotPositive(pointer=self.pointer, stated=self.text)

    def _bounds(self) -> tuple[float, float]:
        low, high = self._number("min"), self._number("max")
        if low < 0 and not self.signed:
            raise BoundBelowZero(pointer=self.pointer + "/min")
        if not low <= self.stated <= high:
            texts = [number_text(self.document[field]) for field in ("min", "max")]
            raise StatedOutsideBounds(
                pointer=self.pointer, stated=self.text, low=texts[0], high=texts[1]
            )
        return float(low), float(high)


_READERS: Final[Mapping[str, Callable[[_Reader], Distribution]]] = {
    "LOGNORMAL": _Reader.lognormal,
    "CV": _Reader.variation,
    "PEDIGREE": _Reader.pedigree,
    "NORMAL": _Reader.normal,
    "U_K2": _Reader.expanded,
    "TRIANGULAR": _Reader.triangular,
    "UNIFORM": _Reader.uniform,
    "RANGE": _Reader.uniform,
}
