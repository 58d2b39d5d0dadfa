"""Items with what is known about them, for the checks to look at."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.factors.codes import factor_code
from app.factors.content import Content, natural_key
from app.submissions.validation.facts import (
    Candidate,
    Facts,
    ItemType,
    KnownVersion,
    Peers,
    Submitter,
)
from tests.factories.submissions import aluminium

CODE = factor_code("08", 1)
OTHER = factor_code("01", 1)
SUBMITTER = Submitter("org-1", "91440101MA5CJQ4N59")
# What the rules say nothing about unless a case changes it.
SOUND = {"cut_off": "单项小于 1%,合计小于 5%", "value": "16.50"}


@dataclass(frozen=True, slots=True)
class Subject:
    """One item beside the facts."""

    candidate: Candidate
    facts: Facts


@dataclass(frozen=True, slots=True)
class Case:
    """An item by which a rule holds, and one by which it does not."""

    passes: Subject
    fails: Subject


def content(**changes: Any) -> Content:
    """Return a content about which no rule has anything to say."""
    return Content.model_validate(aluminium(**SOUND | changes), strict=False)


def facts(**changes: Any) -> Facts:
    """Return facts of a submitter on a day of 2026."""
    known: dict[str, Any] = {"today": dt.date(2026, 11, 24), "submitter": SUBMITTER}
    return Facts(**known | changes)


def new(about: Mapping[str, Any] | None = None, **changes: Any) -> Subject:
    """Return a new factor; *about* are the facts."""
    candidate = Candidate(1, ItemType.NEW, content(**changes), None)
    return Subject(candidate, facts(**about or {}))


def known(
    code: str = CODE,
    version: int = 1,
    status: str = "PUBLISHED",
    owner: str | None = "org-1",
    **changes: Any,
) -> KnownVersion:
    """Return a published version."""
    published = content(**changes)
    return KnownVersion(
        code=code,
        version=version,
        status=status,
        natural_key=natural_key(published),
        owner=owner,
        content=published.model_dump(mode="json"),
        content_sha256=published.sha256(),
    )


def update(
    of: KnownVersion | None, item_type: ItemType = ItemType.UPDATE, **changes: Any
) -> Subject:
    """Return a new version of the factor *of*; without, of one that nobody knows."""
    stated = {"change_reason": "年度更新", "value": "16.60"} | changes
    candidate = Candidate(1, item_type, content(**stated), CODE)
    return Subject(candidate, facts(factors={of.code: of} if of else {}))


def derived(*texts: str, origin: KnownVersion | None = None, **changes: Any) -> Subject:
    """Return a new factor that was computed from *origin*."""
    pins = {f"{origin.code}@{origin.version}": origin} if origin else {}
    return new({"origins": pins}, derivation=list(texts), **changes)


def power(**changes: Any) -> KnownVersion:
    """Return a published footprint of electricity."""
    stated = {
        "zh": "全国平均电力",
        "kind": "ENERGY",
        "category": "ELECTRICITY_GRID_NATIONAL",
        "value": "0.5777",
        "unit": "kgCO2e/kWh",
        "boundary": "LIFE_CYCLE",
    }
    return known(code=OTHER, **stated | changes)


def peers(**changes: Any) -> dict[str, Any]:
    """Return facts with published aluminium of about 10 kg CO2e/kg."""
    summary: dict[str, Any] = {
        "count": 5,
        "median": 10.0,
        "log_median": 2.302585,
        "log_mad": 0.1,
    }
    return {"peers": {("ALUMINIUM", "kg"): Peers(**summary | changes)}}
