"""The share of a main output among its co-products. Exact until the last step."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Final

from app.calculation import amounts
from app.calculation.findings import (
    AllocationInvalid,
    AllocationMissing,
    CoProductsNotListed,
)
from app.calculation.request import CoProduct, Output, Process
from app.kit.decimals import number_text
from app.kit.schemas import check_text
from app.kit.validation import pointer as pointer_of
from app.units.algebra import Dimension, convert
from app.units.catalogue import canonical_unit, unit


def checked_share(process: Process) -> float:
    """Return `main_share`; what the allocation does not look at is judged too."""
    amounts.check_value(process["output"], "/output")
    for place, product in enumerate(process.get("co_products", ())):
        where = f"/co_products/{place}"
        check_text(product["name"], where + "/name")
        unit(product["unit"], where + "/unit")
        number_text(product["amount"], where + "/amount")
        amounts.check_value(product, where)
    return main_share(process)


def not_listed(process: Process, share: float) -> CoProductsNotListed | None:
    """Return what to tell of a *share* whose other side is not listed."""
    if share < 1 and not process.get("co_products"):
        return CoProductsNotListed(id=process["id"])
    return None


def main_share(process: Process) -> float:
    """Return α, the share of the main output: 1 without co-products.

    Raises `AllocationMissing` or `AllocationInvalid`, placed inside the process.
    """
    co_products = process.get("co_products", [])
    allocation = process.get("allocation")
    if allocation is None:
        if co_products:
            raise AllocationMissing(pointer="/co_products", id=process["id"])
        return 1.0
    if allocation["method"] == "SHARE":
        return _stated_share(allocation.get("share"))
    if "share" in allocation:
        reasons = ("share belongs to SHARE alone", "share 仅用于 SHARE")
        raise _invalid("/allocation/share", *reasons)
    weigh = _WEIGHTS[allocation["method"]]
    return _weighted_share(process["output"], co_products, weigh)


Weigh = Callable[[Output, str], Fraction]


def _stated_share(stated: Any) -> float:  # noqa: ANN401 - a Number of the request
    where = "/allocation/share"
    if stated is None:
        raise _invalid(where, "SHARE states the share", "SHARE 须给出 share")
    share = Fraction(number_text(stated, where))
    if not 0 < share <= 1:
        reasons = ("a share is above 0 and at most 1", "share 须大于 0 且不大于 1")
        raise _invalid(where, *reasons)
    return float(share)


def _weighted_share(
    main: Output, co_products: Sequence[CoProduct], weigh: Weigh
) -> float:
    weight = weigh(main, "/output")
    if weight <= 0:
        raise _invalid("/output", "the main output weighs nothing", "主产品权重须为正")
    total = weight
    for number, product in enumerate(co_products):
        where = pointer_of(["co_products", number])
        other = weigh(product, where)
        if other < 0:
            raise _invalid(where, "a weight is negative", "权重不得为负")
        total += other
    return float(weight / total)


def _mass(output: Output, where: str) -> Fraction:
    return _in(Dimension.MASS, output, where)


def _energy(output: Output, where: str) -> Fraction:
    if "value" in output:
        return _amount(output, where) * _value(output, where)
    return _in(Dimension.ENERGY, output, where)


def _economic(output: Output, where: str) -> Fraction:
    return _amount(output, where) * _value(output, where)


def _value(output: Output, where: str) -> Fraction:
    if "value" not in output:
        raise _invalid(where, "every output states its value", "各产出均须给出 value")
    return Fraction(number_text(output["value"], where + "/value"))


def _amount(output: Output, where: str) -> Fraction:
    return Fraction(number_text(output["amount"], where + "/amount"))


def _in(dimension: Dimension, output: Output, where: str) -> Fraction:
    stated = unit(output["unit"], where + "/unit")
    canonical = canonical_unit(dimension)
    return convert(_amount(output, where), stated, canonical, where + "/unit")


_WEIGHTS: Final[dict[str, Weigh]] = {
    "MASS": _mass,
    "ENERGY": _energy,
    "ECONOMIC": _economic,
    "PHYSICAL": _value,
}


def _invalid(pointer: str, reason_en: str, reason_zh: str) -> AllocationInvalid:
    return AllocationInvalid(pointer=pointer, reason_en=reason_en, reason_zh=reason_zh)
