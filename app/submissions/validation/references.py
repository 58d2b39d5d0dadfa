"""The versions that a value was computed from."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from app.factors.content import Content, natural_key
from app.kit.errors import Invalid
from app.reference.enums import FactorKind, VersionStatus
from app.reference.gases import GAS_CODES
from app.submissions.validation.contents import of_content, origin
from app.submissions.validation.facts import Candidate, Facts, KnownVersion
from app.submissions.validation.rules import Breach, Check, Rule, Severity
from app.units.catalogue import unit
from app.units.factor_unit import parse_factor_unit

ORIGIN_UNKNOWN: Final = Rule(
    id="ORIGIN_UNKNOWN",
    severity=Severity.BLOCK,
    zh="没有因子版本 {pin}。",
    en="There is no version {pin}.",
    source="TanYin",
)
ORIGIN_WITHDRAWN: Final = Rule(
    id="ORIGIN_WITHDRAWN",
    severity=Severity.BLOCK,
    zh="{pin} 的状态为 {status},不能用作依据。",
    en="{pin} is {status}; nothing can rest on it.",
    source="TanYin: origins are in use at the time of submission",
)
ORIGIN_RETIRED: Final = Rule(
    id="ORIGIN_RETIRED",
    severity=Severity.WARN,
    zh="{pin} 已退役。",
    en="{pin} is retired.",
    source="TanYin",
)
ORIGIN_PARAMETER: Final = Rule(
    id="ORIGIN_PARAMETER",
    severity=Severity.BLOCK,
    zh="{pin} 是参数,不是排放因子或足迹;请写入备注或属性。",
    en=(
        "{pin} is a parameter and no factor; state it in the note or among the "
        "properties."
    ),
    source="TanYin: a derivation is a sum of factors times amounts",
)
ORIGIN_SUPERSEDED: Final = Rule(
    id="ORIGIN_SUPERSEDED",
    severity=Severity.INFO,
    zh="{pin} 已有更新的版本。",
    en="There is a later version of {pin}.",
    source="TanYin",
)
ORIGIN_UNIT: Final = Rule(
    id="ORIGIN_UNIT",
    severity=Severity.BLOCK,
    zh="{pin} 以 {declared} 为基准,用量不能以 {unit} 表示。",
    en="{pin} is per {declared}; an amount of it is not stated in {unit}.",
    source="TanYin: units convert within one dimension only",
)
ORIGIN_ITSELF: Final = Rule(
    id="ORIGIN_ITSELF",
    severity=Severity.BLOCK,
    zh="因子不能以自身的版本 {pin} 为依据。",
    en="A factor does not rest on {pin}, a version of itself.",
    source="TanYin",
)
RULES: Final[Sequence[Rule]] = (
    ORIGIN_UNKNOWN,
    ORIGIN_WITHDRAWN,
    ORIGIN_RETIRED,
    ORIGIN_PARAMETER,
    ORIGIN_SUPERSEDED,
    ORIGIN_UNIT,
    ORIGIN_ITSELF,
)

_BY_STATUS: Final = {
    VersionStatus.SUSPENDED: ORIGIN_WITHDRAWN,
    VersionStatus.VOID: ORIGIN_WITHDRAWN,
    VersionStatus.RETIRED: ORIGIN_RETIRED,
    VersionStatus.SUPERSEDED: ORIGIN_SUPERSEDED,
}


@of_content
def _origins(content: Content, candidate: Candidate, facts: Facts) -> Iterator[Breach]:
    for place, text in enumerate(content.derivation):
        named, pointer = origin(text), f"/derivation/{place}"
        known = facts.origins.get(named.pin)
        if known is None:
            yield Breach(ORIGIN_UNKNOWN, pointer, {"pin": named.pin})
            continue
        if named.code == candidate.factor or _is_itself(content, known):
            yield Breach(ORIGIN_ITSELF, pointer, {"pin": named.pin})
        yield from _state(known, pointer)
        yield from _amount(known, named.unit, pointer)


def _is_itself(content: Content, known: KnownVersion) -> bool:
    # The digest is dear: what shows at once comes first.
    is_near = (
        content.category == known.content["category"]
        and content.reference_year == known.content["reference_year"]
    )
    return is_near and natural_key(content) == known.natural_key


def _state(known: KnownVersion, pointer: str) -> Iterator[Breach]:
    rule = _BY_STATUS.get(VersionStatus(known.status))
    if rule:
        yield Breach(rule, pointer, {**_shown(known), "status": known.status})
    if known.content["kind"] == FactorKind.PARAMETER:
        yield Breach(ORIGIN_PARAMETER, pointer, _shown(known))


def _amount(known: KnownVersion, text: str | None, pointer: str) -> Iterator[Breach]:
    if text is None or known.content["kind"] == FactorKind.PARAMETER:
        return
    declared = parse_factor_unit(known.content["unit"], GAS_CODES).per
    try:
        is_like = unit(text).dimension is declared.dimension
    except Invalid:
        is_like = False
    if not is_like:
        facts = {**_shown(known), "declared": declared.code, "unit": text}
        yield Breach(ORIGIN_UNIT, pointer, facts)


def _shown(known: KnownVersion) -> dict[str, Any]:
    return {"pin": f"{known.code}@{known.version}"}


CHECKS: Final[Sequence[Check]] = (_origins,)
