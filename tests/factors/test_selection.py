"""The ladder by itself: what is taken, what is refused, and why."""

import datetime as dt
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.factors.ladder import HERE, Axis, Candidate, Criterion, Distance, Wanted
from app.factors.selection import (
    MOST_REFUSED,
    MOST_SHOWN,
    MOST_TRIED,
    Choice,
    Result,
    choose,
    explain,
)
from app.reference.enums import VersionStatus
from app.units.algebra import Dimension

ZHEJIANG, EAST, CHINA, WORLD = "CN-ZJ", "CN-GRID-EC", "CN", "GLO"
BOTH = (Axis.REGION, Axis.YEAR)


def candidate(code: str = "A", **changes: Any) -> Candidate:
    facts: dict[str, Any] = {
        "version": 1,
        "log_index": 0,
        "kind": "ENERGY",
        "region": CHINA,
        "unit": "kgCO2e/kWh",
        "declared_unit": "kWh",
        "boundary": "CRADLE_TO_GATE",
        "year": 2023,
        "valid_from": None,
        "valid_until": None,
        "publisher_zh": "部",
        "publisher_en": "Ministry",
        "document_number": None,
        "technology": None,
        "status": VersionStatus.PUBLISHED,
    }
    return Candidate(code=code, **facts | changes)


def taken(choice: Choice) -> str | None:
    return None if choice.taken is None else choice.taken.code


CANDIDATES = st.lists(
    st.builds(
        candidate,
        code=st.text("ABCDEFGH", min_size=4, max_size=6),
        region=st.sampled_from([ZHEJIANG, CHINA, WORLD, "DE"]),
        year=st.integers(2018, 2026),
        kind=st.sampled_from(["ENERGY", "ENERGY_CO2_EF", "PARAMETER", "DIRECT_EF"]),
        boundary=st.sampled_from(["CRADLE_TO_GATE", "LIFE_CYCLE", "NOT_STATED"]),
        technology=st.sampled_from([None, "COAL", "Wind"]),
        declared_unit=st.sampled_from(["kWh", "kg"]),
        status=st.sampled_from(VersionStatus),
        valid_until=st.sampled_from([None, dt.date(2024, 1, 1)]),
    ),
    max_size=12,
    unique_by=lambda each: each.code,
)
STATED: dict[str, Any] = {
    "region": ZHEJIANG,
    "year": 2022,
    "boundary": "CRADLE_TO_GATE",
    "technology": "coal",
}
FALLBACKS = st.permutations(list(Axis)).flatmap(
    lambda order: st.integers(0, 4).map(lambda count: tuple(order[:count]))
)
WANTED = st.builds(
    lambda fallback, more, **terms: Wanted(
        **{name: STATED[name] for name in {*fallback, *more}},
        fallback=fallback,
        **terms,
    ),
    fallback=FALLBACKS,
    more=st.sets(st.sampled_from(list(Axis))),
    purpose=st.sampled_from(["PCF", "INVENTORY"]),
    day=st.sampled_from([None, dt.date(2025, 1, 1)]),
    dimension=st.sampled_from([None, Dimension.ENERGY]),
)


def may_be_used(wanted: Wanted, each: Candidate) -> bool:
    """Say by hand what no description may take."""
    barred = {"PARAMETER"} | ({"ENERGY_CO2_EF"} if wanted.purpose == "PCF" else set())
    return (
        each.status is VersionStatus.PUBLISHED
        and each.kind not in barred
        and (wanted.dimension is None or each.declared_unit == "kWh")
        and (wanted.day is None or each.valid_until is None)
    )


def ladder(wanted: Wanted, axis: Axis) -> list[Any]:
    """Return the values of an axis by hand, the best first."""
    asked = getattr(wanted, axis)
    if asked is None:
        return [...]
    if axis not in wanted.fallback:
        return [asked]
    ladders: dict[Axis, list[Any]] = {
        Axis.REGION: [ZHEJIANG, CHINA, WORLD],
        Axis.YEAR: sorted(range(2015, 2030), key=lambda year: (abs(year - 2022), year)),
        Axis.BOUNDARY: ["CRADLE_TO_GATE", "LIFE_CYCLE", "NOT_STATED"],
        Axis.TECHNOLOGY: ["coal", None],
    }
    return ladders[axis]


def stands(each: Candidate, axis: Axis, value: Any) -> bool:
    own = getattr(each, axis)
    return (
        value is ... or (own.lower() if axis == "technology" and own else own) == value
    )


def search(wanted: Wanted, candidates: list[Candidate]) -> list[Candidate]:
    """Return what is found by walking the ladder place by place."""
    last = [*(axis for axis in Axis if axis not in wanted.fallback)]
    order = [*last, *reversed(wanted.fallback)]

    def walk(left: list[Candidate], axes: list[Axis]) -> list[Candidate]:
        if not axes or not left:
            return left
        for value in ladder(wanted, axes[0]):
            here = [each for each in left if stands(each, axes[0], value)]
            if found := walk(here, axes[1:]):
                return found
        return []

    return walk([each for each in candidates if may_be_used(wanted, each)], order)


@given(WANTED, CANDIDATES)
def test_the_ladder_is_walked_place_by_place(
    wanted: Wanted, candidates: list[Candidate]
) -> None:
    found = sorted(each.code for each in search(wanted, candidates))
    choice = choose(wanted, candidates)

    if len(found) > 1:
        assert choice.result is Result.AMBIGUOUS
        assert [each.code for each in choice.shown] == found[:MOST_SHOWN]
        assert choice.count == len(found)
    else:
        assert taken(choice) == (found[0] if found else None)


@given(WANTED, CANDIDATES, st.randoms())
def test_the_order_of_candidates_does_not_matter(
    wanted: Wanted, candidates: list[Candidate], random: Any
) -> None:
    shuffled = list(candidates)
    random.shuffle(shuffled)
    choice = choose(wanted, candidates)

    assert choose(wanted, shuffled) == choice
    assert explain(choice, shuffled) == explain(choice, candidates)


@given(WANTED, CANDIDATES, FALLBACKS)
def test_what_is_found_without_fallback_is_found_with_any(
    wanted: Wanted, candidates: list[Candidate], fallback: tuple[Axis, ...]
) -> None:
    exact = Wanted(**STATED, purpose=wanted.purpose, day=wanted.day)
    relaxed = Wanted(
        **STATED, purpose=wanted.purpose, day=wanted.day, fallback=fallback
    )
    found = choose(exact, candidates)

    if found.result is not Result.ABSENT:
        again = choose(relaxed, candidates)
        assert (again.result, again.taken) == (found.result, found.taken)
        assert again.distance == HERE


@given(WANTED, CANDIDATES)
def test_strict_takes_nothing_but_what_is_asked_for(
    wanted: Wanted, candidates: list[Candidate]
) -> None:
    choice = choose(wanted, candidates)
    strict = choose(wanted, candidates, strict=True)

    if choice.distance != HERE:
        assert (strict.result, strict.criterion) == (Result.ABSENT, Criterion.STRICT)
        assert strict.shown[0] == (choice.taken or choice.shown[0])
    else:
        assert strict == choice


@given(WANTED, CANDIDATES)
def test_a_trace_is_whole_and_bounded(
    wanted: Wanted, candidates: list[Candidate]
) -> None:
    choice = choose(wanted, candidates)

    assert len(choice.tried) <= MOST_TRIED + 1
    assert len(choice.refused) <= MOST_REFUSED
    assert not any(each.candidates for each in choice.tried[:-1])
    assert not any(may_be_used(wanted, each.candidate) for each in choice.refused)
    if choice.taken is not None:
        assert choice.tried[-1].candidates == 1
        assert choice.distance == wanted.distance(choice.taken)


@given(WANTED, CANDIDATES)
def test_an_absence_has_a_cause(wanted: Wanted, candidates: list[Candidate]) -> None:
    choice = choose(wanted, candidates)
    if choice.result is not Result.ABSENT:
        return
    absence = explain(choice, candidates)

    assert absence.criterion is not None
    assert (absence.criterion is Criterion.SUBJECT) is (not candidates)
    assert (absence.count == 0) is (not candidates)
    assert len(absence.shown) == min(absence.count, MOST_SHOWN)


def test_the_first_gives_way_before_the_second() -> None:
    near = candidate("A", region=ZHEJIANG, year=2021)
    recent = candidate("B", region=CHINA, year=2022)

    def take(*fallback: Axis) -> str | None:
        wanted = Wanted(region=ZHEJIANG, year=2022, fallback=fallback)
        return taken(choose(wanted, [near, recent]))

    assert take(Axis.REGION, Axis.YEAR) == "B"
    assert take(Axis.YEAR, Axis.REGION) == "A"
    assert take(Axis.REGION) == "B"
    assert take(Axis.YEAR) == "A"
    assert take() is None


def test_years_as_near_fall_to_the_earlier() -> None:
    candidates = [candidate("A", year=2024), candidate("B", year=2020)]
    wanted = Wanted(year=2022, fallback=(Axis.YEAR,))

    assert taken(choose(wanted, candidates)) == "B"
    assert taken(choose(wanted, [*candidates, candidate("C", year=2023)])) == "C"


def test_a_province_climbs_over_its_grid() -> None:
    """Where the table knows the grid of a province it is a rung."""
    wanted = Wanted(region="CN-GD", fallback=(Axis.REGION,))
    around = list(wanted.regions)

    assert around[0] == "CN-GD"
    assert around[-2:] == [CHINA, WORLD]
    for place, region in enumerate(around):
        distance = choose(wanted, [candidate(region=region)]).distance
        assert distance == Distance(region_rungs=place)


@pytest.mark.parametrize(
    ("stated", "ladder"),
    [
        ("CRADLE_TO_GATE", ["CRADLE_TO_GATE", "LIFE_CYCLE", "NOT_STATED"]),
        ("LIFE_CYCLE", ["LIFE_CYCLE", "NOT_STATED"]),
        ("DIRECT", ["DIRECT", "NOT_STATED"]),
        ("NOT_STATED", ["NOT_STATED"]),
    ],
)
def test_a_boundary_falls_to_what_is_not_stated(stated: str, ladder: list[str]) -> None:
    assert list(Wanted(boundary=stated, fallback=(Axis.BOUNDARY,)).boundaries) == ladder


@pytest.mark.parametrize(
    ("years", "tir"),
    [(0, 0), (3, 0), (4, 1), (6, 1), (7, 2), (10, 2), (11, 3), (15, 3), (16, 4)],
)
def test_the_penalty_of_time(years: int, tir: int) -> None:
    assert Distance(years=years).tir == tir


def test_the_penalty_of_geography() -> None:
    rungs = [Distance(region_rungs=rungs).ger for rungs in range(7)]
    assert rungs == [0, 1, 2, 3, 4, 4, 4]


@pytest.mark.parametrize(
    ("changes", "terms", "criterion"),
    [
        ({"status": VersionStatus.VOID}, {}, Criterion.STATUS),
        ({"status": VersionStatus.SUSPENDED}, {}, Criterion.STATUS),
        ({"status": VersionStatus.RETIRED}, {}, Criterion.STATUS),
        ({"kind": "ENERGY_CO2_EF"}, {}, Criterion.PURPOSE),
        ({"kind": "PARAMETER"}, {"purpose": "INVENTORY"}, Criterion.PURPOSE),
        ({"declared_unit": "kg"}, {"dimension": Dimension.ENERGY}, Criterion.DIMENSION),
        (
            {"valid_from": dt.date(2025, 1, 2)},
            {"day": dt.date(2025, 1, 1)},
            Criterion.VALID_ON,
        ),
    ],
)
def test_what_is_not_to_be_used_is_passed_over_and_named(
    changes: dict[str, Any], terms: dict[str, Any], criterion: Criterion
) -> None:
    barred = candidate("A", region=ZHEJIANG, **changes)
    wanted = Wanted(region=ZHEJIANG, fallback=(Axis.REGION,), **terms)
    choice = choose(wanted, [barred, candidate("B")])
    alone = explain(choose(wanted, [barred]), [barred])

    assert taken(choice) == "B"
    refused = [(each.candidate.code, each.criterion) for each in choice.refused]
    assert refused == [("A", criterion)]
    assert (alone.criterion, alone.count, alone.shown) == (criterion, 1, (barred,))


def test_a_unit_that_is_asked_for_may_be_reached_by_a_property() -> None:
    coal = candidate(unit="kgCO2e/t", declared_unit="t")

    by_unit = Wanted(unit="t", dimension=Dimension.ENERGY)

    assert taken(choose(by_unit, [coal])) == "A"
    assert choose(Wanted(dimension=Dimension.ENERGY), [coal]).taken is None


def test_an_absence_names_the_first_that_leaves_nothing() -> None:
    candidates = [
        candidate("A", region="DE", year=2020),
        candidate("B", region=CHINA, year=2020),
        candidate("C", region=CHINA, year=2024, kind="PCF"),
    ]

    def cause(**asked: Any) -> tuple[Criterion | None, int, str]:
        choice = choose(Wanted(**asked), candidates)
        absence = explain(choice, candidates)
        return (
            absence.criterion,
            absence.count,
            "".join(each.code for each in absence.shown),
        )

    assert cause(kind="EOL") == (Criterion.KIND, 3, "ABC")
    assert cause(region=ZHEJIANG, year=2023) == (Criterion.REGION, 3, "CBA")
    assert cause(region="DE", year=2021) == (Criterion.YEAR, 1, "A")
    assert cause(region=CHINA, year=2020, source="部", kind="PCF") == (
        Criterion.YEAR,
        1,
        "C",
    )


def test_more_places_than_are_told_end_with_the_one_taken() -> None:
    """Thirty years that hold nothing in use, and then one."""
    withdrawn = [
        candidate(f"{year}", year=year, status=VersionStatus.VOID)
        for year in range(2000, 2030)
    ]
    wanted = Wanted(region=ZHEJIANG, year=2030, fallback=BOTH)
    choice = choose(wanted, [*withdrawn, candidate("A", year=1999)])

    assert taken(choice) == "A"
    assert len(choice.tried) == MOST_TRIED + 1
    assert (choice.tried[-1].year, choice.tried[-1].region) == (1999, CHINA)
    assert len(choice.refused) == MOST_REFUSED


def test_axes_may_stand_in_any_order() -> None:
    for order in permutations(Axis):
        wanted = Wanted(**STATED, fallback=order)
        assert wanted.order == order[::-1]
