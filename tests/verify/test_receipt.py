"""Checking a receipt: what the service signs, read by the tool that trusts nobody."""

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.calculation.reading import read_carefully
from app.verify.verdicts import Verdict
from tests.factories.calculations import (
    calculate_reading,
    process,
    request,
    version_at,
)
from tests.verify.conftest import Run
from tests.verify.world import CODE, KEY, World, signer

Document = dict[str, Any]


def answered(record_sha256: str = "0" * 64, key: Any = KEY) -> Document:
    """Return an answer as the service gives it, with the log's second version."""
    line = {"factor": f"{CODE}@2", "amount": 1.5, "unit": "kWh"}
    body = request(process("铝 / 锭", inputs=[line]))
    version = version_at(CODE, version=2, highest=2, record_sha256=record_sha256)
    reading = read_carefully(json.dumps(body).encode())
    found = calculate_reading(reading, version, signers=(key,))
    document: Document = json.loads(msgspec.json.encode(found))
    return document


def check(run: Run, document: Document, *options: str) -> tuple[int, Document]:
    Path("file.json").write_text(json.dumps(document), "utf-8")
    return run("receipt", "file.json", *options)


def steps(report: Document) -> list[str]:
    return [each["step"] for each in report["steps"] if each["is_done"]]


def test_an_answer_and_its_receipt_agree(run: Run) -> None:
    code, report = check(run, answered(), "offline")

    assert code == Verdict.VERIFIED
    assert steps(report) == [
        "signature",
        "statement",
        "id",
        "records",
        "request",
        "headline",
    ]


def test_a_receipt_alone_says_what_it_cannot_tell(run: Run) -> None:
    code, report = check(run, answered()["receipt"], "offline")

    assert code == Verdict.VERIFIED
    left = [each["step"] for each in report["steps"] if not each["is_done"]]
    assert left == ["request", "log", "result"]


def test_the_log_holds_the_records(run: Run, world: World) -> None:
    record = next(
        each
        for each in world.log.entries
        if json.loads(each).get("version") == 2 and json.loads(each)["code"] == CODE
    )

    digest = hashlib.sha256(record).hexdigest()
    code, report = check(run, answered(digest))
    assert (code, steps(report)[-1]) == (Verdict.VERIFIED, "log")
    assert check(run, answered())[0] == Verdict.WRONG


def changed(place: str, value: Any) -> Document:
    document = answered()
    *way, last = place.split("/")
    inner: Any = document
    for name in way:
        inner = inner[int(name)] if isinstance(inner, list) else inner[name]
    if last in inner and isinstance(value, tuple):
        value = inner[last].replace(*value)
    inner[last] = value
    return document


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        ("result/value", "1", Verdict.WRONG),
        ("result/per/amount", "2", Verdict.WRONG),
        ("snapshot", 6, Verdict.WRONG),
        ("engine", "other", Verdict.WRONG),
        ("request_pinned/reference/amount", "2", Verdict.WRONG),
        ("receipt/id", "0" * 32, Verdict.WRONG),
        ("receipt/records", [], Verdict.WRONG),
        ("receipt/records/0/record_sha256", "1" * 64, Verdict.WRONG),
        ("receipt/records", [1], Verdict.MALFORMED),
        ("receipt/note", ("snapshot 5", "snapshot 6"), Verdict.UNSIGNED),
        ("receipt/note", ("kgCO2e", "kg"), Verdict.UNSIGNED),
        ("receipt/note", "x", Verdict.MALFORMED),
        ("receipt/note", 1, Verdict.MALFORMED),
    ],
)
def test_whatever_is_changed_is_refused(
    run: Run, place: str, value: Any, expected: Verdict
) -> None:
    assert check(run, changed(place, value), "offline")[0] == expected


def test_another_key_or_note_is_no_receipt(run: Run, world: World) -> None:
    stranger = answered(key=signer(77))
    assert check(run, stranger, "offline")[0] == Verdict.UNSIGNED
    checkpoint = answered()
    checkpoint["receipt"]["note"] = world.log.checkpoint(5)
    assert check(run, checkpoint, "offline")[0] == Verdict.MALFORMED
    assert run("receipt", "nowhere.json", "offline")[0] == Verdict.MISUSED
