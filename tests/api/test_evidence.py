"""Evidence: whole or not at all, never rendered, and only for who may read it."""

import asyncio
import datetime as dt
import hashlib
import tracemalloc
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from app.http.bodies import BodyLimits
from app.kit.canonical import canonical_bytes, sha256_hex
from app.kit.database import Sessions
from app.main import create_app
from app.settings import Settings, from_environment
from app.sources import service as sources
from app.sources.models import Evidence, EvidenceChunk
from app.submissions.models import (
    Assignment,
    Notice,
    Objection,
    ProblemReport,
    RoundItem,
    Submission,
    SubmissionItem,
)
from tests.factories.accounts import Desk, events, open_desk
from tests.factories.probe import client_of
from tests.factories.services import services

PDF = b"%PDF-1.7\n" + bytes(range(256))
DIGEST = sha256_hex(PDF)
PATH = f"/evidence/{DIGEST}"
NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
MIB = 1024 * 1024


@pytest.fixture
async def desk(client: httpx.AsyncClient, sessions: Sessions) -> Desk:
    """Return the desk of this test."""
    return await open_desk(client, sessions)


async def put(
    desk: Desk, who: str, data: Any = PDF, path: str = PATH, **options: Any
) -> httpx.Response:
    """Hand a document in."""
    return await desk.ask(who, "PUT", path, content=data, **options)


async def stored(sessions: Sessions) -> tuple[int, int]:
    """Return how many documents and pieces there are."""
    async with sessions() as session:
        counts = [
            await session.scalar(sa.select(sa.func.count()).select_from(table))
            for table in (Evidence, EvidenceChunk)
        ]
    return counts[0] or 0, counts[1] or 0


async def test_document_comes_back_byte_for_byte(
    desk: Desk, sessions: Sessions
) -> None:
    data = bytes(2 * MIB + 7)
    path = f"/evidence/{sha256_hex(data)}"

    answer = await put(
        desk,
        "consumer",
        data,
        path,
        params={"name": "检测报告 2025.pdf"},
        headers={"Content-Type": "application/pdf"},
    )
    read = await desk.ask("consumer", "GET", path)

    assert answer.status_code == 201
    assert answer.json() | {"received_at": ""} == {
        "sha256": sha256_hex(data),
        "size": len(data),
        "media_type": "application/pdf",
        "name": "检测报告 2025.pdf",
        "received_at": "",
    }
    assert (read.status_code, read.content == data) == (200, True)
    assert await stored(sessions) == (1, 3)
    metadata = await desk.ask("consumer", "GET", f"{path}/metadata")
    assert metadata.json() == answer.json()


async def test_document_is_never_rendered(desk: Desk) -> None:
    name = "<b>' évidence\".html".replace("<b>", "b").replace('"', "")
    await put(
        desk,
        "consumer",
        params={"name": name},
        headers={"Content-Type": "text/html"},
    )

    read = await desk.ask("consumer", "GET", PATH)

    assert read.headers["content-type"] == "application/octet-stream"
    assert read.headers["content-disposition"] == (
        'attachment; filename="b\' _vidence.html"; '
        "filename*=UTF-8''b%27%20%C3%A9vidence.html"
    )
    assert read.headers.get_list("x-content-type-options") == ["nosniff"]
    assert read.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert read.headers["cache-control"] == "no-store"
    assert read.headers["content-length"] == str(len(PDF))


async def test_head_and_ranges_answer_like_a_plain_read(desk: Desk) -> None:
    await put(desk, "consumer")

    head = await desk.ask("consumer", "HEAD", PATH)
    ranges = {"Range": "bytes=" + ",".join(["0-"] * 5000)}
    read = await desk.ask("consumer", "GET", PATH, headers=ranges)

    assert (head.status_code, head.content) == (200, b"")
    assert (read.status_code, read.content) == (200, PDF)


async def test_again_is_200_and_changes_nothing(desk: Desk, sessions: Sessions) -> None:
    first = await put(desk, "consumer", params={"name": "a.pdf"})
    again = await put(desk, "consumer", params={"name": "b.pdf"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert await stored(sessions) == (1, 1)
    (event,) = await events(sessions)
    assert (event.act, event.object_type, event.object_id) == (
        "ADD_EVIDENCE",
        "EVIDENCE",
        DIGEST,
    )
    assert "a.pdf" not in str(event.after)


async def test_repeated_request_is_answered_as_before(desk: Desk) -> None:
    headers = {"Idempotency-Key": "a"}

    first = await put(desk, "consumer", headers=headers)
    again = await put(desk, "consumer", headers=headers)

    assert first.json() == again.json()
    assert first.status_code == again.status_code == 201
    assert again.headers["idempotent-replay"] == "true"


async def test_another_holder_sends_the_bytes_and_sees_its_own_name(
    desk: Desk, sessions: Sessions
) -> None:
    await put(desk, "consumer", params={"name": "江南内部.pdf"})
    assert (await desk.ask("submitter", "GET", PATH)).status_code == 404

    answer = await put(desk, "submitter", params={"name": "a.pdf"})

    assert (answer.status_code, answer.json()["name"]) == (201, "a.pdf")
    assert await stored(sessions) == (1, 1)
    colleague = await desk.ask("approver", "GET", f"{PATH}/metadata")
    assert colleague.json()["name"] == "a.pdf"


@pytest.mark.parametrize(
    ("data", "path", "status", "code"),
    [
        (PDF + b"x", PATH, 422, "CHECKSUM_MISMATCH"),
        (b"", PATH, 422, "EMPTY_FILE"),
        (b"", f"/evidence/{sha256_hex(b'')}", 422, "EMPTY_FILE"),
        (PDF, f"/evidence/{DIGEST.upper()}", 422, "BAD_VALUE"),
        (PDF, f"/evidence/{DIGEST[:-1]}", 422, "BAD_VALUE"),
        (PDF, f"/evidence/{DIGEST}%0a", 422, "BAD_VALUE"),
        (PDF, f"/evidence/..%2F{DIGEST[3:]}", 404, "NOT_FOUND"),
    ],
)
async def test_what_is_not_the_document_is_not_stored(
    desk: Desk, sessions: Sessions, data: bytes, path: str, *, status: int, code: str
) -> None:
    answer = await put(desk, "consumer", data, path)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await stored(sessions) == (0, 0)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../../etc/passwd", "BAD_FILE_NAME"),
        ("C:\\x", "BAD_FILE_NAME"),
        ("a\0.csv", "BAD_ENCODING"),
        ("CON", "BAD_FILE_NAME"),
        ("nul.pdf", "BAD_FILE_NAME"),
        (".htaccess", "BAD_FILE_NAME"),
        ("..", "BAD_FILE_NAME"),
        ("a.pdf ", "BAD_FILE_NAME"),
        ('a".pdf', "BAD_FILE_NAME"),
        ("", "BAD_TEXT"),
        ("a\u202efdp.exe", "BAD_TEXT"),
        ("a\r\nX: y", "BAD_TEXT"),
        ("a" * 201, "BAD_VALUE"),
        ("a" * 5000, "BAD_VALUE"),
    ],
)
async def test_hostile_names_are_refused(
    desk: Desk, sessions: Sessions, name: str, code: str
) -> None:
    answer = await put(desk, "consumer", params={"name": name})

    assert answer.status_code in (400, 422)
    assert answer.json()["code"] == code
    assert await stored(sessions) == (0, 0)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([("Content-Type", "pdf")], "BAD_MEDIA_TYPE"),
        ([("Content-Type", "a/b\u00e9".encode("latin-1"))], "BAD_MEDIA_TYPE"),
        ([("Content-Type", "a/" + "b" * 300)], "BAD_MEDIA_TYPE"),
        ([("Content-Type", "a/b"), ("Content-Type", "c/d")], "BAD_MEDIA_TYPE"),
        ([("Content-Encoding", "gzip")], "UNSUPPORTED_CONTENT_ENCODING"),
    ],
)
async def test_strange_types_are_415(
    desk: Desk, headers: list[tuple[str, Any]], code: str
) -> None:
    key = desk.keys["consumer"].key
    answer = await desk.client.put(
        f"/v1{PATH}",
        content=PDF,
        headers=[("Authorization", f"Bearer {key}"), *headers],
    )

    assert (answer.status_code, answer.json()["code"]) == (415, code)


async def test_type_need_not_be_said(desk: Desk) -> None:
    answer = await put(desk, "consumer")

    assert answer.json()["media_type"] == "application/octet-stream"
    assert answer.json()["name"] == f"{DIGEST}.bin"


async def test_without_a_key_nothing_is_even_read(client: httpx.AsyncClient) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(10):
            read += 1
            yield bytes(MIB)

    answer = await client.put(f"/v1{PATH}", content=body())

    assert (answer.status_code, read) == (401, 0)


@pytest.fixture
async def small(sessions: Sessions) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of an application that takes documents of 1,000 bytes."""
    app = create_app(Settings(rate_limit=False))
    app.state.body_limits = BodyLimits(json=MIB, large=MIB, evidence=1000)
    app.state.services = services(sessions)
    async with client_of(app) as client:
        yield client


async def test_larger_than_the_limit_is_413(
    small: httpx.AsyncClient, sessions: Sessions
) -> None:
    desk = await open_desk(small, sessions)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 500
            yield bytes(500)

    for data in (bytes(1001), endless()):
        answer = await put(desk, "consumer", data)
        assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")
    fits = await put(
        desk, "consumer", bytes(1000), f"/evidence/{sha256_hex(bytes(1000))}"
    )

    assert sent <= 2000
    assert fits.status_code == 201
    assert await stored(sessions) == (1, 1)


def test_limit_is_50_mib_unless_set() -> None:
    assert from_environment({}).evidence_limit == 50 * MIB
    assert from_environment({"TANYIN_EVIDENCE_LIMIT": "7"}).evidence_limit == 7


async def test_memory_does_not_grow_with_the_document(
    desk: Desk, sessions: Sessions
) -> None:
    part, count = bytes(range(256)) * 256, 24 * 16
    digest = hashlib.sha256(part * count).hexdigest()

    async def body() -> AsyncIterator[bytes]:
        for _ in range(count):
            yield part

    tracemalloc.start()
    try:
        answer = await put(desk, "consumer", body(), f"/evidence/{digest}")
        size = 0
        async for piece in sources.pieces(sessions, digest):
            size += len(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert answer.status_code == 201
    assert size == 24 * MIB
    assert peak < 10 * MIB


@pytest.mark.committed
async def test_same_document_sent_twice_at_once_is_stored_once(
    desk: Desk, sessions: Sessions
) -> None:
    answers = await asyncio.gather(
        *(put(desk, who) for who in ("submitter", "approver", "consumer", "auditor"))
    )

    assert sorted(answer.status_code for answer in answers) == [200, 201, 201, 201]
    assert await stored(sessions) == (1, 1)


@pytest.mark.committed
async def test_sender_who_dawdles_keeps_no_role(desk: Desk) -> None:
    """Who is still sending when they are sent away has sent in vain."""
    gate = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield PDF[:9]
        await gate.wait()
        yield PDF[9:]

    sending = asyncio.create_task(put(desk, "submitter", body()))
    await asyncio.sleep(0.2)
    person = desk.keys["submitter"].person
    gone = await asyncio.wait_for(
        desk.ask(
            "approver",
            "PATCH",
            f"/organisations/org_demo_metals/members/{person}",
            {"left": True},
        ),
        5,
    )
    gate.set()
    answer = await sending

    assert gone.status_code == 200
    assert (answer.status_code, answer.json()["code"]) == (401, "UNKNOWN_KEY")


async def test_part_that_fails_leaves_nothing(sessions: Sessions) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield PDF
        raise ConnectionError

    file = BytesIO()
    with pytest.raises(ConnectionError):
        await sources.receive(DIGEST, parts(), file)

    assert await stored(sessions) == (0, 0)


# Who may read what they do not hold.

READERS = ("secretariat", "publisher", "auditor", "reviewer_1")
OUTSIDERS = ("submitter_b", "reviewer_2", "consumer", "admin")


async def read_by(desk: Desk) -> set[str]:
    """Return who can read the document, of everybody but its holder."""
    found = set()
    for who in (*READERS, *OUTSIDERS):
        read = await desk.ask(who, "GET", PATH)
        metadata = await desk.ask(who, "GET", f"{PATH}/metadata")
        assert read.status_code == metadata.status_code
        if read.status_code == 200:
            assert read.content == PDF
            found.add(who)
        else:
            assert read.json()["code"] == "UNKNOWN_EVIDENCE"
    return found


async def cite(
    sessions: Sessions,
    desk: Desk,
    *,
    state: str = "IN_REVIEW",
    organisation: str = "org_demo_metals",
    content: bytes | None = None,
    **changes: Any,
) -> None:
    """Add a submission that cites the document, with reviewer_1 on its panel."""
    citation = {"title": "t", "evidence_sha256": DIGEST}
    assignment = {
        "declared_at": NOW,
        "conflict": False,
        "ended_at": None,
        "round": 1,
    } | changes
    async with sessions.begin() as session:
        session.add(
            Submission(
                id="sub_1",
                organisation_id=organisation,
                title="t",
                state=state,
                round=int(state != "DRAFT"),
                revision=1,
                item_count=1,
                created_by=desk.keys["submitter"].person,
                created_at=NOW,
                changed_at=NOW,
                chain=bytes(32),
            )
        )
        await session.flush()
        session.add(
            SubmissionItem(
                submission_id="sub_1",
                number=1,
                type="NEW",
                content=content or canonical_bytes({"sources": [citation]}),
                explanations={},
            )
        )
        session.add(
            Assignment(
                submission_id="sub_1",
                person_id=desk.keys["reviewer_1"].person,
                chair=False,
                assigned_at=NOW,
                **assignment,
            )
        )


async def test_cited_by_nothing_is_for_the_holder_alone(desk: Desk) -> None:
    await put(desk, "submitter")

    assert await read_by(desk) == set()
    assert (await desk.ask("approver", "GET", PATH)).status_code == 200


@pytest.mark.parametrize(
    ("state", "readers"),
    [
        ("DRAFT", set()),
        ("SUBMITTED", set(READERS)),
        ("IN_REVIEW", set(READERS)),
        ("PUBLISHED", set(READERS)),
        ("WITHDRAWN", set(READERS)),
    ],
)
async def test_submission_opens_it_to_office_and_panel(
    desk: Desk, sessions: Sessions, state: str, readers: set[str]
) -> None:
    await put(desk, "submitter")
    await cite(sessions, desk, state=state)

    assert await read_by(desk) == readers


@pytest.mark.parametrize(
    "changes",
    [
        {"declared_at": None, "conflict": None},
        {"conflict": True},
        {"ended_at": NOW},
        {"round": 0},
    ],
)
async def test_reviewer_without_a_clean_declaration_sees_nothing(
    desk: Desk, sessions: Sessions, changes: dict[str, Any]
) -> None:
    await put(desk, "submitter")
    await cite(sessions, desk, **changes)

    assert await read_by(desk) == set(READERS) - {"reviewer_1"}


async def test_citing_what_one_does_not_hold_opens_nothing(
    desk: Desk, sessions: Sessions
) -> None:
    await put(desk, "consumer")
    await cite(sessions, desk)

    assert await read_by(desk) == {"consumer"}
    assert (await desk.ask("submitter", "GET", PATH)).status_code == 404


@pytest.mark.parametrize(
    "content",
    [
        b'{"sources":[{"evidence_sha256":null}]}',
        f'{{"title":"{DIGEST}"}}'.encode(),
        b'{"evidence_sha256":"' + b"%" * 64 + b'"}',
    ],
)
async def test_other_content_opens_nothing(
    desk: Desk, sessions: Sessions, content: bytes
) -> None:
    await put(desk, "submitter")
    await cite(sessions, desk, content=content)

    assert await read_by(desk) == set()


async def test_what_an_earlier_round_cited_stays_readable(
    desk: Desk, sessions: Sessions
) -> None:
    await put(desk, "submitter")
    await cite(sessions, desk, content=b"{}")
    async with sessions.begin() as session:
        citation = {"evidence_sha256": DIGEST}
        session.add(
            RoundItem(
                submission_id="sub_1",
                round=1,
                number=1,
                type="NEW",
                content=canonical_bytes({"sources": [citation]}),
            )
        )

    assert await read_by(desk) == set(READERS)


async def test_objection_opens_it_to_the_office(desk: Desk, sessions: Sessions) -> None:
    await put(desk, "consumer")
    await cite(sessions, desk, state="ON_NOTICE", content=b"{}")
    async with sessions.begin() as session:
        session.add(
            Notice(
                id="n_1",
                submission_id="sub_1",
                round=1,
                opened_at=NOW,
                opens_on=NOW.date(),
                closes_on=NOW.date(),
                working_days=0,
            )
        )
        await session.flush()
        session.add(
            Objection(
                id="o_1",
                notice_id="n_1",
                item=1,
                pointer="",
                grounds="g",
                evidence=["0" * 64, DIGEST],
                person_id=desk.keys["consumer"].person,
                organisation_id="org_demo_enterprise",
                state="RECEIVED",
                received_at=NOW,
            )
        )

    office = {"secretariat", "publisher", "auditor"}
    assert await read_by(desk) == office | {"consumer"}


async def test_problem_report_opens_it_to_the_office(
    desk: Desk, sessions: Sessions
) -> None:
    await put(desk, "consumer")
    async with sessions.begin() as session:
        session.add(
            ProblemReport(
                id="r_1",
                code="CNF-01-000001-14",
                version=1,
                pointer="",
                text="t",
                evidence=[DIGEST],
                person_id=desk.keys["consumer"].person,
                organisation_id="org_demo_enterprise",
                at=NOW,
            )
        )

    office = {"secretariat", "publisher", "auditor"}
    assert await read_by(desk) == office | {"consumer"}
