"""Any content becomes a row, and the row the same content."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.factors.content import Content
from app.interchange.columns import BY_KEY, COLUMNS
from app.interchange.spreadsheet_text import coded
from app.interchange.vocabularies import VOCABULARIES
from app.kit.formulas import escaped
from app.reference.gases import GASES
from tests.interchange import workbooks as made

# Texts that are themselves: visible, composed, without spaces around and line breaks.
TEXTS = st.one_of(
    st.text("电解铝a1=+-@'\"，,;|_x0041 ", min_size=1, max_size=30).map(str.strip),
    st.sampled_from(
        ["=1+1", "+x", "-1", "@a", "'=1", "甲,乙", 'a"b', "_x0041_", "1.50"]
    ),
).filter(bool)
DECIMALS = st.decimals(-(10**9), 10**9, places=6).map(lambda each: format(each, "f"))
NUMBERS = st.one_of(
    DECIMALS.filter(lambda text: not text.startswith("-0.000000")),
    st.sampled_from(["0", "-1", "0.0140", "1.0"]),
)
DAYS = st.dates().filter(lambda day: day.year >= 1000).map(str)
SHORT = {"source_document_number", "technology", "owner_zh", "owner_en"}


def entries(names: st.SearchStrategy[str], unit: str = "") -> st.SearchStrategy[Any]:
    pairs = st.tuples(names, NUMBERS).map(lambda pair: f"{pair[0]}={pair[1]}{unit}")
    return st.lists(pairs, max_size=3, unique_by=lambda text: text.split("=")[0])


def optional() -> dict[str, st.SearchStrategy[Any]]:
    """Return the cells that a row may state alone."""
    found: dict[str, st.SearchStrategy[Any]] = {}
    for each in COLUMNS:
        if each.required or each.key in {"type", "factor"}:
            continue
        if each.kind.name == "TEXT":
            found[each.key] = TEXTS
        elif each.kind.name in {"DAY", "PARTIAL_DAY"}:
            found[each.key] = DAYS
        elif each.kind.name == "DECIMAL":
            found[each.key] = NUMBERS
    others = [code for code in GASES if f"gas_{code}" not in BY_KEY]
    found["gases_other"] = entries(st.sampled_from(others)).map("; ".join)
    names = st.sampled_from(["NCV", "DENSITY"])
    found["properties"] = entries(names, " MJ/kg").map("; ".join)
    found["source_url"] = TEXTS
    found["source_evidence_sha256"] = st.text("0123456789abcdef").map(
        lambda text: text[:64].zfill(64)
    )
    return found


@st.composite
def rows(draw: st.DrawFn) -> dict[str, str]:
    cells = draw(st.fixed_dictionaries({}, optional=optional()))
    for group in (
        ("uncertainty_min", "uncertainty_max"),
        ("ter", "ger", "tir", "p"),
        ("owner_zh", "owner_en"),
    ):
        if any(key not in cells for key in group):
            for key in group:
                cells.pop(key, None)
    for key in ("name_zh", "name_en", "licence", "source_title"):
        cells[key] = draw(TEXTS)
    for key in ("boundary", "region", "representativeness", "category"):
        vocabulary = VOCABULARIES[BY_KEY[key].vocabulary or ""]
        choice = draw(st.sampled_from(vocabulary.choices))
        cells[key] = draw(st.sampled_from([choice.code, choice.text]))
    cells["value"] = draw(NUMBERS)
    return made.row() | cells


def as_row(content: Content) -> dict[str, Any]:
    """Return *content* as the cells that state it."""
    facts = content.model_dump(mode="json")
    cells: dict[str, Any] = {}
    for each in COLUMNS:
        if each.pointer and not each.pointer.startswith(("/gases", "/stages")):
            found: Any = facts
            for step in each.pointer[1:].split("/"):
                found = found and found[int(step) if step.isdecimal() else step]
            cells[each.key] = found
    cells["properties"] = "; ".join(
        f"{each['property']}={each['value']} {each['unit']}"
        for each in facts["properties"]
    )
    cells["derivation"] = "; ".join(facts["derivation"])
    other = []
    for each in facts["gases"]:
        if f"gas_{each['gas']}" in BY_KEY:
            cells[f"gas_{each['gas']}"] = each["mass_kg"]
        else:
            other.append(f"{each['gas']}={each['mass_kg']}")
    cells["gases_other"] = "; ".join(other)
    for each in facts["stages"]:
        cells[f"stage_{each['stage']}"] = each["value"]
    return cells


def escaped_texts(cells: dict[str, Any]) -> dict[str, str]:
    return {key: escaped(str(each)) for key, each in cells.items() if each is not None}


@settings(max_examples=25, deadline=None)
@given(rows())
def test_content_to_row_to_content(cells: dict[str, str]) -> None:
    first = made.only(made.read_csv(made.text(escaped_texts(cells))))
    assert first.findings == ()
    assert first.content is not None

    again = escaped_texts(as_row(first.content))

    for reading in (
        made.read_csv(made.text(again)),
        # openpyxl writes texts such as _x0041_ as they are.
        made.read_xlsx(made.xlsx({key: coded(each) for key, each in again.items()})),
    ):
        found = made.only(reading)
        assert found.findings == ()
        assert found.content == first.content
        assert found.content.sha256() == first.content.sha256()
