"""Telling, field by field, what of a receipt holds. Writes nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import TypedDict

from app.calculation import engine, findings, receipts, service
from app.calculation.documents import CalculationAnswer, Receipt
from app.calculation.printed import Bilingual
from app.calculation.reading import Reading
from app.calculation.receipts import Statement
from app.calculation.service import Material
from app.factors import service as factors
from app.factors.codes import Pin, parse_pin
from app.kit.errors import Invalid
from app.kit.schemas import document
from app.reference.gwp import GWP_SETS
from app.translog import note
from app.translog.note import Note, Verifier

# Every version of the engine that was ever released.
ENGINES: Final = frozenset({"tanyin-engine/1", engine.VERSION})
_MOST_NAMED: Final = 20
# Two processors differ by less, relatively to the sum of all parts.
_ALIKE: Final = 1e-9

Verdict: TypeAlias = Literal["HOLDS", "FAILS", "NOT_CHECKED"]
CheckedField: TypeAlias = Literal[
    "signature",
    "id",
    "snapshot",
    "records",
    "gwp_set",
    "engine",
    "request",
    "result",
]


class MalformedReceipt(Invalid):
    en = "The note is no receipt: {why}."
    zh = "该签名文本不是计算凭证:{why}。"


@document
class ReceiptCheck(TypedDict):
    """What became of one field."""

    field: CheckedField
    verdict: Verdict
    stated: str
    """What the receipt says."""
    detail: Bilingual


@document
class ReceiptVerdict(TypedDict):
    """What of a receipt holds."""

    holds: bool
    """All that could be checked holds; the signature always has to."""
    signed_by: list[str]
    """The log's keys whose signature holds."""
    checks: list[ReceiptCheck]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A receipt, and what is known of what it says."""

    receipt: Receipt
    note: Note
    statement: Statement
    verifiers: tuple[Verifier, ...]
    log_size: int
    logged: Mapping[str, str]
    """Digest of each record that the receipt names, as the log has it."""
    request: Reading | None
    material: Material | None


async def gather(
    session: AsyncSession,
    receipt: Receipt,
    request: Reading | None,
    verifiers: Iterable[Verifier],
    log_size: int,
) -> Evidence:
    """Load what the log says of *receipt*; raises `MalformedReceipt`."""
    parsed, statement = _parse(receipt["note"])
    known = min(statement.snapshot, log_size)
    material = None
    if request is not None and known == statement.snapshot:
        material = await service.gather(session, request, known)
    return Evidence(
        receipt=receipt,
        note=parsed,
        statement=statement,
        verifiers=tuple(verifiers),
        log_size=log_size,
        logged=await _logged(session, receipt, known),
        request=request,
        material=material,
    )


def _parse(text: str) -> tuple[Note, Statement]:
    try:
        parsed = note.parse_note(text)
        return parsed, receipts.parse(parsed.text)
    except note.Malformed as error:
        raise MalformedReceipt(pointer="/receipt/note", why=str(error)) from None


async def _logged(
    session: AsyncSession, receipt: Receipt, snapshot: int
) -> dict[str, str]:
    pins: dict[str, Pin] = {}
    for number, each in enumerate(receipt["records"]):
        pins[each["pin"]] = parse_pin(each["pin"], f"/receipt/records/{number}/pin")
    found = await factors.load_versions(session, list(pins.values()), snapshot)
    return {
        text: found[pin].record_sha256 for text, pin in pins.items() if pin in found
    }


def examine(evidence: Evidence) -> ReceiptVerdict:
    """Return what of a receipt holds.

    Raises what the request is refused for, below `/request`.
    """
    signed_by = _signed_by(evidence)
    checks = [
        _signature(evidence, signed_by),
        _id(evidence),
        _snapshot(evidence),
        _records(evidence),
        _gwp_set(evidence),
        _engine(evidence),
        *_request_and_result(evidence),
    ]
    holds = all(each["verdict"] != "FAILS" for each in checks)
    return {"holds": holds, "signed_by": signed_by, "checks": checks}


def _check(
    field: CheckedField, verdict: Verdict, stated: object, en: str, zh: str
) -> ReceiptCheck:
    detail: Bilingual = {"zh": zh, "en": en}
    return {
        "field": field,
        "verdict": verdict,
        "stated": str(stated),
        "detail": detail,
    }


def _signed_by(evidence: Evidence) -> list[str]:
    """Return the keys that have signed; none if one of them has not signed this."""
    known = {(each.name, each.key_id): each.vkey for each in evidence.verifiers}
    try:
        valid = evidence.note.verified(evidence.verifiers)
    except note.SignatureRefused:
        return []
    return [known[each.name, each.key_id] for each in valid]


def _signature(evidence: Evidence, signed_by: list[str]) -> ReceiptCheck:
    names = ", ".join(
        f"{each.name}+{each.key_id.hex()}" for each in evidence.note.signatures
    )
    if signed_by:
        en, zh = "Signed with the key of this log.", "由本日志的密钥签名。"
        return _check("signature", "HOLDS", names, en, zh)
    en = "No signature of a key of this log holds."
    return _check("signature", "FAILS", names, en, "没有本日志密钥的有效签名。")


def _id(evidence: Evidence) -> ReceiptCheck:
    statement = evidence.statement
    if evidence.receipt["id"] == statement.id and statement.text == evidence.note.text:
        en, zh = "It follows from the other fields.", "与其他字段一致。"
        return _check("id", "HOLDS", evidence.receipt["id"], en, zh)
    en = f"The other fields give {statement.id}."
    zh = f"由其他字段应得 {statement.id}。"
    return _check("id", "FAILS", evidence.receipt["id"], en, zh)


def _snapshot(evidence: Evidence) -> ReceiptCheck:
    stated, size = evidence.statement.snapshot, evidence.log_size
    verdict: Verdict = "HOLDS" if stated <= size else "FAILS"
    en, zh = f"The log has {size} entries.", f"日志现有 {size} 条记录。"
    return _check("snapshot", verdict, stated, en, zh)


def _records(evidence: Evidence) -> ReceiptCheck:
    stated = {
        each["pin"]: each["record_sha256"] for each in evidence.receipt["records"]
    }
    digest = evidence.statement.records
    if receipts.records_digest(stated) != digest:
        en = "The listed records are not those that were signed."
        return _check("records", "FAILS", digest, en, "所列记录与签名内容不符。")
    wrong = [pin for pin in stated if evidence.logged.get(pin) != stated[pin]]
    if wrong:
        named = ", ".join(wrong[:_MOST_NAMED])
        en = f"The log has other records, or none, at this snapshot: {named}."
        zh = f"该快照的日志中记录不符或不存在:{named}。"
        return _check("records", "FAILS", digest, en, zh)
    en = f"The log has all {len(stated)} records with these digests."
    zh = f"日志中 {len(stated)} 条记录的摘要全部相符。"
    return _check("records", "HOLDS", digest, en, zh)


def _gwp_set(evidence: Evidence) -> ReceiptCheck:
    stated = evidence.statement.gwp_set
    if stated in GWP_SETS:
        return _check("gwp_set", "HOLDS", stated, "It is known.", "已知的 GWP 取值。")
    return _check("gwp_set", "FAILS", stated, "It is unknown.", "未知的 GWP 取值。")


def _engine(evidence: Evidence) -> ReceiptCheck:
    stated = evidence.statement.engine
    if stated == engine.VERSION:
        en, zh = "This service calculates with it.", "即本服务所用的计算引擎。"
        return _check("engine", "HOLDS", stated, en, zh)
    if stated in ENGINES:
        en = f"It was released; this service calculates with {engine.VERSION}."
        zh = f"为已发布版本;本服务现用 {engine.VERSION}。"
        return _check("engine", "HOLDS", stated, en, zh)
    return _check("engine", "FAILS", stated, "No such release.", "没有此发布版本。")


def _request_and_result(evidence: Evidence) -> list[ReceiptCheck]:
    statement = evidence.statement
    if evidence.request is None or evidence.material is None:
        en, zh = "Send the request to check this.", "提交请求后方可核对。"
        return [
            _check("request", "NOT_CHECKED", statement.request, en, zh),
            _check("result", "NOT_CHECKED", _headline(statement), en, zh),
        ]
    try:
        found = service.calculate(evidence.request, evidence.material)
    except Invalid as error:
        raise findings.below(error, "/request") from error
    return [_request(statement, found), _result(statement, found)]


def _request(statement: Statement, found: CalculationAnswer) -> ReceiptCheck:
    digest = service.state(found).request
    if digest == statement.request:
        en, zh = "It is the one that was sent.", "与所提交的请求一致。"
        return _check("request", "HOLDS", statement.request, en, zh)
    en = f"The digest of what was sent, pinned at the snapshot, is {digest}."
    zh = f"所提交请求按该快照固定后的摘要为 {digest}。"
    return _check("request", "FAILS", statement.request, en, zh)


def _result(statement: Statement, found: CalculationAnswer) -> ReceiptCheck:
    now = service.state(found)
    if statement.engine != engine.VERSION or now.request != statement.request:
        en, zh = "Another engine or request.", "引擎或请求不同。"
        return _check("result", "NOT_CHECKED", _headline(statement), en, zh)
    if _headline(now) == _headline(statement):
        en, zh = "Calculated again, it is the same.", "重新计算结果相同。"
        return _check("result", "HOLDS", _headline(statement), en, zh)
    en, zh = f"Now it is {_headline(now)}.", f"现为 {_headline(now)}。"
    off = abs(float(now.value) - float(statement.value))
    parts = sum(abs(float(each["value"])) for each in found["by_stage"])
    verdict: Verdict = "HOLDS" if off <= _ALIKE * parts else "FAILS"
    return _check("result", verdict, _headline(statement), en, zh)


def _headline(statement: Statement) -> str:
    per = f"{statement.amount} {statement.unit} {statement.process}"
    return f"{statement.value} kgCO2e per {per}"
