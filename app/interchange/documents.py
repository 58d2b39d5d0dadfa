"""From the values of a row to the document of a content."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from app.factors.codes import parse_pin
from app.interchange import numbers
from app.interchange.cell_findings import (
    BadEntry,
    EntryTwice,
    Incomplete,
    NotPinned,
)
from app.interchange.columns import BY_KEY, COLUMNS, GAS_PREFIX, STAGE_PREFIX
from app.interchange.spreadsheet_text import shown
from app.interchange.vocabularies import VOCABULARIES
from app.kit.errors import Invalid
from app.reference.enums import FactorKind
from app.reference.gases import GAS_CODES, GASES
from app.reference.properties import canonical_unit
from app.units.catalogue import unit
from app.units.factor_unit import parse_factor_unit, parse_parameter_unit

Entry = TypeVar("Entry")
Values = Mapping[str, Any]
Refuse = Callable[[str, Invalid], None]
"""Hears what is wrong, with the key of the column."""
_ENTRY: Final = re.compile(r"\s*([^=＝]+?)\s*[=＝]\s*(.+?)\s*\Z")
_SEPARATORS: Final = re.compile(r"[;；]")
_GAS_ORDER: Final = {code: number for number, code in enumerate(GASES)}
_STAGES: Final = tuple(
    each.key for each in COLUMNS if each.key.startswith(STAGE_PREFIX)
)
_GASES: Final = tuple(each.key for each in COLUMNS if each.key.startswith(GAS_PREFIX))


def document(values: Values, refuse: Refuse) -> dict[str, Any]:
    """Return the document that *values*, by key of column, state."""
    return {
        "name": {"zh": values.get("name_zh"), "en": values.get("name_en")},
        "kind": values.get("kind"),
        "category": values.get("category"),
        "value": values.get("value"),
        "unit": _unit(values, refuse),
        "gwp_set": values.get("gwp_set"),
        "gases": _gases(values, refuse),
        "boundary": values.get("boundary"),
        "stages": [
            {"stage": key.removeprefix(STAGE_PREFIX), "value": values[key]}
            for key in _STAGES
            if key in values
        ],
        "region": values.get("region"),
        "technology": values.get("technology"),
        "representativeness": values.get("representativeness"),
        "reference_year": values.get("reference_year"),
        "year_basis": "STATED",
        "data_period": _period(values, "data_from", "data_to"),
        "validity": {"first": values.get("valid_from"), "last": values.get("valid_to")},
        "uncertainty": _range(values, refuse),
        "data_quality": _scores(values, refuse),
        "properties": _properties(values, refuse),
        "allocation": values.get("allocation"),
        "cut_off": values.get("cut_off"),
        "sources": [_source(values)],
        "verification": "SUBMITTED",
        "derivation": _derivation(values, refuse),
        "licence": values.get("licence"),
        "owner": _owner(values, refuse),
        "change_reason": values.get("change_reason"),
        "note": values.get("note"),
    }


def _unit(values: Values, refuse: Refuse) -> str | None:
    text = values.get("unit")
    if text is None:
        return None
    try:
        if values.get("kind") == FactorKind.PARAMETER:
            return parse_parameter_unit(text).code
        return parse_factor_unit(text, GAS_CODES).code
    except Invalid as error:
        # The kind is what says how the unit is read; without it nothing is known.
        if "kind" in values:
            refuse("unit", error)
        return str(text)


def _gases(values: Values, refuse: Refuse) -> list[dict[str, str]]:
    masses = {
        key.removeprefix(GAS_PREFIX): values[key] for key in _GASES if key in values
    }
    for code, mass in _listed(values, "gases_other", refuse, _gas):
        if code in masses:
            refuse("gases_other", EntryTwice(name=code))
        masses[code] = mass
    return [
        {"gas": code, "mass_kg": masses[code]}
        for code in sorted(masses, key=_GAS_ORDER.__getitem__)
    ]


def _gas(text: str) -> tuple[str, str]:
    name, mass = _pair(text, "HFC_134A=0.001")
    return VOCABULARIES["gas"].code(name), numbers.decimal(mass)


def _properties(values: Values, refuse: Refuse) -> list[dict[str, str]]:
    return list(_listed(values, "properties", refuse, _property))


def _property(text: str) -> dict[str, str]:
    example = "NCV=38.9 MJ/kg"
    name, rest = _pair(text, example)
    number, space, name_of_unit = rest.partition(" ")
    if not space:
        raise BadEntry(text=shown(text), example=example)
    code = VOCABULARIES["property"].code(name)
    return {
        "property": code,
        "value": numbers.decimal(number),
        "unit": canonical_unit(code, name_of_unit.strip()),
    }


def _derivation(values: Values, refuse: Refuse) -> list[str]:
    return list(_listed(values, "derivation", refuse, _pin))


def _pin(text: str) -> str:
    """Return `CODE@n` or, with how much of it was taken, `CODE@n * amount unit`."""
    code, star, amount = text.replace("×", "*").partition("*")
    pin = parse_pin(code.strip())
    if pin.version is None:
        raise NotPinned(text=shown(text))
    if not star:
        return str(pin)
    number, _, name = amount.strip().partition(" ")
    return f"{pin} * {numbers.decimal(number)} {unit(name.strip()).code}"


def _listed(
    values: Values, key: str, refuse: Refuse, read: Callable[[str], Entry]
) -> Iterator[Entry]:
    """Yield what *read* makes of each entry; what it refuses is told and left out."""
    for part in _SEPARATORS.split(values.get(key) or ""):
        if not part.strip():
            continue
        try:
            yield read(part.strip())
        except Invalid as error:
            refuse(key, error)


def _pair(text: str, example: str) -> tuple[str, str]:
    match = _ENTRY.fullmatch(text)
    if match is None:
        raise BadEntry(text=shown(text), example=example)
    return match[1], match[2]


def _period(values: Values, first: str, last: str) -> dict[str, str | None] | None:
    if first not in values and last not in values:
        return None
    return {"first": values.get(first), "last": values.get(last)}


def _range(values: Values, refuse: Refuse) -> dict[str, str] | None:
    if not _whole(values, ("uncertainty_min", "uncertainty_max"), refuse):
        return None
    low, high = values["uncertainty_min"], values["uncertainty_max"]
    return {"type": "RANGE", "min": low, "max": high}


def _scores(values: Values, refuse: Refuse) -> dict[str, str] | None:
    keys = ("ter", "ger", "tir", "p")
    if not _whole(values, keys, refuse):
        return None
    return {key: values[key] for key in keys}


def _owner(values: Values, refuse: Refuse) -> dict[str, str] | None:
    if not _whole(values, ("owner_zh", "owner_en"), refuse):
        return None
    return {"zh": values["owner_zh"], "en": values["owner_en"]}


def _whole(values: Values, keys: Sequence[str], refuse: Refuse) -> bool:
    """Tell whether all of *keys* are stated; some without the others are refused."""
    stated = [key for key in keys if key in values]
    missing = [key for key in keys if key not in values]
    if stated and missing:
        refuse(
            missing[0],
            Incomplete(
                missing=BY_KEY[missing[0]].header,
                stated=BY_KEY[stated[0]].header,
                group=", ".join(keys),
            ),
        )
    return not missing


def _source(values: Values) -> dict[str, Any]:
    publisher = {key: values.get(f"source_publisher_{key}") for key in ("zh", "en")}
    facts = ("title", "document_number", "date", "locator", "url", "evidence_sha256")
    stated = {key: values.get(f"source_{key}") for key in facts}
    return stated | {"publisher": publisher}
