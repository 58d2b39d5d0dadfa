"""A passing and a failing item for each rule on an item beside what is published."""

from typing import Any

from app.submissions.validation import (
    electricity,
    identity,
    organisation,
    peers,
    references,
    step,
)
from app.submissions.validation.facts import Candidate, ItemType, Submitter
from tests.submissions.validation import subjects
from tests.submissions.validation.subjects import (
    CODE,
    OTHER,
    Case,
    Subject,
    derived,
    known,
    new,
    power,
    update,
)

_KEY = known().natural_key
_RETIREMENT = Candidate(2, ItemType.RETIREMENT, None, CODE)
_TAKEN = f"{OTHER}@1 * 13500 kWh"
_PIN = f"{OTHER}@1"
_PARAMETER: dict[str, Any] = {
    "kind": "PARAMETER",
    "unit": "GJ/t",
    "gwp_set": "NOT_APPLICABLE",
}


def _submitted_by(code: str | None, note: str | None = None) -> Subject:
    return new({"submitter": Submitter("org-1", code, note)})


CASES = {
    identity.FACTOR_EXISTS.id: Case(new(), new({"twins": {_KEY: known()}})),
    identity.FACTOR_UNKNOWN.id: Case(update(known()), update(None)),
    identity.FACTOR_FOREIGN.id: Case(update(known()), update(known(owner=None))),
    identity.FACTOR_WITHDRAWN.id: Case(
        update(known(status="SUSPENDED")),
        Subject(_RETIREMENT, subjects.facts(factors={CODE: known(status="VOID")})),
    ),
    identity.FACTOR_DIFFERS.id: Case(update(known()), update(known(), region="CN-GD")),
    identity.CONTENT_UNCHANGED.id: Case(
        update(known(), value="16.5"), update(known(), value="16.50")
    ),
    identity.CHANGE_REASON_MISSING.id: Case(
        update(known()), update(known(), change_reason=None)
    ),
    identity.PENDING_ELSEWHERE.id: Case(
        new({"pending": {_KEY: "sub_1"}, "submission": "sub_1"}),
        new({"pending": {_KEY: "sub_2"}, "submission": "sub_1"}),
    ),
    identity.REPEATED_ITEM.id: Case(
        new({"pending": {_KEY: "sub_2"}, "submission": "sub_1"}),
        new({"pending": {_KEY: "sub_1"}, "submission": "sub_1"}),
    ),
    step.STEP.id: Case(
        update(known(), value="18.97"), update(known(), value="18.98", note=None)
    ),
    step.STEP_FAR.id: Case(
        update(known(), value="24.75"), update(known(), value="24.76", note="扩建")
    ),
    peers.UNIT_DOUBTFUL.id: Case(
        new(subjects.peers(), value="316"), new(subjects.peers(), value="317")
    ),
    peers.UNIT_WRONG.id: Case(
        new(subjects.peers(count=4), value="16500"),
        new(subjects.peers(), value="16500"),
    ),
    peers.OUTLIER.id: Case(
        new(subjects.peers(), value="16.79"), new(subjects.peers(), value="16.82")
    ),
    peers.OUTLIER_FAR.id: Case(
        new(subjects.peers(log_mad=0.0), value="30"), new(subjects.peers(), value="25")
    ),
    references.ORIGIN_UNKNOWN.id: Case(derived(_PIN, origin=power()), derived(_PIN)),
    references.ORIGIN_WITHDRAWN.id: Case(
        derived(_PIN, origin=power(status="RETIRED")),
        derived(_PIN, origin=power(status="SUSPENDED")),
    ),
    references.ORIGIN_RETIRED.id: Case(
        derived(_PIN, origin=power()), derived(_PIN, origin=power(status="RETIRED"))
    ),
    references.ORIGIN_PARAMETER.id: Case(
        derived(_PIN, origin=power()),
        derived(_PIN, origin=known(code=OTHER, **_PARAMETER)),
    ),
    references.ORIGIN_SUPERSEDED.id: Case(
        derived(_PIN, origin=power()), derived(_PIN, origin=power(status="SUPERSEDED"))
    ),
    references.ORIGIN_UNIT.id: Case(
        derived(f"{OTHER}@1 * 48.6 GJ", origin=power()),
        derived(f"{OTHER}@1 * 13.5 t", origin=power()),
    ),
    references.ORIGIN_ITSELF.id: Case(
        derived(f"{CODE}@1", origin=known(region="CN-GD")),
        derived(f"{CODE}@1", origin=known()),
    ),
    electricity.ENERGY_KIND.id: Case(
        derived(_TAKEN, origin=power()),
        derived(_TAKEN, origin=power(kind="ENERGY_CO2_EF")),
    ),
    electricity.ELECTRICITY_YEAR.id: Case(
        derived(_TAKEN, origin=power(reference_year=2022)),
        derived(_TAKEN, origin=power(reference_year=2021)),
    ),
    electricity.ELECTRICITY_REGION.id: Case(
        derived(_TAKEN, origin=power(region="CN"), region="CN-GD"),
        derived(_TAKEN, origin=power(region="CN-GD"), region="CN"),
    ),
    organisation.CREDIT_CODE_MISSING.id: Case(
        _submitted_by("91350200776049653A"), _submitted_by(None)
    ),
    organisation.CREDIT_CODE_WRONG.id: Case(
        _submitted_by("91350203M0001QAY9B", "试点期代码,已核对营业执照"),
        _submitted_by("91350203M0001QAY9B"),
    ),
    organisation.CREDIT_CODE_NOTED.id: Case(
        _submitted_by("91350203M0001QAY99"),
        _submitted_by("91350203M0001QAY9B", "试点期代码,已核对营业执照"),
    ),
}
