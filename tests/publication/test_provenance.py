"""Where a version comes from and who stands behind it, read by somebody without a key.

The people of the demonstration play the whole road over HTTP.
"""

from dataclasses import replace
from typing import Any

import pytest

from app.factors.codes import Pin
from app.kit.database import Sessions
from app.main import create_app
from app.publication import provenance
from app.publication.provenance import read_provenance
from app.reference.enums import Road, VersionStatus
from app.settings import Settings
from tests.factories import factors
from tests.factories import submissions as steps
from tests.factories.people import Answer, People, people
from tests.factories.probe import client_of
from tests.factories.services import services

REASON = {"reason": "核算有误"}


async def read(everybody: People, path: str, snapshot: int | None = None) -> Answer:
    """Read as nobody."""
    suffix = "" if snapshot is None else f"?snapshot={snapshot}"
    answer = await everybody.get("nobody", f"{path}{suffix}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def sentences(graph: Answer, kind: str) -> set[tuple[str, str]]:
    """Return from where to where the edges of a type lead."""
    return {(e["from"], e["to"]) for e in graph["edges"] if e["type"] == kind}


def node(graph: Answer, id_: str) -> dict[str, Any]:
    """Return the node of an id."""
    return next(each for each in graph["nodes"] if each["id"] == id_)


def check_graph(graph: Answer) -> None:
    """See that ids are unique and edges lead from node to node."""
    ids = [each["id"] for each in graph["nodes"]]
    assert len(ids) == len(set(ids))
    ends = {each[end] for each in graph["edges"] for end in ("from", "to")}
    assert ends <= set(ids)
    # Everything hangs together.
    assert set(ids) - ends == set() or len(ids) == 1


async def update(everybody: People, made: Answer, value: str) -> Answer:
    """Publish another version of what a submission has published."""
    item = steps.item(value=value, change_reason="年度更新")
    return await steps.published(
        everybody, item | {"type": "UPDATE", "factor": made["code"]}
    )


async def confirmed(everybody: People, path: str, body: Any = None) -> Answer:
    """Propose an act and have it confirmed."""
    act = await everybody.done("publisher", path, body or REASON)
    return await everybody.done("publisher_2", f"/acts/{act['act_id']}/confirm")


async def test_the_way_through_a_panel(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await steps.published(everybody)
        pin = f"{made['code']}@1"
        path = f"/factors/{made['code']}/versions/1"
        version = await read(everybody, path)

        graph = await read(everybody, f"{path}/provenance")

        check_graph(graph)
        assert (graph["version"], graph["is_complete"]) == (pin, True)
        record, entry = f"record:{version['record_sha256']}", "entry:0"
        assert sentences(graph, "RECORDED_AS") == {(pin, record)}
        assert sentences(graph, "LOGGED_AS") == {(record, entry)}
        assert node(graph, entry)["leaf_hash"] == version["leaf_hash"]
        assert sentences(graph, "EVIDENCED_BY") == {
            ("source:0", f"evidence:{'0' * 64}")
        }
        assert node(graph, "source:0")["citation"] == version["source"]
        submission = f"submission:{made['id']}"
        assert sentences(graph, "SUBMITTED_IN") == {(pin, submission)}
        assert sentences(graph, "SUBMITTED_BY") == {
            (submission, "organisation:org_demo_metals")
        }
        for kind, start, who in (
            ("MADE_BY", submission, ["submitter"]),
            ("CHECKED_BY", submission, ["approver"]),
            ("HANDLED_BY", submission, ["secretariat"]),
            ("REVIEWED_BY", submission, steps.REVIEWERS),
            ("SIGNED_BY", pin, ["publisher", "publisher_2"]),
        ):
            wanted = {(start, f"person:{everybody.id(name)}") for name in who}
            assert sentences(graph, kind) == wanted
        for name in (*steps.REVIEWERS, "publisher"):
            key = everybody.keys[name]
            person = f"person:{key.person}"
            verdict = "PASS" if name in steps.REVIEWERS else None
            edges = [each for each in graph["edges"] if each["to"] == person]
            assert {each["verdict"] for each in edges} == {verdict}
            assert (person, f"organisation:{key.organisation}") in sentences(
                graph, "ACTS_FOR"
            )
        ((_, notice),) = sentences(graph, "ON_NOTICE")
        assert node(graph, notice)["notice"] == made["notice"]
        assert len(sentences(graph, "UNDER")) == 1


async def test_versions_and_changes_of_status(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        first = await steps.published(everybody)
        code = first["code"]
        await update(everybody, first, "15.90")
        await everybody.done("publisher", f"/factors/{code}/versions/1/suspend", REASON)
        await confirmed(everybody, f"/factors/{code}/retire")
        path = f"/factors/{code}/versions/1/provenance"

        graph = await read(everybody, path)

        check_graph(graph)
        assert sentences(graph, "SUCCEEDS") == {(f"{code}@2", f"{code}@1")}
        assert sentences(graph, "CHANGES") == {
            ("status:2", f"{code}@1"),
            ("status:3", f"{code}@1"),
        }
        assert node(graph, "status:2")["reason"] == "核算有误"
        signed = sentences(graph, "SIGNED_BY")
        both = {f"person:{everybody.id(name)}" for name in ("publisher", "publisher_2")}
        assert {to for start, to in signed if start == "status:3"} == both
        assert {to for start, to in signed if start == "status:2"} == {
            f"person:{everybody.id('publisher')}"
        }
        of_second = await read(everybody, f"/factors/{code}/versions/2/provenance")
        assert sentences(of_second, "CHANGES") == {("status:3", f"{code}@2")}


async def test_an_older_snapshot_says_what_it_said(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        first = await steps.published(everybody)
        code = first["code"]
        paths = [f"/factors/{code}/versions/1/provenance", f"/factors/{code}/history"]
        before = [await read(everybody, path, 1) for path in paths]
        await update(everybody, first, "15.90")
        await confirmed(everybody, f"/factors/{code}/versions/1/void")
        # Another process, which has kept nothing.
        app = create_app(Settings(rate_limit=False))
        app.state.services = services(sessions)
        async with client_of(app) as client:
            other = replace(everybody, clients={"nobody": client})
            assert [await read(other, path, 1) for path in paths] == before
            assert [await read(other, path, 3) for path in paths] != before


async def test_derivation_is_followed_to_its_beginning(sessions: Sessions) -> None:
    pins: list[str] = []
    for number in range(4):
        # Each names all before it, and one that was never published.
        derivation = [f"{pin} * 2 kg" for pin in pins]
        derivation += ["CNF-08-999999-25@1", "CNF-08-000001-00@1"]
        published = await factors.publish_one(
            sessions, zh=f"产品{number}", derivation=derivation
        )
        pins.append(f"{published.code}@{published.version}")

    async with sessions() as session:
        code = pins[3].partition("@")[0]
        found = await read_provenance(session, Pin(code, 1), 4)

    graph = found.model_dump(mode="json", by_alias=True)
    check_graph(graph)
    assert sentences(graph, "DERIVED_FROM") == {
        (pins[later], pins[earlier]) for later in range(4) for earlier in range(later)
    }
    assert graph["is_complete"] is True


async def test_what_is_too_much_is_left_out(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "DERIVED_SHOWN", 2)
    monkeypatch.setattr(provenance, "NEIGHBOURS_SHOWN", 1)
    pins: list[str] = []
    for number in range(4):
        published = await factors.publish_one(
            sessions, zh=f"产品{number}", derivation=pins[-1:]
        )
        pins.append(f"{published.code}@1")
    many = await factors.publish_one(sessions, value="1")
    for value in ("2", "3"):
        await factors.publish_one(sessions, value=value)

    async with sessions() as session:
        deep = await read_provenance(session, Pin(pins[3].partition("@")[0], 1), 7)
        near = await read_provenance(session, Pin(pins[2].partition("@")[0], 1), 7)
        first = await read_provenance(session, Pin(many.code, 1), 7)
        middle = await read_provenance(session, Pin(many.code, 2), 7)

    found = [each.is_complete for each in (deep, near, first, middle)]
    assert found == [False, True, False, True]


async def test_releases_have_what_was_current(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        code = (await factors.publish_one(sessions, value="1")).code
        await confirmed(everybody, "/releases", {"name": "2026.1", **REASON})
        await factors.publish_one(sessions, value="2")
        await confirmed(everybody, "/releases", {"name": "2026.2", **REASON})

        for version, name in ((1, "2026.1"), (2, "2026.2")):
            path = f"/factors/{code}/versions/{version}/provenance"
            graph = await read(everybody, path)
            assert sentences(graph, "CONTAINS") == {
                (f"release:{name}", f"{code}@{version}")
            }
        early = await read(everybody, f"/factors/{code}/versions/1/provenance", 1)
        assert sentences(early, "CONTAINS") == set()


async def test_history_names_everybody(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        first = await steps.published(everybody)
        code = first["code"]
        second = await update(everybody, first, "15.90")
        await everybody.done("publisher", f"/factors/{code}/versions/1/suspend", REASON)
        await confirmed(everybody, f"/factors/{code}/versions/1/reinstate")
        item = {"type": "RETIREMENT", "factor": code, "reason": "不再生产"}
        third = await steps.published(everybody, item)

        history = await read(everybody, f"/factors/{code}/history")

        items = history["items"]
        assert [
            (each["log_index"], each["act"], each["version"]) for each in items
        ] == [
            (0, "PUBLISH", 1),
            (1, "PUBLISH", 2),
            (2, "SUSPEND", 1),
            (3, "REINSTATE", 1),
            (4, "RETIRE", None),
        ]
        assert [each["submission"] for each in items] == [
            first["id"],
            second["id"],
            None,
            None,
            third["id"],
        ]
        assert [each["reason"] for each in items[1:]] == [
            "年度更新",
            "核算有误",
            "核算有误",
            "不再生产",
        ]
        assert items[0]["document"]["document_number"] == "有色协〔2026〕8号"
        assert items[0]["notice"]["id"] == first["notice"]
        for each in (items[0], items[1], items[4]):
            check_people(everybody, each)
        signers = [
            [(one["duty"], one["person"]) for one in each["people"]]
            for each in items[2:4]
        ]
        publisher = ("FIRST_PUBLISHER", everybody.id("publisher"))
        other = ("SECOND_PUBLISHER", everybody.id("publisher_2"))
        assert signers == [[publisher], [publisher, other]]


def check_people(everybody: People, item: Answer) -> None:
    """See that a panel's people are there with duties and organisations."""
    assert (item["road"], item["organisation"]) == ("PANEL", "org_demo_metals")
    wanted = {
        (everybody.id(name), everybody.keys[name].organisation, duty, verdict)
        for duty, names, verdict in (
            ("MAKER", ["submitter"], None),
            ("CHECKER", ["approver"], None),
            ("SECRETARIAT", ["secretariat"], None),
            ("REVIEWER", steps.REVIEWERS, "PASS"),
            ("FIRST_PUBLISHER", ["publisher"], None),
            ("SECOND_PUBLISHER", ["publisher_2"], None),
        )
        for name in names
    }
    found = {
        (each["person"], each["organisation"], each["duty"], each["verdict"])
        for each in item["people"]
    }
    assert found == wanted


async def test_history_of_what_was_taken_over(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        code = (await factors.publish_one(sessions, Road.IMPORT)).code
        await factors.change_status(sessions, code, VersionStatus.RETIRED)

        items = (await read(everybody, f"/factors/{code}/history"))["items"]

        assert [each["road"] for each in items] == ["IMPORT", None]
        assert [
            (each["person"], each["organisation"]) for each in items[0]["people"]
        ] == [(person, None) for person in factors.PUBLISHERS]
        assert items[1]["people"] == []


async def test_history_page_by_page(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        for value in ("1", "2", "3", "4", "5"):
            code = (await factors.publish_one(sessions, value=value)).code
        path = f"/factors/{code}/history"
        whole = await read(everybody, path)
        found: list[Answer] = []
        after: int | None = -1
        while after is not None:
            page = (
                await everybody.get("nobody", f"{path}?limit=2&after={after}")
            ).json()
            found += page["items"]
            after = page["next_after"]

        assert found == whole["items"]
        assert (len(found), whole["next_after"], whole["snapshot"]) == (5, None, 5)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/versions/9/provenance", 404, "UNKNOWN_VERSION"),
        ("/versions/1/provenance?snapshot=0", 404, "UNKNOWN_FACTOR"),
        ("/history?snapshot=0", 404, "UNKNOWN_FACTOR"),
        ("/history?after=x", 422, "BAD_TYPE"),
        ("/changes?from=1&to=9", 404, "UNKNOWN_VERSION"),
        ("/changes?from=1", 422, "MISSING_PARAMETER"),
        ("/changes?from=0&to=1", 422, "BAD_VALUE"),
    ],
)
async def test_refusals(sessions: Sessions, path: str, status: int, code: str) -> None:
    async with people(sessions) as everybody:
        factor = (await factors.publish_one(sessions)).code

        answer = await everybody.get("nobody", f"/factors/{factor}{path}")

        assert (answer.status_code, answer.json()["code"]) == (status, code)
