"""The tree of product categories, checked when it is read."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.kit.errors import Invalid
from app.reference.tables import Row, rows, shown
from app.units.catalogue import unit

_CODE: Final = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", re.ASCII)
_DOMAIN: Final = re.compile(r"[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Category:
    """A class of products; `domain` is the CC of the factor codes in it.

    `source` says where the three mappings come from.
    """

    code: str
    parent: str | None
    domain: str
    zh: str
    en: str
    priority_product: str | None
    default_unit: str
    gb4754: str | None
    hs2022: str | None
    cpc21: str | None
    source: str | None


class UnknownCategory(Invalid):
    en = '"{code}" is not the code of a product category.'
    zh = "“{code}”不是产品类别代码。"


class BrokenCategories(ValueError):
    """The table of categories contradicts itself; the package is at fault."""


def load(table: Iterable[Row]) -> Mapping[str, Category]:
    """Return the categories of *table* by code, after checking that they are a tree."""
    tree: dict[str, Category] = {}
    for row in table:
        if row["code"] in tree:
            raise BrokenCategories(f"{row['code']} stands there twice.")
        tree[row["code"]] = _category(row)
    for each in tree.values():
        _check_spelling(each)
        _check_place(each, tree)
    return MappingProxyType(tree)


def _category(row: Row) -> Category:
    return Category(
        code=row["code"],
        parent=row["parent"] or None,
        domain=row["domain"],
        zh=row["name_zh"],
        en=row["name_en"],
        priority_product=row["priority_product"] or None,
        default_unit=unit(row["default_unit"]).code,
        gb4754=row["gb4754"] or None,
        hs2022=row["hs2022"] or None,
        cpc21=row["cpc21"] or None,
        source=row["source"] or None,
    )


def _check_spelling(each: Category) -> None:
    if not _CODE.fullmatch(each.code):
        raise BrokenCategories(f"{each.code} is not in UPPER_SNAKE.")
    if not _DOMAIN.fullmatch(each.domain):
        raise BrokenCategories(f"{each.code} needs a domain of two digits.")


def _check_place(each: Category, tree: Mapping[str, Category]) -> None:
    passed = {each.code}
    above = each.parent
    while above is not None:
        if above not in tree:
            raise BrokenCategories(f"{above}, above {each.code}, is missing.")
        if above in passed:
            raise BrokenCategories(f"{each.code} is below itself.")
        passed.add(above)
        above = tree[above].parent


def _children(tree: Mapping[str, Category]) -> Mapping[str, tuple[Category, ...]]:
    below: dict[str, list[Category]] = {}
    for each in tree.values():
        if each.parent is not None:
            below.setdefault(each.parent, []).append(each)
    return {code: tuple(children) for code, children in below.items()}


CATEGORIES: Final[Mapping[str, Category]] = load(rows("categories.csv"))
_CHILDREN: Final = _children(CATEGORIES)


def category(code: str, pointer: str | None = None) -> Category:
    """Return the category that *code* names."""
    found = CATEGORIES.get(code)
    if found is None:
        raise UnknownCategory(pointer=pointer, code=shown(code))
    return found


def categories() -> tuple[Category, ...]:
    """Return every category, in the order of the table."""
    return tuple(CATEGORIES.values())


def ancestors(code: str, pointer: str | None = None) -> tuple[Category, ...]:
    """Return the categories above *code*, the nearest first."""
    return tuple(_upwards(category(code, pointer)))


def descendants(code: str, pointer: str | None = None) -> tuple[Category, ...]:
    """Return the categories below *code*, each before its own."""
    return tuple(_downwards(category(code, pointer)))


def _upwards(start: Category) -> Iterator[Category]:
    while start.parent is not None:
        start = CATEGORIES[start.parent]
        yield start


def _downwards(start: Category) -> Iterator[Category]:
    for child in _CHILDREN.get(start.code, ()):
        yield child
        yield from _downwards(child)
