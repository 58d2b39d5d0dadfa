"""The tree of categories is checked on reading and answers both ways."""

import pytest

from app.reference.categories import (
    BrokenCategories,
    UnknownCategory,
    ancestors,
    categories,
    category,
    descendants,
    load,
)
from app.units.catalogue import UnknownUnit, unit

PRIORITY = {
    *("电力", "煤炭", "天然气", "燃油", "钢铁", "电解铝", "水泥", "化肥", "氢"),
    *("石灰", "玻璃", "乙烯", "合成氨", "电石", "甲醇", "锂电池", "新能源汽车"),
    *("光伏", "电子电器"),
}


def row(code: str, parent: str = "", **changes: str) -> dict[str, str]:
    empty = dict.fromkeys(("priority_product", "gb4754", "hs2022", "cpc21"), "")
    names = {"name_zh": "钢", "name_en": "Steel", "source": ""}
    basics = {"code": code, "parent": parent, "domain": "07", "default_unit": "t"}
    return empty | names | basics | changes


def test_every_priority_product_of_the_plan_has_a_category() -> None:
    assert len(PRIORITY) == 19
    assert {each.priority_product for each in categories()} - {None} == PRIORITY


def test_every_category_has_names_and_a_known_unit() -> None:
    for each in categories():
        assert all((each.zh, each.en))
        assert unit(each.default_unit).code == each.default_unit


def test_a_mapping_names_its_source() -> None:
    for each in categories():
        assert each.source or not (each.gb4754 or each.hs2022 or each.cpc21)


def test_up_and_down_agree() -> None:
    upwards = {(each, up) for each in categories() for up in ancestors(each.code)}
    downwards = {(low, each) for each in categories() for low in descendants(each.code)}

    assert upwards == downwards
    assert all(each is not up for each, up in upwards)


def test_ancestors_are_nearest_first_and_children_come_after_their_parent() -> None:
    codes = [each.code for each in ancestors("ELECTRICITY_GRID_NATIONAL")]
    below = [each.code for each in descendants("ELECTRICITY")]

    assert codes == ["ELECTRICITY_GRID", "ELECTRICITY"]
    assert below.index("ELECTRICITY_GRID") < below.index("ELECTRICITY_GRID_NATIONAL")


def test_roots_have_nothing_above() -> None:
    assert ancestors("ELECTRICITY") == ()


def test_the_loader_reads_a_tree_in_any_order() -> None:
    tree = load([row("B", "A", hs2022="7206"), row("A")])

    assert list(tree) == ["B", "A"]
    assert tree["B"].parent == "A"
    assert tree["B"].hs2022 == "7206"
    assert tree["A"].parent is None
    assert tree["A"].source is None


@pytest.mark.parametrize(
    "table",
    [
        [row("A"), row("A")],
        [row("A", "B")],
        [row("A", "A")],
        [row("A", "B"), row("B", "C"), row("C", "A")],
        [row("Steel")],
        [row("A", domain="7")],
    ],
    ids=["twice", "no parent", "own parent", "circle", "spelling", "domain"],
)
def test_the_loader_refuses_what_is_no_tree(table: list[dict[str, str]]) -> None:
    with pytest.raises(BrokenCategories):
        load(table)


def test_the_loader_refuses_an_unknown_unit() -> None:
    with pytest.raises(UnknownUnit):
        load([row("A", default_unit="ton")])


@pytest.mark.parametrize("code", ["", "steel", "NO_SUCH_THING"])
def test_other_codes_are_refused(code: str) -> None:
    for ask in (category, ancestors, descendants):
        with pytest.raises(UnknownCategory) as refusal:
            ask(code, "/content/category")
        assert refusal.value.code == "UNKNOWN_CATEGORY"
        assert refusal.value.pointer == "/content/category"
