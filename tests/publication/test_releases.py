"""Releases: two publishers, a name once, an entry that says everything; and changes."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.factors import catalogue
from app.factors import service as factors
from app.factors.catalogue import History, Verdict
from app.factors.codes import Pin
from app.kit.canonical import canonical_bytes
from app.kit.database import Sessions
from app.publication import changes, export, releases
from app.publication.changes import Span
from app.publication.models import Release
from app.reference.enums import VersionStatus
from app.translog import service as translog
from app.translog.models import LogEntry
from tests.factories.factors import PUBLISHERS, change, content, publish, publish_one
from tests.factories.people import Answer, People, people

REASON = "年度发布"
PROPOSAL = {"name": "2026.1", "reason": REASON}


def code(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


async def released(people: People, name: str = "2026.1") -> Answer:
    """Propose and confirm a release."""
    proposed = await people.done("publisher", "/releases", PROPOSAL | {"name": name})
    return await people.done("publisher_2", f"/acts/{proposed['act_id']}/confirm")


async def test_two_publishers_release(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        await publish_one(sessions)
        proposed = await everybody.post("publisher", "/releases", PROPOSAL)
        assert proposed.status_code == 202
        act = proposed.json()
        assert (act["kind"], act["release"]) == ("RELEASE", "2026.1")
        assert (act["log_index"], act["published"]) == (None, [])
        missing = await everybody.get("nobody", "/releases/2026.1")
        assert code(missing) == (404, "UNKNOWN_RELEASE")
        confirm = f"/acts/{act['act_id']}/confirm"
        own = await everybody.post("publisher", confirm)
        assert code(own) == (403, "DUTIES_NOT_SEPARATE")
        # What is published before the confirmation is in it.
        await publish_one(sessions, value="1")

        done = await everybody.done("publisher_2", confirm)

        assert done["log_index"] == 2
        read = (await everybody.get("nobody", "/releases/2026.1")).json()
        signers = [everybody.id("publisher"), everybody.id("publisher_2")]
        assert (read["size"], read["log_index"], read["versions"]) == (2, 2, 1)
        assert (read["reason"], read["publishers"]) == (REASON, signers)
        twice = await everybody.post("publisher_2", confirm)
        assert code(twice) == (409, "ALREADY_CONFIRMED")


async def test_the_entry_says_everything(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        await publish_one(sessions)
        index = (await released(everybody))["log_index"]
        async with sessions() as session:
            entry = await session.get_one(LogEntry, index)
            row = await session.get_one(Release, "2026.1")

        record = json.loads(entry.record)
        assert entry.kind == record["schema"] == "tanyin/release/1"
        assert entry.record == canonical_bytes(record)
        assert list(record) == sorted(
            [
                *("schema", "name", "size", "versions", "manifest_sha256"),
                *("jsonl_sha256", "csv_sha256", "reason", "publishers"),
                "recorded_at",
            ]
        )
        assert (row.log_index, row.size) == (index, record["size"])
        for digest in ("manifest_sha256", "jsonl_sha256", "csv_sha256"):
            assert getattr(row, digest) == record[digest]


@pytest.mark.parametrize(
    "name",
    [
        *("1200", "0", "", ".", "..", "-a", "_a", "a b", "a/b", "a\n", "é", "版"),
        *("2026-01-31T00:00:00Z", "2026-01-31T00:00:00+08:00", "a" * 65, "a%"),
    ],
)
async def test_names_that_are_none(sessions: Sessions, name: str) -> None:
    async with people(sessions) as everybody:
        body = {"name": name, "reason": REASON}
        answer = await everybody.post("publisher", "/releases", body)

        assert code(answer) == (422, "BAD_RELEASE_NAME")
        assert answer.json()["errors"][0]["pointer"] == "/name"


@pytest.mark.parametrize("name", ["2026.1", "v1", "a", "0x", "2026-01-31", "a" * 64])
async def test_names(sessions: Sessions, name: str) -> None:
    async with people(sessions) as everybody:
        await released(everybody, name)

        answer = await everybody.get("nobody", f"/factors?snapshot={name}")
        assert answer.json()["snapshot"] == 0


async def test_a_name_is_given_once(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        late = await everybody.done("publisher", "/releases", PROPOSAL)
        await released(everybody)

        again = await everybody.post("publisher", "/releases", PROPOSAL)
        assert code(again) == (409, "RELEASE_EXISTS")
        confirm = f"/acts/{late['act_id']}/confirm"
        assert code(await everybody.post("publisher_2", confirm)) == (
            409,
            "RELEASE_EXISTS",
        )


async def test_releases_are_for_publishers(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        for who in sorted({*everybody.keys} - {"publisher", "publisher_2"}):
            answer = await everybody.post(who, "/releases", PROPOSAL)
            assert code(answer) == (403, "NOT_A_PUBLISHER")
        anonymous = await everybody.post("nobody", "/releases", PROPOSAL)
        assert anonymous.status_code == 401


async def test_what_the_audit_trail_says(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        done = await released(everybody)

        path = "/audit/events?object_type=ACT"
        events = (await everybody.get("nobody", path)).json()["items"]
        assert [each["act"] for each in events] == ["CONFIRM"]
        assert events[0]["after"]["release"] == "2026.1"
        assert events[0]["log_index"] == done["log_index"]


@pytest.mark.committed
async def test_of_releases_at_once_with_one_name_one_is_made(
    sessions: Sessions,
) -> None:
    async def make(number: int) -> int:
        async with sessions.begin() as session:
            return await releases.make(session, "a", f"{number}", PUBLISHERS)

    results = await asyncio.gather(*map(make, range(4)), return_exceptions=True)

    refused = [each for each in results if isinstance(each, releases.ReleaseExists)]
    assert (len(refused), results.count(0)) == (3, 1)


@pytest.mark.committed
async def test_what_is_published_while_it_is_written_is_in_it(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalogue is written before the lock; that must not be what is released."""
    digest, sizes = export.digest, list[int]()

    async def slow(open_session: Any, size: int) -> Any:
        sizes.append(size)
        if len(sizes) == 1:
            await publish_one(sessions, value="1")
        return await digest(open_session, size)

    monkeypatch.setattr(export, "digest", slow)
    await publish_one(sessions)
    async with sessions.begin() as session:
        index = await releases.make(session, "a", REASON, PUBLISHERS)

    assert (index, sizes) == (2, [1, 2])
    async with sessions() as session:
        release = await releases.get_release(session, "a")
        assert (release.size, releases.read_release(release).versions) == (2, 1)


# --- what moved -----------------------------------------------------------------


def history(*steps: VersionStatus | tuple[VersionStatus, int | None] | None) -> History:
    """Return a history: None for a version, a status for all, or with a version."""
    found = History("CNF-08-000001-00")
    for index, step in enumerate(steps):
        if step is None:
            found.versions.append(index)
        else:
            status, version = step if isinstance(step, tuple) else (step, None)
            found.verdicts.append(Verdict(index, version, status))
    return found


SUSPENDED, PUBLISHED = VersionStatus.SUSPENDED, VersionStatus.PUBLISHED
VOID, RETIRED = VersionStatus.VOID, VersionStatus.RETIRED
Told = list[tuple[str, int | None, int | None, int]]


@pytest.mark.parametrize(
    ("steps", "since", "told"),
    [
        ([None], 0, [("ADDED", 1, None, 1)]),
        ([None], 1, []),
        ([None, None], 0, [("ADDED", 2, None, 2)]),
        ([None, None], 1, [("CHANGED", 2, 1, 2)]),
        ([None, None, None], 1, [("CHANGED", 3, 1, 3)]),
        ([None, (SUSPENDED, 1)], 1, [("SUSPENDED", 1, 1, 1)]),
        (
            [None, (SUSPENDED, 1)],
            0,
            [("ADDED", 1, None, 1), ("SUSPENDED", 1, None, 1)],
        ),
        ([None, (SUSPENDED, 1), (PUBLISHED, 1)], 2, [("REINSTATED", 1, 1, 1)]),
        ([None, (SUSPENDED, 1), (PUBLISHED, 1)], 1, []),
        ([None, None, (VOID, 1)], 2, [("VOID", 1, 1, 1)]),
        ([None, None, RETIRED], 2, [("RETIRED", None, 2, 2)]),
        ([None, None, (VOID, 1), RETIRED], 3, [("RETIRED", None, 2, 2)]),
        ([None, (VOID, 1), RETIRED], 2, []),
        (
            [None, (SUSPENDED, 1), None, (VOID, 2)],
            1,
            [
                ("CHANGED", 2, 1, 2),
                ("SUSPENDED", 1, 1, 1),
                ("VOID", 2, None, 2),
            ],
        ),
        ([None, (SUSPENDED, 1), RETIRED], 2, [("RETIRED", None, 1, 1)]),
    ],
)
def test_how_a_factor_moved(steps: list[Any], since: int, told: Told) -> None:
    found = changes.moves(history(*steps), Span(since, len(steps)))

    assert [
        (str(each.kind), each.version, each.before, each.after) for each in found
    ] == told


@given(
    st.lists(
        st.none()
        | st.tuples(
            st.sampled_from([SUSPENDED, PUBLISHED, VOID, RETIRED]),
            st.sampled_from([None, 1, 2]),
        ),
        max_size=8,
    ),
    st.data(),
)
def test_nothing_is_told_exactly_where_nothing_moved(
    steps: list[Any], data: st.DataObject
) -> None:
    past = history(None, *steps)
    until = len(steps) + 1
    since = data.draw(st.integers(0, until))

    found = list(changes.moves(past, Span(since, until)))

    def state(size: int) -> list[VersionStatus]:
        """Return the versions with their status, superseded or not."""
        withdrawn = [past.verdict(n + 1, size) for n in range(past.highest(size))]
        return [each.status if each else PUBLISHED for each in withdrawn]

    assert (found == []) is (state(since) == state(until))
    assert all(since <= each.log_index < until for each in found)


async def test_status_is_what_the_database_says(session: AsyncSession) -> None:
    """The rule stands twice: in SQL for lists, in Python for histories."""
    for value in ("1", "2", "3"):
        await publish(session, content(value=value))
    made = (await publish(session, content(value="4")))[0].code
    for status, version in (
        *((SUSPENDED, 1), (RETIRED, None), (PUBLISHED, 1), (VOID, 2)),
        *((PUBLISHED, None), (SUSPENDED, 4), (VOID, None), (PUBLISHED, 3)),
    ):
        await change(session, made, VersionStatus(status), version)
    await session.flush()
    size = await translog.size(session)

    (past,) = await catalogue.load_histories(session, [made], size)

    for at in range(size + 1):
        pins = [Pin(made, number) for number in range(1, 5)]
        found = await factors.load_versions(session, pins, at)
        assert past.highest(at) == len(found)
        for each in found.values():
            assert past.status(each.version, at) is each.status


async def test_histories_are_of_the_snapshot(session: AsyncSession) -> None:
    made = (await publish(session, content(), content(value="1")))[0].code
    await change(session, made, SUSPENDED, 2)
    await session.flush()

    (past,) = await catalogue.load_histories(session, [made], 1)

    assert (past.versions, past.verdicts) == ([0], [])
