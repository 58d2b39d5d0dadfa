"""Receipts over HTTP: answered, verified field by field, and refused where forged."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from app.calculation import receipts
from app.kit.database import Sessions
from app.main import create_app
from app.settings import Settings
from app.translog import note
from app.translog.keys import KeySource
from tests.factories.calculations import process, request
from tests.factories.factors import electricity, publish
from tests.factories.probe import client_of
from tests.factories.services import LOG_KEY, services

ADDRESS = "/v1/calculations"
VERIFY = "/v1/receipts/verify"
FOOTPRINT = "CNF-01-000001-14"
STRANGER = note.Signer(LOG_KEY.name, note.ED25519, bytes(range(32)))

Document = dict[str, Any]


@pytest.fixture(autouse=True)
async def published(sessions: Sessions) -> None:
    """Publish a footprint of electricity."""
    async with sessions.begin() as session:
        await publish(session, electricity())


def tree(factor: str = FOOTPRINT, **more: Any) -> Document:
    line = {"factor": factor, "amount": "10", "unit": "kWh"}
    return request(process(inputs=[line]), **more)


async def answered(client: httpx.AsyncClient, body: Document) -> Document:
    response = await client.post(ADDRESS, json=body)
    assert response.status_code == 200, response.text
    document: Document = response.json()
    return document


async def verdicts(
    client: httpx.AsyncClient, receipt: Document, **more: Any
) -> dict[str, str]:
    """Return the verdict by field, and whether it holds as a whole."""
    response = await client.post(VERIFY, json={"receipt": receipt, **more})
    assert response.status_code == 200, response.text
    found = response.json()
    assert bool(found["signed_by"]) is (found["checks"][0]["verdict"] == "HOLDS")
    fields = {each["field"]: each["verdict"] for each in found["checks"]}
    failed = "FAILS" in fields.values()
    assert found["holds"] is not failed
    return {name: each for name, each in fields.items() if each != "HOLDS"}


async def test_a_receipt_holds(client: httpx.AsyncClient) -> None:
    answer = await answered(client, tree())
    receipt = answer["receipt"]

    unchecked = dict.fromkeys(("request", "result"), "NOT_CHECKED")
    assert await verdicts(client, receipt) == unchecked
    assert await verdicts(client, receipt, request=tree()) == {}
    assert await verdicts(client, receipt, request=answer["request_pinned"]) == {}


async def test_a_receipt_holds_after_a_new_version(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    """The request that floats is pinned at the snapshot of the receipt."""
    receipt = (await answered(client, tree()))["receipt"]
    async with sessions.begin() as session:
        await publish(session, electricity(value="0.7"))

    assert await verdicts(client, receipt, request=tree()) == {}


async def test_the_same_request_has_the_same_receipt(
    client: httpx.AsyncClient,
) -> None:
    first = await answered(client, tree())
    second = await answered(client, first["request_pinned"])

    assert first["receipt"] == second["receipt"]


def changed(receipt: Document, old: str, new: str) -> Document:
    assert old in receipt["note"]
    return receipt | {"note": receipt["note"].replace(old, new)}


async def test_a_forged_figure_fails(client: httpx.AsyncClient) -> None:
    receipt = (await answered(client, tree()))["receipt"]
    forged = changed(receipt, "result 6.205 ", "result 5.205 ")

    found = await verdicts(client, forged, request=tree())

    assert found == {"signature": "FAILS", "result": "FAILS"}


async def test_another_snapshot_request_or_record_fails(
    client: httpx.AsyncClient,
) -> None:
    receipt = (await answered(client, tree()))["receipt"]
    later = changed(receipt, "snapshot 1", "snapshot 9")
    record = {"pin": f"{FOOTPRINT}@1", "record_sha256": "0" * 64}

    found = await verdicts(client, later, request=tree())
    assert found["signature"] == found["id"] == found["snapshot"] == "FAILS"
    other = tree(amount="2")
    found = await verdicts(client, receipt, request=other)
    assert found == {"request": "FAILS", "result": "NOT_CHECKED"}
    found = await verdicts(client, receipt | {"records": [record]}, request=tree())
    assert found == {"records": "FAILS"}
    found = await verdicts(client, receipt | {"id": "0" * 32}, request=tree())
    assert found == {"id": "FAILS"}


async def test_what_a_stranger_or_a_faithless_log_signs_fails(
    client: httpx.AsyncClient,
) -> None:
    """A good signature does not make a record that the log does not have."""
    receipt = (await answered(client, tree()))["receipt"]
    statement = receipts.parse(note.parse_note(receipt["note"]).text)
    stranger = receipt | {"note": receipts.signed(statement, [STRANGER])}

    found = await verdicts(client, stranger, request=tree())
    assert found == {"signature": "FAILS"}
    records = [{"pin": f"{FOOTPRINT}@1", "record_sha256": "0" * 64}]
    digest = receipts.records_digest({f"{FOOTPRINT}@1": "0" * 64})
    false = replace(statement, records=digest, engine="x/2", gwp_set="AR9")
    forged = {
        "id": false.id,
        "records": records,
        "note": receipts.signed(false, [LOG_KEY]),
    }
    found = await verdicts(client, forged, request=tree())
    fails = dict.fromkeys(("records", "gwp_set", "engine"), "FAILS")
    assert found == fails | {"result": "NOT_CHECKED"}


@pytest.mark.parametrize(
    "text", ["", "x", "a\n\n— x AAAAAAA=\n", "tanyin/receipt/1\n\n— x AAAAAAA=\n"]
)
async def test_what_is_no_receipt_is_refused(
    client: httpx.AsyncClient, text: str
) -> None:
    receipt = (await answered(client, tree()))["receipt"]

    response = await client.post(VERIFY, json={"receipt": receipt | {"note": text}})

    assert response.status_code == 422
    errors = response.json()["errors"]
    assert [(each["pointer"], each["code"]) for each in errors] == [
        ("/receipt/note", "MALFORMED_RECEIPT")
    ]


async def test_errors_of_the_request_are_placed_in_it(
    client: httpx.AsyncClient,
) -> None:
    receipt = (await answered(client, tree()))["receipt"]
    body = {"receipt": receipt, "request": tree("CNF-01-000009-14")}

    response = await client.post(VERIFY, json=body)

    assert response.status_code == 422
    pointers = [each["pointer"] for each in response.json()["errors"]]
    assert pointers == ["/request/processes/0/inputs/0/factor"]


async def test_without_a_key_there_is_no_receipt(sessions: Sessions) -> None:
    app = create_app(Settings(rate_limit=False))
    held = services(sessions)
    held.signer.source = KeySource()
    app.state.services = held
    async with client_of(app) as client:
        answer = await answered(client, tree())

    assert answer["receipt"] is None


async def test_during_a_rotation_both_keys_sign(sessions: Sessions) -> None:
    app = create_app(Settings(rate_limit=False))
    app.state.services = services(sessions, keys=(LOG_KEY, STRANGER))
    async with client_of(app) as client:
        receipt = (await answered(client, tree()))["receipt"]
        assert len(note.parse_note(receipt["note"]).signatures) == 2
    # The old key is gone; the log still knows it.
    app.state.services = services(sessions, keys=(STRANGER,))
    async with client_of(app) as client:
        assert await verdicts(client, receipt, request=tree()) == {}
