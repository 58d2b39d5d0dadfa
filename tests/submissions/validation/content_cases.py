"""A passing and a failing item for each rule on what a content shows by itself."""

from typing import Any

from app.submissions.validation import age, boundary, cut_off, structure, sums
from app.submissions.validation.facts import ItemType
from tests.factories.factors import citation
from tests.submissions.validation.subjects import Case, known, new, update


def _stages(**values: str) -> list[dict[str, str]]:
    return [{"stage": stage, "value": value} for stage, value in values.items()]


def _gases(**masses: str) -> list[dict[str, str]]:
    return [{"gas": gas, "mass_kg": mass} for gas, mass in masses.items()]


def _period(first: str | None, last: str | None) -> dict[str, str | None]:
    return {"first": first, "last": last}


def _property(name: str, value: str, unit: str = "%") -> dict[str, Any]:
    stated = {"property": name, "value": value, "unit": unit}
    return {"properties": [stated]}


_ANONYMOUS = citation(document_number=None, evidence_sha256=None)
_TWO_USES = [{"stage": "USE", "value": "8.25"}] * 2
_TWO_GASES = [{"gas": "CO2_FOSSIL", "mass_kg": "8.25"}] * 2

CASES = {
    structure.UNIT_DIMENSION.id: Case(
        new(value="16500", unit="kgCO2e/t"), new(unit="kgCO2e/m2")
    ),
    structure.PERIOD_ORDER.id: Case(
        new(validity=_period("2025-01-01", "2025-01-01")),
        new(validity=_period("2027-01-01", "2026-12-31")),
    ),
    structure.DATA_PERIOD_FUTURE.id: Case(
        new(data_period=_period("2024-01-01", "2026-11-24"), reference_year=2025),
        new(data_period=_period("2024-01-01", "2026-11-25"), reference_year=2025),
    ),
    structure.REFERENCE_YEAR_FUTURE.id: Case(
        new(reference_year=2026), new(reference_year=2027)
    ),
    structure.REFERENCE_YEAR_OUTSIDE.id: Case(
        new(data_period=_period("2023-01-01", "2023-12-31"), reference_year=2024),
        new(data_period=_period("2022-01-01", "2022-12-31"), reference_year=2024),
    ),
    structure.DIGITS_MANY.id: Case(new(value="16.5004"), new(value="16.50041")),
    structure.DIGITS_FEW.id: Case(new(value="0.17"), new(value="0.2")),
    structure.LICENCE_UNSTATED.id: Case(new(licence="CC BY 4.0"), new(licence="N/A")),
    structure.EVIDENCE_MISSING.id: Case(
        new(source=citation(evidence_sha256=None)), new(source=_ANONYMOUS)
    ),
    sums.STAGE_SUM.id: Case(
        new(stages=_stages(RAW="6.5", MFG="10.00001")),
        new(stages=_stages(RAW="6.5", MFG="10.00002")),
    ),
    sums.GAS_SUM.id: Case(
        new(gases=_gases(CO2_FOSSIL="15.694", CH4_FOSSIL="0.0243")),
        new(gases=_gases(CO2_FOSSIL="15.690", CH4_FOSSIL="0.0240")),
    ),
    sums.GAS_SUM_FAR.id: Case(
        new(gases=_gases(CO2_FOSSIL="16.170")), new(gases=_gases(CO2_FOSSIL="16.169"))
    ),
    sums.GAS_WITHOUT_GWP.id: Case(
        new(gases=_gases(CO2_FOSSIL="16.5")),
        new(gases=_gases(CO2_FOSSIL="16.5", HFC_161="0.1"), gwp_set="AR4_100"),
    ),
    sums.GAS_NEGATIVE.id: Case(
        new(gases=_gases(CO2_FOSSIL="17.5", CO2_BIO_UPTAKE="1")),
        new(gases=_gases(CO2_FOSSIL="17.5", CO2_BIO_UPTAKE="-1")),
    ),
    sums.GAS_TWICE.id: Case(
        new(gases=_gases(CO2_FOSSIL="16.5")), new(gases=_TWO_GASES)
    ),
    sums.VALUE_NEGATIVE.id: Case(
        new(value="-1.5", gases=_gases(CO2_BIO_UPTAKE="1.5")), new(value="-1.5")
    ),
    boundary.STAGE_OUTSIDE.id: Case(
        new(stages=_stages(RAW="6.5", MFG="10", EOL="0")),
        new(stages=_stages(RAW="6.5", MFG="9", EOL="1")),
    ),
    boundary.STAGES_MISSING.id: Case(
        new(
            boundary="CRADLE_TO_GRAVE",
            stages=_stages(RAW="6.5", MFG="10", DIST="0", USE="0", EOL="0"),
        ),
        new(boundary="CRADLE_TO_GRAVE", stages=_stages(RAW="6.5", MFG="10")),
    ),
    boundary.STAGE_TWICE.id: Case(
        new(stages=_stages(RAW="6.5", MFG="10")),
        new(boundary="LIFE_CYCLE", stages=_TWO_USES),
    ),
    age.YEAR_OLD.id: Case(new(reference_year=2021), new(reference_year=2020)),
    age.YEAR_TOO_OLD.id: Case(
        update(
            known(reference_year=2010),
            item_type=ItemType.CORRECTION,
            reference_year=2010,
        ),
        new(reference_year=2015),
    ),
    age.VALIDITY_ENDED.id: Case(
        new(validity=_period(None, "2026-11-24")),
        new(validity=_period(None, "2026-11-23")),
    ),
    cut_off.CUT_OFF_SHARE.id: Case(
        new(**_property("CUT_OFF_SHARE", "5")),
        new(**_property("CUT_OFF_SHARE", "0.051", "1")),
    ),
    cut_off.CUT_OFF_LARGEST.id: Case(
        new(**_property("CUT_OFF_LARGEST", "1")),
        new(**_property("CUT_OFF_LARGEST", "1.1")),
    ),
    cut_off.CUT_OFF_MISSING.id: Case(new(), new(cut_off=None)),
}
