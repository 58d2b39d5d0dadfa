"""Calculations that describe their factors: chosen, traced, pinned, refused."""

import json
from collections.abc import AsyncIterator
from typing import Any

import jsonschema
import pytest

from app.kit.database import Sessions
from app.main import create_app
from app.reference.enums import VersionStatus
from app.settings import Settings
from tests.api.test_calculations import HOSTILE, mutations
from tests.factories.calculations import process, request
from tests.factories.factors import change_status, content, electricity, publish
from tests.factories.people import People, people

FOOTPRINT = "CNF-01-000001-14"
OLDER = "CNF-01-000002-11"
LINE = "/processes/0/inputs/0"
Document = dict[str, Any]
EXACT: Document = {"category": "ELECTRICITY", "region": "CN", "year": 2023}
NEAR: Document = {
    "category": "ELECTRICITY",
    "region": "CN-ZJ",
    "year": 2022,
    "fallback": ["region", "year"],
}


@pytest.fixture
async def everybody(sessions: Sessions) -> AsyncIterator[People]:
    """Yield the people of the demonstration, with published factors."""
    contents = [
        electricity(),
        electricity(reference_year=2021, value="0.5"),
        content(),
        content(zh="公路货运", en="Road freight", unit="kgCO2e/t_km", value="0.1"),
    ]
    async with sessions.begin() as session:
        await publish(session, *contents)
    async with people(sessions) as found:
        yield found


def line(select: Document, unit: str = "kWh", **more: Any) -> Document:
    return {"select": select, "amount": "10", "unit": unit, **more}


def tree(*lines: Document, **more: Any) -> Document:
    return request(process(inputs=list(lines)), **more)


async def answered(everybody: People, body: Document) -> Document:
    found: Document = await everybody.done("nobody", "/calculations", body)
    return found


async def refused(everybody: People, body: Document) -> list[Document]:
    response = await everybody.post("nobody", "/calculations", body)
    assert response.status_code == 422, response.text
    errors: list[Document] = response.json()["errors"]
    return errors


def warned(answer: Document) -> list[tuple[str, str, int]]:
    return [
        (each["code"], each["pointer"], each["count"]) for each in answer["warnings"]
    ]


async def test_what_is_asked_for_is_taken_and_traced(everybody: People) -> None:
    answer = await answered(everybody, tree(line(EXACT)))

    assert answer["result"]["value"] == "6.205"
    assert answer["pins"] == [f"{FOOTPRINT}@1"]
    assert "FACTOR_FALLBACK" not in json.dumps(answer["warnings"])
    (factor,) = answer["factors"]
    place = {"region": "CN", "year": 2023, "boundary": None, "technology": None}
    assert factor["trace"] == [
        {
            "asked": EXACT,
            "dimension": "ENERGY",
            "tried": [{**place, "candidates": 1}],
            "refused": [],
            "taken": f"{FOOTPRINT}@1",
            "distance": {
                "region_rungs": 0,
                "years": 0,
                "boundary_rungs": 0,
                "technology_rungs": 0,
            },
            "penalty": {"ger": 0, "tir": 0},
        }
    ]


async def test_a_fallback_is_warned_of_where_it_is_taken(everybody: People) -> None:
    named = {"factor": FOOTPRINT, "amount": "1", "unit": "kWh"}
    answer = await answered(everybody, tree(named, line(NEAR), line(NEAR, "MWh")))

    assert ("FACTOR_FALLBACK", "/processes/0/inputs/1", 2) in warned(answer)
    traces = {each["code"]: each["trace"] for each in answer["factors"]}
    assert traces[FOOTPRINT] is None
    (trace,) = traces[OLDER]
    assert trace["taken"] == f"{OLDER}@1"
    assert (trace["distance"]["years"], trace["penalty"]["tir"]) == (1, 0)
    assert trace["distance"]["region_rungs"] == trace["penalty"]["ger"] >= 1


async def test_the_pinned_request_says_the_same_after_anything(
    everybody: People, sessions: Sessions
) -> None:
    """All but the trace and its warning: what is pinned was not chosen."""
    body = tree(line(NEAR), line(EXACT), uncertainty={"method": "ANALYTIC"})
    before = await answered(everybody, body)
    async with sessions.begin() as session:
        await publish(session, electricity(region="CN-ZJ", reference_year=2022))
    await change_status(sessions, OLDER, VersionStatus.VOID, 1)

    again = await answered(everybody, before["request_pinned"])
    (pinned_process,) = before["request_pinned"]["processes"]
    pinned = [each["factor"] for each in pinned_process["inputs"]]
    now = await answered(everybody, body | {"snapshot": 6})
    then = await answered(everybody, body | {"snapshot": before["snapshot"]})

    assert pinned == [f"{OLDER}@1", f"{FOOTPRINT}@1"]
    assert then == before
    assert now["pins"] != before["pins"]
    other = {name for name in before if again[name] != before[name]}
    assert other == {"factors", "warnings"}
    assert set(warned(before)) - set(warned(again)) == {("FACTOR_FALLBACK", LINE, 1)}
    assert {*warned(again)} <= {*warned(before)}


async def test_strict_lists_what_is_nearest(everybody: People) -> None:
    assert await answered(everybody, tree(line(EXACT), strict=True))
    (error,) = await refused(everybody, tree(line(NEAR), strict=True))

    assert (error["code"], error["pointer"]) == ("FACTOR_FALLBACK", f"{LINE}/select")
    assert [each["pin"] for each in error["candidates"]] == [
        f"{OLDER}@1",
        f"{FOOTPRINT}@1",
    ]
    assert error["candidates"][0]["source"]["document_number"]


async def test_what_fits_alike_is_refused_with_the_candidates(
    everybody: People,
) -> None:
    body = tree(line({"category": "ELECTRICITY"}))
    (error,) = await refused(everybody, body)
    response = await everybody.post("nobody", "/calculations", body)

    assert (error["code"], error["pointer"]) == ("AMBIGUOUS_FACTOR", f"{LINE}/select")
    assert f"{FOOTPRINT}@1, {OLDER}@1" in error["detail"]
    years = [each["reference_year"] for each in error["candidates"]]
    assert years == [2023, 2021]
    document = create_app(Settings()).openapi()
    schema = {
        "$ref": "#/components/schemas/Problem",
        "components": document["components"],
    }
    jsonschema.validate(response.json(), schema)


@pytest.mark.parametrize(
    ("select", "words"),
    [
        ({"product": "不存在"}, "product, category, q and series"),
        (EXACT | {"region": "DE"}, "of 2 factors none is for DE"),
        (EXACT | {"year": 2022}, "of 2 factors none is for 2022"),
        ({"q": "电解铝"}, "of 1 factors none is per a unit of ENERGY"),
    ],
)
async def test_an_absence_says_what_leaves_nothing(
    everybody: People, select: Document, words: str
) -> None:
    (error,) = await refused(everybody, tree(line(select)))

    assert (error["code"], error["pointer"]) == ("NO_FACTOR_FOUND", f"{LINE}/select")
    assert words in error["detail"]
    assert ("candidates" in error) is (select != {"product": "不存在"})


async def test_withdrawn_factors_are_never_chosen(
    everybody: People, sessions: Sessions
) -> None:
    await change_status(sessions, FOOTPRINT, VersionStatus.RETIRED)
    select = EXACT | {"fallback": ["year"]}

    answer = await answered(everybody, tree(line(select)))
    (error,) = await refused(everybody, tree(line(EXACT)))

    (trace,) = answer["factors"][0]["trace"]
    assert trace["taken"] == f"{OLDER}@1"
    (passed,) = trace["refused"]
    assert (passed["code"], passed["version"]) == (FOOTPRINT, 1)
    assert passed["reason"]["criterion"] == "STATUS"
    assert "RETIRED" in passed["reason"]["detail"]["zh"]
    assert error["candidates"][0]["status"] == "RETIRED"


async def test_a_footprint_takes_no_grid_co2_factor(
    everybody: People, sessions: Sessions
) -> None:
    grid = electricity(
        kind="ENERGY_CO2_EF",
        value="0.53",
        unit="kgCO2/kWh",
        gwp_set="NOT_APPLICABLE",
        boundary="DIRECT",
    )
    async with sessions.begin() as session:
        await publish(session, grid)

    answer = await answered(everybody, tree(line(EXACT)))
    errors = await refused(everybody, tree(line(EXACT), purpose="INVENTORY"))
    other = await answered(
        everybody,
        tree(line(EXACT | {"kind": "ENERGY_CO2_EF"}), purpose="INVENTORY"),
    )

    assert answer["result"]["value"] == "6.205"
    (passed,) = answer["factors"][0]["trace"][0]["refused"]
    assert passed["reason"]["criterion"] == "PURPOSE"
    assert [each["code"] for each in errors] == ["AMBIGUOUS_FACTOR"]
    assert other["result"]["value"] == "5.3"


async def test_the_day_counts(everybody: People, sessions: Sessions) -> None:
    period = {"first": "2026-01-01", "last": None}
    async with sessions.begin() as session:
        await publish(session, electricity(reference_year=2025, validity=period))
    body = tree(line(EXACT | {"year": 2025}))

    assert await answered(everybody, body | {"valid_on": "2026-01-01"})
    (error,) = await refused(everybody, body | {"valid_on": "2025-12-31"})
    assert "2025-12-31" in error["detail"]


async def test_mass_and_distance_ask_for_transport(everybody: People) -> None:
    carried = {
        "select": {"q": "货运"},
        "mass": {"amount": "2", "unit": "t"},
        "distance": {"amount": "100", "unit": "km"},
    }

    answer = await answered(everybody, tree(carried))

    assert answer["result"]["value"] == "20"
    assert answer["factors"][0]["trace"][0]["dimension"] == "TRANSPORT"


async def test_every_fault_of_a_line_is_told(everybody: People) -> None:
    body = tree(
        {"select": EXACT, "factor": FOOTPRINT, "amount": "1", "unit": "kWh"},
        {"select": EXACT, "process": "p", "amount": "1", "unit": "kWh"},
        line(EXACT, "ton"),
        {"select": EXACT, "amount": "1"},
        line({"product": "不存在"}) | {"amount": "x"},
        line({"q": "电解铝", "unit": "kg"}),
    )

    errors = await refused(everybody, body)

    start = "/processes/0/inputs"
    assert [(each["pointer"], each["code"]) for each in errors] == [
        (f"{start}/0", "INPUT_TARGET"),
        (f"{start}/1", "INPUT_TARGET"),
        (f"{start}/2/unit", "UNKNOWN_UNIT"),
        (f"{start}/3", "INPUT_AMOUNT"),
        (f"{start}/4/select", "NO_FACTOR_FOUND"),
        (f"{start}/4/amount", "BAD_DECIMAL"),
        (f"{start}/5/unit", "UNIT_MISMATCH"),
    ]


async def test_a_stored_description_is_chosen_again_elsewhere(
    everybody: People, sessions: Sessions
) -> None:
    body = tree(line(NEAR), line(EXACT), store=True)
    answer = await everybody.done("consumer", "/calculations", body)
    async with sessions.begin() as session:
        await publish(session, electricity(region="CN-ZJ", reference_year=2022))
    path = f"/calculations/{answer['id']}"

    found = (await everybody.get("consumer", path)).json()
    same = await everybody.done("consumer", f"{path}/replay", {})
    now = await everybody.done("consumer", f"{path}/replay", {"snapshot": 5})
    question = {"receipt": answer["receipt"], "request": body}
    verdict = await everybody.done("nobody", "/receipts/verify", question)

    assert found["answer"] == answer
    assert [each["select"] for each in found["request"]["processes"][0]["inputs"]] == [
        NEAR,
        EXACT,
    ]
    assert same["outcome"] == "IDENTICAL"
    assert now["outcome"] == "DIFFERENT"
    # Nothing was corrected; the description has found something nearer.
    assert {each["reason"] for each in now["lines"]} == {"ANOTHER_SELECTED"}
    assert {each["verdict"] for each in verdict["checks"]} == {"HOLDS"}


async def test_a_large_request_may_describe_its_factors(everybody: People) -> None:
    count = 8_000
    body = tree(*[line(NEAR)] * count, detail="SUMMARY")
    assert len(json.dumps(body)) > 1024 * 1024

    answer = await answered(everybody, body)

    assert answer["result"]["value"] == "40000"
    assert ("FACTOR_FALLBACK", LINE, count) in warned(answer)
    assert len(answer["factors"][0]["trace"]) == 1


async def test_different_descriptions_have_a_limit(everybody: People) -> None:
    lines = [line({"q": f"x{number}"}) for number in range(10_001)]

    errors = await refused(everybody, tree(*lines))

    assert {each["code"] for each in errors} == {"TOO_MANY_SELECTS"}
    assert errors[0]["pointer"] == f"{LINE}/select"


async def test_no_value_in_a_description_is_a_server_error(
    everybody: People,
) -> None:
    base = NEAR | {"q": "电力", "unit": "kWh", "source": "生态环境部", "kind": "ENERGY"}
    for path in mutations(base):
        for value in HOSTILE:
            select = json.loads(json.dumps(base))
            node = select
            for step in path[:-1]:
                node = node[step]
            node[path[-1]] = value
            response = await everybody.post(
                "nobody", "/calculations", tree(line(select))
            )
            assert response.status_code in {200, 422}, (path, value)
