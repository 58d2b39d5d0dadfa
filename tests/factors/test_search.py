"""Whatever stands in a name finds it: Han text anywhere, Latin words by their start."""

import re

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.factors import search
from app.reference import categories, regions

HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1)
LATIN = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHXYZ0123456789", min_size=1)
MIXED = st.lists(HAN | LATIN | st.sampled_from(" ()（）,，·-/&|!'\\:*"), min_size=1)
NAMES = [
    *(name for each in categories.categories() for name in (each.zh, each.en)),
    *(name for each in regions.regions() for name in (each.zh, each.en)),
]

MISSED = sa.text("""
    SELECT count(*)
    FROM unnest(CAST(:vectors AS text[]), CAST(:queries AS text[])) AS c (vector, query)
    WHERE NOT CAST(vector AS tsvector) @@ CAST(query AS tsquery)
""")


def matches(vector: str, query: str) -> bool:
    """Match as PostgreSQL does, for the conjunctions that `query` makes."""
    lexemes = set(re.findall(r"'([^']*)'", vector))
    terms = re.findall(r"'([^']*)'(:\*)?", query)
    return all(
        any(each.startswith(term) for each in lexemes) if prefix else term in lexemes
        for term, prefix in terms
    )


@given(st.data(), MIXED)
def test_any_han_substring_finds_a_name(data: st.DataObject, parts: list[str]) -> None:
    name = "".join(parts)
    runs = re.findall(r"[\u4e00-\u9fff]+", name) or ["铝"]
    run = data.draw(st.sampled_from(runs))
    start = data.draw(st.integers(0, len(run) - 1))
    end = data.draw(st.integers(start + 1, len(run)))

    assert matches(search.vector([name, "铝"]), search.query(run[start:end]))


@given(st.data(), st.lists(LATIN, min_size=1), HAN)
def test_any_latin_prefix_finds_a_name(
    data: st.DataObject, words: list[str], han: str
) -> None:
    word = data.draw(st.sampled_from(words))
    length = data.draw(st.integers(1, len(word)))
    prefix = data.draw(st.sampled_from([word[:length], word[:length].upper()]))

    vector = search.vector([" ".join(words), han])

    assert matches(vector, search.query(prefix))
    assert matches(vector, search.query(f"{prefix} {han}"))


@given(HAN, HAN)
def test_terms_must_all_be_there(name: str, other: str) -> None:
    strange = set(other) - set(name)

    found = matches(search.vector([name]), search.query(f"{name} {other}"))

    assert found is (
        not strange and matches(search.vector([name]), search.query(other))
    )


@given(st.text())
def test_any_text_is_a_query_or_none(text: str) -> None:
    query = search.query(text)

    assert re.fullmatch(r"('[^'\\]+'(:\*)?( & '[^'\\]+'(:\*)?)*)?", query)


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("电解铝", "铝", True),
        ("电解铝", "解铝", True),
        ("电解铝", "铝解", False),
        ("电解铝", "铝 电", True),
        ("C30混凝土", "c30", True),
        ("C30混凝土", "C3 混凝", True),
        ("C30混凝土", "30", False),
        ("Ｃ３０混凝土", "C30", True),
        ("PM2.5", "pm2.5", True),
        ("聚乙烯（PE）", "聚乙烯(pe)", True),
        ("Primary aluminium", "ALU prim", True),
        ("Primary aluminium", "minium", False),
        ("Crème", "crème", True),
    ],
)
def test_examples(name: str, text: str, *, found: bool) -> None:
    assert matches(search.vector([name]), search.query(text)) is found


@pytest.mark.database
async def test_postgresql_agrees(session: AsyncSession) -> None:
    cases = [
        (search.vector([name]), search.query(run[start : start + length]))
        for name in NAMES
        for run in re.findall(r"[\u4e00-\u9fff]+|(?:(?![\u4e00-\u9fff])[^\W_])+", name)
        for start in (range(len(run)) if "\u4e00" <= run[0] <= "\u9fff" else [0])
        for length in (1, 2, 3)
    ]
    vectors, queries = (list(each) for each in zip(*cases, strict=True))

    missed = await session.scalar(MISSED, {"vectors": vectors, "queries": queries})

    assert len(cases) > 3_000
    assert missed == 0
