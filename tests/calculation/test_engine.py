"""The engine against exact arithmetic, and the laws that hold for any system."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.calculation import elimination
from app.calculation.engine import (
    NonProductiveLoop,
    ResultOutOfRange,
    Solution,
    System,
    UnsolvableSystem,
    solve,
)


@pytest.fixture(autouse=True, scope="module", params=["small", "sparse"])
def _either_matrix(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hold every law for both kinds of matrix; by itself each system here is small."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "sparse":
            patch.setattr(elimination, "SMALL", -1)
        yield


Link = tuple[int, int, Fraction]
Line = tuple[int, Fraction]


@dataclass(frozen=True)
class Model:
    """A system in exact numbers."""

    output: Sequence[Fraction]
    share: Sequence[Fraction]
    links: Sequence[Link]
    lines: Sequence[Line]
    reference: int = 0
    demand: Fraction = Fraction(1)

    def system(self) -> System:
        def floats(numbers: Sequence[Fraction]) -> np.ndarray:
            return np.array([float(number) for number in numbers], dtype=np.float64)

        def places(numbers: Sequence[int]) -> np.ndarray:
            return np.array(numbers, dtype=np.intp)

        return System(
            names=tuple(f"p{number}" for number in range(len(self.output))),
            output=floats(self.output),
            share=floats(self.share),
            user=places([user for user, _, _ in self.links]),
            supplier=places([supplier for _, supplier, _ in self.links]),
            taken=floats([taken for _, _, taken in self.links]),
            process=places([process for process, _ in self.lines]),
            amount=floats([amount for _, amount in self.lines]),
            intensity=np.ones(len(self.lines)),
            reference=self.reference,
            demand=float(self.demand),
        )

    def reached(self) -> set[int]:
        found, stack = {self.reference}, [self.reference]
        while stack:
            user = stack.pop()
            for other, supplier, _ in self.links:
                if other == user and supplier not in found:
                    found.add(supplier)
                    stack.append(supplier)
        return found

    def exact(self) -> list[Fraction] | None:
        """Return the activities by Gaussian elimination over rationals."""
        nodes = sorted(self.reached())
        place = {node: number for number, node in enumerate(nodes)}
        rows = [[Fraction(0)] * (len(nodes) + 1) for _ in nodes]
        for node in nodes:
            rows[place[node]][place[node]] += self.output[node]
        for user, supplier, taken in self.links:
            if user in place:
                rows[place[supplier]][place[user]] -= self.share[user] * taken
        rows[place[self.reference]][-1] = self.demand
        solved = _eliminate(rows)
        if solved is None:
            return None
        activity = [Fraction(0)] * len(self.output)
        for node in nodes:
            activity[node] = solved[place[node]]
        return activity


def _eliminate(rows: list[list[Fraction]]) -> list[Fraction] | None:
    size = len(rows)
    for column in range(size):
        pivot = next((r for r in range(column, size) if rows[r][column]), None)
        if pivot is None:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        head = rows[column][column]
        rows[column] = [entry / head for entry in rows[column]]
        for other in range(size):
            factor = rows[other][column]
            if other != column and factor:
                pairs = zip(rows[other], rows[column], strict=True)
                rows[other] = [entry - factor * top for entry, top in pairs]
    return [row[-1] for row in rows]


def _number(low: int, high: int) -> st.SearchStrategy[Fraction]:
    return st.integers(low, high).map(lambda number: Fraction(number, 100))


@st.composite
def models(draw: st.DrawFn, *, loops: bool) -> Model:
    size = draw(st.integers(1, 7))
    nodes = st.integers(0, size - 1)
    pairs = draw(st.lists(st.tuples(nodes, nodes), max_size=14))
    if not loops:
        pairs = [(min(p), max(p)) for p in pairs if p[0] != p[1]]
    amounts = _number(-30, 120)
    outputs = _number(50, 300) | _number(-300, -50)
    return Model(
        output=draw(st.lists(outputs, min_size=size, max_size=size)),
        share=draw(st.lists(_number(1, 100), min_size=size, max_size=size)),
        links=[(user, supplier, draw(amounts)) for user, supplier in pairs],
        lines=draw(st.lists(st.tuples(nodes, _number(-500, 500)), max_size=12)),
        reference=draw(nodes),
        demand=draw(_number(-200, 200)),
    )


def _agree(computed: float, exact: Fraction, scale: Fraction) -> bool:
    return abs(computed - float(exact)) <= 1e-9 * float(max(scale, Fraction(1)))


def _check(model: Model, solution: Solution, exact: list[Fraction]) -> None:
    largest = max(map(abs, exact))
    for computed, activity in zip(solution.activity, exact, strict=True):
        assert _agree(float(computed), activity, largest)
    values = [model.share[p] * exact[p] * amount for p, amount in model.lines]
    scale = sum(map(abs, values), start=Fraction(0)) + largest
    assert _agree(solution.result, sum(values, start=Fraction(0)), scale)


@given(models(loops=False))
def test_a_tree_agrees_with_exact_arithmetic(model: Model) -> None:
    exact = model.exact()

    assert exact is not None
    _check(model, solve(model.system()), exact)


@given(models(loops=True))
def test_loops_agree_with_exact_arithmetic(model: Model) -> None:
    exact = model.exact()
    if exact is None:
        with pytest.raises(UnsolvableSystem):
            solve(model.system())
        return
    # Beyond this the matrix is nearly singular and a double cannot hold the answer.
    assume(max(map(abs, exact)) < 10**5)

    try:
        solution = solve(model.system())
    except NonProductiveLoop:
        assert any(activity < 0 for activity in exact)
        return
    _check(model, solution, exact)


@given(models(loops=False), st.integers(2, 9))
def test_the_result_is_linear_in_the_demand(model: Model, times: int) -> None:
    once = solve(model.system())
    more = solve(
        Model(
            model.output,
            model.share,
            model.links,
            model.lines,
            model.reference,
            model.demand * times,
        ).system()
    )

    scale = np.abs(once.value).sum() * times
    assert abs(more.result - times * once.result) <= 1e-12 * max(scale, 1e-300)


@given(models(loops=False), st.randoms(use_true_random=False))
def test_order_of_processes_and_lines_does_not_matter(
    model: Model,
    random: object,
) -> None:
    shuffled = list(range(len(model.output)))
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis' Random
    place = {old: new for new, old in enumerate(shuffled)}
    other = Model(
        [model.output[old] for old in shuffled],
        [model.share[old] for old in shuffled],
        [(place[u], place[s], taken) for u, s, taken in reversed(model.links)],
        [(place[p], amount) for p, amount in reversed(model.lines)],
        place[model.reference],
        model.demand,
    )

    first, second = solve(model.system()), solve(other.system())

    scale = np.abs(first.value).sum()
    assert abs(first.result - second.result) <= 1e-12 * max(scale, 1e-300)


@given(models(loops=False))
def test_directs_add_up_and_the_reference_carries_all(model: Model) -> None:
    solution = solve(model.system())

    scale = 1e-9 * max(float(np.abs(solution.value).sum()), 1.0)
    assert abs(solution.direct.sum() - solution.result) <= scale
    # In a tree nothing returns to the reference, so its total is the whole result.
    total = (solution.direct + solution.upstream)[model.reference]
    assert abs(total - solution.result) <= scale


@given(models(loops=True))
def test_via_leads_to_the_reference_by_a_shortest_path(model: Model) -> None:
    try:
        solution = solve(model.system())
    except (UnsolvableSystem, NonProductiveLoop):
        return
    steps = {model.reference: 0}
    frontier = [model.reference]
    while frontier:
        users, frontier = frontier, []
        for user, supplier, _ in model.links:
            if user in users and supplier not in steps:
                steps[supplier] = steps[user] + 1
                frontier.append(supplier)

    assert set(np.flatnonzero(solution.reached)) == set(steps)
    for node, depth in steps.items():
        via = int(solution.via[node])
        if depth == 0:
            assert via == -1
        else:
            users = [u for u, s, _ in model.links if s == node and u in steps]
            assert via == min(u for u in users if steps[u] == depth - 1)


@given(models(loops=True), st.lists(st.integers(-12, 12), min_size=7, max_size=7))
def test_the_units_of_a_process_do_not_matter(
    model: Model, exponents: list[int]
) -> None:
    try:
        plain = solve(model.system())
    except (UnsolvableSystem, NonProductiveLoop):
        return
    assume(np.abs(plain.activity).max() < 10**5)
    unit = [Fraction(10) ** exponent for exponent in exponents]
    rescaled = Model(
        [made * unit[place] for place, made in enumerate(model.output)],
        model.share,
        [(u, s, taken * unit[s]) for u, s, taken in model.links],
        model.lines,
        model.reference,
        model.demand * unit[model.reference],
    )

    other = solve(rescaled.system())

    scale = max(float(np.abs(plain.value).sum()), 1e-300)
    assert abs(plain.result - other.result) <= 1e-9 * scale


def _cents(*numbers: int) -> list[Fraction]:
    return [Fraction(number, 100) for number in numbers]


def test_a_process_that_nothing_flows_through_is_no_obstacle() -> None:
    """Found by chance: rounding in the units of its neighbours was taken for a flow."""
    links = [(1, 0, Fraction(1, 2)), (0, 1, Fraction(0)), (0, 0, Fraction(1, 100))]
    output = [Fraction(1020), Fraction(20_500)]
    links = [(user, supplier, 10_000 * taken) for user, supplier, taken in links]
    lines = [(0, Fraction(-41, 10)), (1, Fraction(-366, 100))]
    model = Model(output, _cents(1, 94), links, lines, demand=Fraction(1890))

    exact = model.exact()

    assert exact is not None
    assert exact[1] == 0
    _check(model, solve(model.system()), exact)


def test_a_loop_that_only_turns_in_pieces_is_solved() -> None:
    """Found by chance: a pivot in the caller's units looked like rounding."""
    output = _cents(97, -230, -1, -246, 164, 50, -99)
    taken = [(0, 0, 1), (4, 0, -6), (0, 1, 2), (4, 3, 0), (3, 0, 1), (6, 2, 57)]
    taken += [(6, 4, 0), (2, 3, -30), (3, 5, 24), (4, 1, 47)]
    unit = [Fraction(10) ** exponent for exponent in (4, 12, 10, -8, -10, -9, -1)]
    model = Model(
        [made * unit[place] for place, made in enumerate(output)],
        _cents(86, 46, 100, 1, 100, 100, 1),
        [(u, s, Fraction(each, 100) * unit[s]) for u, s, each in taken],
        [(place, Fraction(1)) for place in range(7)],
        reference=6,
        demand=unit[6] / 2,
    )

    exact = model.exact()

    assert exact is not None
    found = solve(model.system()).activity
    assert found == pytest.approx([float(each) for each in exact], rel=1e-9)


def test_a_steep_tree_with_a_loop_at_its_end_is_solved() -> None:
    """Six levels of 1000 each: the loop's margin is 0.99, whatever the units are."""
    links = [(level, level + 1, Fraction(1000)) for level in range(5)]
    links.append((5, 4, Fraction(1, 100_000)))
    lines = [(level, Fraction(1)) for level in range(6)]
    model = Model(_ones(6), _ones(6), links, lines)

    exact = model.exact()

    assert exact is not None
    assert solve(model.system()).result == pytest.approx(float(sum(exact)), rel=1e-14)


def test_what_rounding_leaves_of_a_zero_is_zero() -> None:
    three = [Fraction(1, 10), Fraction(2, 10), Fraction(-3, 10)]
    lines = [(0, number) for number in three]
    links = [(0, 1, number) for number in three]

    assert solve(Model(_ones(1), _ones(1), [], lines).system()).result == 0
    model = Model(_ones(2), _ones(2), links, [(1, Fraction(1))])
    solution = solve(model.system())
    assert (solution.result, solution.activity[1]) == (0, 0)


def _ones(size: int) -> list[Fraction]:
    return [Fraction(1)] * size


def test_own_consumption_with_a_share_meets_the_worked_vector() -> None:
    model = Model(
        [Fraction(1000)],
        [Fraction(8, 10)],
        [(0, 0, Fraction(100))],
        [(0, Fraction(1000))],
        demand=Fraction(1000),
    )

    solution = solve(model.system())

    assert f"{solution.result:.12g}" == "869.565217391"
    assert solution.upstream[0] == 0


def test_a_loop_that_eats_what_it_makes_names_its_cycle() -> None:
    links = [(0, 1, Fraction(1)), (1, 2, Fraction(1)), (2, 1, Fraction(1))]
    model = Model(_ones(3), _ones(3), links, [(2, Fraction(1))])

    with pytest.raises(UnsolvableSystem, match="p1 → p2 → p1"):
        solve(model.system())


def test_a_loop_that_eats_more_than_it_makes_is_not_productive() -> None:
    links = [(0, 1, Fraction(1)), (1, 2, Fraction(2)), (2, 1, Fraction(1))]
    model = Model(_ones(3), _ones(3), links, [(2, Fraction(1))])

    with pytest.raises(NonProductiveLoop, match="p1 → p2 → p1"):
        solve(model.system())


def test_negative_activity_through_a_credit_is_no_loop_error() -> None:
    links = [(0, 1, Fraction(-1)), (1, 2, Fraction(1, 2)), (2, 1, Fraction(1, 2))]
    model = Model(_ones(3), _ones(3), links, [(1, Fraction(3))])

    assert solve(model.system()).result == pytest.approx(-4)


def test_rounding_noise_in_a_pivot_counts_as_singular() -> None:
    # 0.1 · 0.7 · (1 / 0.07) is 1 on paper and nearly 1 in doubles.
    links = [
        (0, 1, Fraction(1, 10)),
        (1, 2, Fraction(7, 10)),
        (2, 0, Fraction(100, 7)),
    ]
    model = Model(_ones(3), _ones(3), links, [(2, Fraction(1))])

    with pytest.raises(UnsolvableSystem):
        solve(model.system())


def test_a_chain_of_fifteen_thousand_is_ordinary() -> None:
    size = 15_000
    links = [(number, number + 1, Fraction(1)) for number in range(size - 1)]
    model = Model(_ones(size), _ones(size), links, [(size - 1, Fraction(7))])

    solution = solve(model.system())

    assert solution.result == 7
    assert solution.via[size - 1] == size - 2


def test_a_result_beyond_doubles_is_refused() -> None:
    model = Model(_ones(1), _ones(1), [], [(0, Fraction(10) ** 200)] * 2)
    system = model.system()
    system.intensity[:] = 1e200

    with pytest.raises(ResultOutOfRange):
        solve(system)


def test_no_line_at_all_is_a_footprint_of_zero() -> None:
    solution = solve(Model(_ones(1), _ones(1), [], []).system())

    assert solution.result == 0
    assert solution.direct.tolist() == [0.0]
