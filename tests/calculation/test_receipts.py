"""Receipts: exact bytes, one reading, and what a change does to them."""

import hashlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calculation import receipts
from app.calculation.reading import read_carefully, read_large
from app.calculation.receipts import Statement
from app.translog import note
from tests.factories.calculations import (
    ELECTRICITY,
    calculate,
    calculate_reading,
    process,
    request,
    version_at,
)
from tests.factories.services import LOG_KEY

STATEMENT = Statement(
    request="a" * 64,
    records="b" * 64,
    gwp_set="AR6_100",
    engine="tanyin-engine/1",
    snapshot=1200,
    value="11442.572704",
    amount="1",
    unit="t",
    process="铝锭 1",
)
TEXT = f"""\
tanyin/receipt/1
id 87dec0f5d7315ae53a779cd4e6f63a7a
request {"a" * 64}
records {"b" * 64}
gwp_set AR6_100
engine tanyin-engine/1
snapshot 1200
result 11442.572704 kgCO2e
per 1 t 铝锭 1
"""
GOLDEN = (
    "— tanyin.example/log fk7+jruOncKUje9Vct8edpQLsc0WKtz9hSD93/L3eT6G7ksJ1M"
    "QqtysFiHcgt+ZioqxznlvstjamqylLRIHZ/bZHnQQ="
)


def test_the_bytes_of_a_receipt_never_change() -> None:
    signed = receipts.signed(STATEMENT, [LOG_KEY])

    assert signed == f"{TEXT}\n{GOLDEN}\n"


def test_the_id_is_made_as_documented() -> None:
    data = bytes.fromhex("aa" * 32) + bytes([0, 0, 0, 0, 0, 0, 4, 176])

    digest = hashlib.sha256(data + b"tanyin-engine/1").hexdigest()

    assert STATEMENT.id == digest[:32]


def test_the_records_are_digested_as_documented() -> None:
    records = {"CNF-02@1": "c" * 64, "CNF-01@2": "d" * 64}
    lines = f"CNF-01@2 {'d' * 64}\nCNF-02@1 {'c' * 64}\n"

    digest = hashlib.sha256(lines.encode()).hexdigest()

    assert receipts.records_digest(records) == digest
    assert receipts.records_digest({}) == hashlib.sha256(b"").hexdigest()


HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
STATEMENTS = st.builds(
    Statement,
    request=HEX,
    records=HEX,
    gwp_set=st.sampled_from(["AR6_100", "EF31_100"]),
    engine=st.just("tanyin-engine/1"),
    snapshot=st.integers(0, 10**18 - 1),
    value=st.sampled_from(["0", "-1.5", "123456789012"]),
    amount=st.sampled_from(["1", "0.001"]),
    unit=st.sampled_from(["kg", "万t"]),
    process=st.text(st.characters(categories=["L", "N", "Zs"]), min_size=1),
)


@given(STATEMENTS)
def test_what_is_signed_is_read_back(statement: Statement) -> None:
    parsed = note.parse_note(receipts.signed(statement, [LOG_KEY]))

    assert receipts.parse(parsed.text) == statement
    assert parsed.verified([LOG_KEY.verifier])


@given(st.integers(0, len(TEXT) - 1), st.sampled_from("0aA \n/é"))
def test_no_other_text_passes(place: int, other: str) -> None:
    text = TEXT[:place] + other + TEXT[place + 1 :]
    signed = receipts.signed(STATEMENT, [LOG_KEY]).replace(TEXT, text)

    if text != TEXT:
        with pytest.raises((note.SignatureRefused, note.Malformed)):
            note.parse_note(signed).verified([LOG_KEY.verifier])


def test_a_receipt_is_no_checkpoint_and_a_checkpoint_no_receipt() -> None:
    with pytest.raises(note.Malformed):
        note.parse_checkpoint(TEXT)
    with pytest.raises(note.Malformed):
        receipts.parse(note.Checkpoint("tanyin/receipt/1", 5, bytes(32)).text)


def pinned(body: Any, reader: Any = read_carefully) -> bytes:
    """Return the bytes that an answer repeats of its request."""
    found = calculate_reading(reader(json.dumps(body).encode()), version_at())
    raw: Any = found["request_pinned"]
    return bytes(raw)


LINE = {"factor": ELECTRICITY, "amount": 1.50, "unit": "kWh"}
OWN = {"name": 'a":1, "b', "value": 1e-7, "unit": "kgCO2e/kg"}
TREE = request(
    process(inputs=[LINE, {"factor": OWN, "amount": 20, "unit": "kg"}]),
    amount=100000000000000000000.0 / 10,
    strict=True,
)


def test_the_canonical_request_is_sorted_with_amounts_as_texts() -> None:
    found = pinned(TREE)

    document = json.loads(found)
    assert (
        found
        == json.dumps(
            document, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        ).encode()
    )
    lines = document["processes"][0]["inputs"]
    assert lines[0] == {"amount": "1.5", "factor": f"{ELECTRICITY}@1", "unit": "kWh"}
    assert lines[1]["factor"] == OWN | {"value": "0.0000001"}
    assert document["reference"]["amount"] == "10000000000000000000"
    assert document["snapshot"] == 5
    assert document["strict"] is True
    assert pinned(document) == found


def test_order_spacing_and_way_of_reading_do_not_matter() -> None:
    turned = dict(reversed(TREE.items()))

    assert pinned(turned) == pinned(TREE) == pinned(turned, read_large)


def test_an_answer_has_a_receipt_only_with_a_key() -> None:
    assert calculate(TREE, version_at())["receipt"] is None


def test_the_receipt_of_an_answer_follows_from_the_answer() -> None:
    """What an outsider does with an answer, SHA-256 and the public key."""
    reading = read_carefully(json.dumps(TREE).encode())
    found = calculate_reading(reading, version_at(), signers=(LOG_KEY,))
    answer = json.loads(msgspec.json.encode(found))
    receipt = answer["receipt"]

    parsed = note.parse_note(receipt["note"])
    assert parsed.verified([note.parse_vkey(LOG_KEY.verifier.vkey)])
    lines = dict(line.split(" ", 1) for line in parsed.text.splitlines()[1:])
    again = json.dumps(
        answer["request_pinned"],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    assert lines["request"] == hashlib.sha256(again.encode()).hexdigest()
    listed = "".join(
        f"{each['code']}@{each['version']} {each['record_sha256']}\n"
        for each in answer["factors"]
    )
    assert lines["records"] == hashlib.sha256(listed.encode()).hexdigest()
    assert lines["result"] == f"{answer['result']['value']} kgCO2e"
    assert lines["id"] == receipt["id"]


@pytest.mark.parametrize("amount", [1e-308, 0.0012345678901234567, 1e-9, 3e19])
def test_what_a_double_is_can_be_asked_again(amount: float) -> None:
    body = request(
        process(emissions=[{"gas": "N2O", "amount": amount, "unit": "kg"}]),
        reference={"process": "p", "amount": 0.1 + 0.2, "unit": "kg"},
    )

    answer = calculate(body)
    again = calculate(json.loads(msgspec.json.encode(answer["request_pinned"])))

    assert again == answer
