"""Checking the receipt of a calculation, alone or with the answer that it came with."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from app.translog import note
from app.translog.note import Malformed, SignatureRefused
from app.verify import documents, factors
from app.verify.documents import Document, member
from app.verify.job import Job
from app.verify.sources import MIB
from app.verify.verdicts import Wrong

FILE_LIMIT: Final = 512 * MIB
_SCHEMA: Final = "tanyin/receipt/1"
_FIELDS: Final = (
    "id",
    "request",
    "records",
    "gwp_set",
    "engine",
    "snapshot",
    "result",
    "per",
)
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)


def check_receipt(job: Job, path: Path) -> None:
    """Check a receipt, or an answer with its receipt."""
    document = documents.read_json(_read(path))
    answer = document if "receipt" in document else None
    receipt = document if answer is None else member(document, "receipt", dict)
    stated = _check_signature(job, member(receipt, "note", str))
    _check_id(job, receipt, stated)
    records = _check_records(job, receipt, stated)
    if answer is None:
        text = "give the whole answer, with receipt and request_pinned"
        job.report.left_out("request", text)
    else:
        _check_answer(job, answer, stated)
    _check_logged(job, records)
    text = f"calculate the request again with {stated['engine']} to check it"
    job.report.left_out("result", text)


def _read(path: Path) -> bytes:
    with path.open("rb") as opened:
        found = opened.read(FILE_LIMIT + 1)
    if len(found) > FILE_LIMIT:
        raise Malformed(f"{path} is above {FILE_LIMIT} bytes")
    return found


def _check_signature(job: Job, text: str) -> dict[str, str]:
    """Return what is signed by a trusted key."""
    parsed = note.parse_note(text)
    signed_by = parsed.verified(job.trust.keys)
    if not signed_by:
        raise SignatureRefused(f"no trusted key of {job.trust.origin} signed this")
    stated = _parse(parsed.text)
    keys = ", ".join(f"{each.name}+{each.key_id.hex()}" for each in signed_by)
    job.report.done("signature", f"of {keys}")
    job.report.done("statement", f"{stated['result']} per {stated['per']}")
    return stated


def _parse(text: str) -> dict[str, str]:
    schema, *lines = text.removesuffix("\n").split("\n")
    pairs = [line.partition(" ") for line in lines]
    names = tuple(name for name, _, _ in pairs)
    if schema != _SCHEMA or names != _FIELDS:
        raise Malformed(f"the note is no {_SCHEMA}")
    stated = {name: value for name, _, value in pairs}
    if not _NUMBER.fullmatch(stated["snapshot"]):
        raise Malformed("a snapshot is decimal, without leading zeros")
    return stated


def _check_id(job: Job, receipt: Document, stated: Mapping[str, str]) -> None:
    try:
        data = bytes.fromhex(stated["request"])
    except ValueError:
        raise Malformed("a digest is hexadecimal") from None
    data += int(stated["snapshot"]).to_bytes(8, "big") + stated["engine"].encode()
    found = hashlib.sha256(data).hexdigest()[:32]
    if not found == stated["id"] == member(receipt, "id", str):
        raise Wrong(f"the id follows from the other fields as {found}")
    job.report.done("id", found)


def _check_records(
    job: Job, receipt: Document, stated: Mapping[str, str]
) -> dict[str, str]:
    records = _records(member(receipt, "records", list))
    lines = [f"{pin} {digest}\n" for pin, digest in sorted(records.items())]
    found = hashlib.sha256("".join(lines).encode()).hexdigest()
    if found != stated["records"]:
        raise Wrong("the listed records are not those that were signed")
    job.report.done("records", f"the {len(records)} listed are those that were signed")
    return records


def _records(listed: list[Any]) -> dict[str, str]:
    found = {}
    for each in listed:
        if not isinstance(each, dict):
            raise Malformed("a record is an object")
        found[member(each, "pin", str)] = member(each, "record_sha256", str)
    return found


def _check_answer(job: Job, answer: Document, stated: Mapping[str, str]) -> None:
    """Check that the receipt is that of the answer around it."""
    pinned = json.dumps(
        member(answer, "request_pinned", dict),
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    found = hashlib.sha256(pinned.encode()).hexdigest()
    if found != stated["request"]:
        raise Wrong(f"the request has the digest {found}, not {stated['request']}")
    job.report.done("request", f"SHA-256 {found}")
    result = member(answer, "result", dict)
    per = member(result, "per", dict)
    said = {
        "result": f"{result.get('value')} {result.get('unit')}",
        "per": f"{per.get('amount')} {per.get('unit')} {per.get('process')}",
        **{name: str(answer.get(name)) for name in ("gwp_set", "engine", "snapshot")},
    }
    wrong = [name for name, text in said.items() if text != stated[name]]
    if wrong:
        raise Wrong(f"the answer says otherwise than its receipt: {', '.join(wrong)}")
    job.report.done("headline", "answer and receipt say the same")


def _check_logged(job: Job, records: Mapping[str, str]) -> None:
    if job.source is None:
        text = "whether the log holds the records: give --url or --mirror"
        job.report.left_out("log", text)
        return
    for pin, digest in records.items():
        factors.check_version(job, factors.parse_pin(pin), digest)
    job.report.done("log", f"holds all {len(records)} records with these digests")
