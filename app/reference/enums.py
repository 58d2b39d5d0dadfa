"""The closed vocabularies of a factor, with their labels in both languages."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

from app.kit.errors import Invalid
from app.reference.tables import rows, shown


class FactorKind(StrEnum):
    """What a factor measures; only the first four are footprints."""

    PCF = "PCF"
    TRANSPORT_SERVICE = "TRANSPORT_SERVICE"
    ENERGY = "ENERGY"
    EOL = "EOL"
    DIRECT_EF = "DIRECT_EF"
    ENERGY_CO2_EF = "ENERGY_CO2_EF"
    PARAMETER = "PARAMETER"


class Boundary(StrEnum):
    """Which part of the life cycle a factor covers.

    LIFE_CYCLE is for sources that say so and name no gates, DIRECT for emissions at
    the source only.
    """

    CRADLE_TO_GATE = "CRADLE_TO_GATE"
    CRADLE_TO_GRAVE = "CRADLE_TO_GRAVE"
    GATE_TO_GATE = "GATE_TO_GATE"
    GATE_TO_GRAVE = "GATE_TO_GRAVE"
    USE_ONLY = "USE_ONLY"
    EOL_ONLY = "EOL_ONLY"
    WELL_TO_TANK = "WELL_TO_TANK"
    WELL_TO_WHEEL = "WELL_TO_WHEEL"
    CBAM_SEE = "CBAM_SEE"
    LIFE_CYCLE = "LIFE_CYCLE"
    DIRECT = "DIRECT"
    NOT_STATED = "NOT_STATED"


class GhgCategory(StrEnum):
    """The part of a footprint to which an emission belongs; exclusive, they sum up."""

    FOSSIL = "FOSSIL"
    BIO_EMIT = "BIO_EMIT"
    BIO_REMOVAL = "BIO_REMOVAL"
    DLUC = "DLUC"
    AIRCRAFT = "AIRCRAFT"
    UNSPECIFIED = "UNSPECIFIED"


class Representativeness(StrEnum):
    """Of what a factor is the average."""

    NATIONAL_AVG = "NATIONAL_AVG"
    REGIONAL_AVG = "REGIONAL_AVG"
    PROVINCIAL_AVG = "PROVINCIAL_AVG"
    INDUSTRY_AVG = "INDUSTRY_AVG"
    TECH_SPECIFIC = "TECH_SPECIFIC"
    ENTERPRISE = "ENTERPRISE"
    FACILITY = "FACILITY"
    IMPORT_MIX = "IMPORT_MIX"
    CONSUMPTION_MIX = "CONSUMPTION_MIX"
    NOT_STATED = "NOT_STATED"


class GwpAbsence(StrEnum):
    """Why a factor names no GWP set; NOT_APPLICABLE is CO2 only or a single gas."""

    NOT_STATED = "NOT_STATED"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class Road(StrEnum):
    """How a factor version came to be published."""

    PANEL = "PANEL"
    AUTHORITY = "AUTHORITY"
    IMPORT = "IMPORT"


class VersionStatus(StrEnum):
    """Where a published version stands at a snapshot."""

    PUBLISHED = "PUBLISHED"
    SUPERSEDED = "SUPERSEDED"
    SUSPENDED = "SUSPENDED"
    RETIRED = "RETIRED"
    VOID = "VOID"


class Role(StrEnum):
    """What a person may do, for one organisation."""

    SUBMITTER = "SUBMITTER"
    APPROVER = "APPROVER"
    SECRETARIAT = "SECRETARIAT"
    REVIEWER = "REVIEWER"
    PUBLISHER = "PUBLISHER"
    AUDITOR = "AUDITOR"
    CONSUMER = "CONSUMER"
    ADMIN = "ADMIN"


class AllocationMethod(StrEnum):
    """How a burden is shared among co-products.

    NONE is what a factor may state; a calculation with co-products needs another.
    """

    NONE = "NONE"
    MASS = "MASS"
    ENERGY = "ENERGY"
    ECONOMIC = "ECONOMIC"
    PHYSICAL = "PHYSICAL"
    SHARE = "SHARE"


class Traceability(StrEnum):
    """How far a measured amount is traced back to the SI, best first."""

    SI_TRACEABLE = "SI_TRACEABLE"
    STATUTORY_VERIFIED = "STATUTORY_VERIFIED"
    CERTIFICATE_WITH_GAP = "CERTIFICATE_WITH_GAP"
    MEASURED_UNCERTIFIED = "MEASURED_UNCERTIFIED"
    NOT_MEASURED = "NOT_MEASURED"


class QualityBand(StrEnum):
    """What a data-quality rating from 1 to 5 is called, best first."""

    EXCELLENT = "EXCELLENT"
    VERY_GOOD = "VERY_GOOD"
    GOOD = "GOOD"
    FAIR = "FAIR"
    POOR = "POOR"


class RegionLevel(StrEnum):
    """The rungs that a search for a factor climbs, from the top."""

    GLOBAL = "GLOBAL"
    COUNTRY = "COUNTRY"
    GRID = "GRID"
    PROVINCE = "PROVINCE"


VERIFICATION_FORMS: Final = ("OFFICIAL_TEXT_SEEN", "TRANSCRIBED_n", "SUBMITTED")
VERIFICATION_PATTERN: Final = (
    r"^(OFFICIAL_TEXT_SEEN|TRANSCRIBED_[1-9][0-9]?|SUBMITTED)$"
)
_VERIFICATION: Final = re.compile(VERIFICATION_PATTERN, re.ASCII)


class UnknownTerm(Invalid):
    en = '"{code}" is not one of {choices}.'
    zh = "“{code}”不在可选值 {choices} 之内。"


@dataclass(frozen=True, slots=True)
class Term:
    """A code of a vocabulary with its labels."""

    code: str
    zh: str
    en: str
    source: str


Member = TypeVar("Member", bound=StrEnum)


def member(vocabulary: type[Member], code: str, pointer: str | None = None) -> Member:
    """Return the member of *vocabulary* that *code* names."""
    try:
        return vocabulary(code)
    except ValueError:
        raise _unknown(code, vocabulary, pointer) from None


def verification(text: str, pointer: str | None = None) -> str:
    """Return *text* if it says how a figure was checked against its source."""
    if not _VERIFICATION.fullmatch(text):
        raise _unknown(text, VERIFICATION_FORMS, pointer)
    return text


def terms(name: str, codes: Iterable[str]) -> tuple[Term, ...]:
    """Return the labels of vocabulary *name*, one for each of *codes*, in order."""
    labelled = {
        row["code"]: Term(row["code"], row["zh"], row["en"], row["source"])
        for row in rows("enumerations.csv")
        if row["enumeration"] == name
    }
    return tuple(labelled[code] for code in codes)


def _unknown(code: str, codes: Iterable[str], pointer: str | None) -> UnknownTerm:
    return UnknownTerm(pointer=pointer, code=shown(code), choices=", ".join(codes))


ENUMERATIONS: Final[Mapping[str, tuple[Term, ...]]] = MappingProxyType(
    {
        name: terms(name, codes)
        for name, codes in {
            "factor_kind": FactorKind,
            "boundary": Boundary,
            "ghg_category": GhgCategory,
            "representativeness": Representativeness,
            "gwp_absence": GwpAbsence,
            "verification": VERIFICATION_FORMS,
            "road": Road,
            "role": Role,
            "version_status": VersionStatus,
            "allocation_method": AllocationMethod,
            "region_level": RegionLevel,
            "traceability": Traceability,
            "quality_band": QualityBand,
        }.items()
    }
)
