"""A request as slotted structs, decoded straight from its bytes.

Fields, their order and their bounds are those of the dictionaries in `request`, which
describe the interface; whatever these structs refuse is read again by those.
"""

from typing import Annotated, TypeAlias

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from app.calculation.request import (
    CategoryCode,
    GwpSetCode,
    KindCode,
    Method,
    StageCode,
)
from app.kit.schemas import NAME_LENGTH

Number: TypeAlias = str | int | float
Label: TypeAlias = Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH)]
UnitText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Reference: TypeAlias = Annotated[str, Meta(max_length=40)]


class _Shape(Struct, forbid_unknown_fields=True, gc=False):
    """Untracked by the collector: no struct can lead back to itself."""


class Quantity(_Shape):
    amount: Number
    unit: UnitText


class Output(Quantity):
    value: Number | UnsetType = UNSET


class CoProduct(Output, kw_only=True):
    name: Label


class Allocation(_Shape):
    method: Method
    share: Number | UnsetType = UNSET


class InlineGas(_Shape):
    gas: str
    mass_kg: Number


class InlineFactor(_Shape):
    name: Label
    value: Number
    unit: UnitText
    gwp_set: GwpSetCode | UnsetType = UNSET
    gases: list[InlineGas] | UnsetType = UNSET
    category: CategoryCode | UnsetType = UNSET
    kind: KindCode | UnsetType = UNSET

    def is_plain(self) -> bool:
        """Tell whether name, value and unit are all that is stated."""
        return self.gwp_set is self.gases is self.category is self.kind is UNSET


class Input(_Shape):
    process: Label | UnsetType = UNSET
    factor: Reference | InlineFactor | UnsetType = UNSET
    amount: Number | UnsetType = UNSET
    unit: UnitText | UnsetType = UNSET
    mass: Quantity | UnsetType = UNSET
    distance: Quantity | UnsetType = UNSET
    stage: StageCode | UnsetType = UNSET
    category: CategoryCode | UnsetType = UNSET


class Emission(_Shape):
    gas: str
    amount: Number
    unit: UnitText
    stage: StageCode | UnsetType = UNSET
    category: CategoryCode | UnsetType = UNSET


class Process(_Shape, kw_only=True):
    id: Label
    name: Label | UnsetType = UNSET
    stage: StageCode | UnsetType = UNSET
    output: Output
    inputs: list[Input] | UnsetType = UNSET
    emissions: list[Emission] | UnsetType = UNSET
    co_products: list[CoProduct] | UnsetType = UNSET
    allocation: Allocation | UnsetType = UNSET


class Request(_Shape):
    """Apart from its processes a request is small: the careful reader checks it."""

    reference: Raw
    processes: list[Raw]
    gwp_set: Raw | UnsetType = UNSET
    snapshot: Raw | UnsetType = UNSET
    valid_on: Raw | UnsetType = UNSET
    purpose: Raw | UnsetType = UNSET
    strict: Raw | UnsetType = UNSET
    detail: Raw | UnsetType = UNSET
