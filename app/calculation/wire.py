"""A request as slotted structs, decoded straight from its bytes.

Fields and their bounds are those of the dictionaries in `request`, which describe the
interface; whatever these structs refuse is read again by those. Fields stand in the
order of their names, so that what is encoded is in canonical form.
"""

from typing import Annotated, TypeAlias

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from app.calculation.shapes import CategoryCode, GwpSetCode, KindCode, Method, StageCode
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


class CoProduct(_Shape):
    amount: Number
    name: Label
    unit: UnitText
    value: Number | UnsetType = UNSET


class Allocation(_Shape):
    method: Method
    share: Number | UnsetType = UNSET


class InlineGas(_Shape):
    gas: str
    mass_kg: Number


class InlineFactor(_Shape, kw_only=True):
    category: CategoryCode | UnsetType = UNSET
    gases: list[InlineGas] | UnsetType = UNSET
    gwp_set: GwpSetCode | UnsetType = UNSET
    kind: KindCode | UnsetType = UNSET
    name: Label
    unit: UnitText
    value: Number

    def is_plain(self) -> bool:
        """Tell whether name, value and unit are all that is stated."""
        return self.gwp_set is self.gases is self.category is self.kind is UNSET


class Input(_Shape):
    amount: Number | UnsetType = UNSET
    category: CategoryCode | UnsetType = UNSET
    distance: Quantity | UnsetType = UNSET
    factor: Reference | InlineFactor | UnsetType = UNSET
    mass: Quantity | UnsetType = UNSET
    process: Label | UnsetType = UNSET
    stage: StageCode | UnsetType = UNSET
    unit: UnitText | UnsetType = UNSET


class Emission(_Shape, kw_only=True):
    amount: Number
    category: CategoryCode | UnsetType = UNSET
    gas: str
    stage: StageCode | UnsetType = UNSET
    unit: UnitText


class Process(_Shape, kw_only=True):
    allocation: Allocation | UnsetType = UNSET
    co_products: list[CoProduct] | UnsetType = UNSET
    emissions: list[Emission] | UnsetType = UNSET
    id: Label
    inputs: list[Input] | UnsetType = UNSET
    name: Label | UnsetType = UNSET
    output: Output
    stage: StageCode | UnsetType = UNSET


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
    cut_offs: Raw | UnsetType = UNSET
    gec_allowed: Raw | UnsetType = UNSET
    store: Raw | UnsetType = UNSET
