"""How text becomes search terms. Pure: text in, lexemes out.

Han text is indexed as its characters and its pairs, Latin words lower-cased and matched
by prefix. A segmenter would never find 铝 inside 电解铝; pairs do.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

_RUN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|[^\W_]+")
_HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def vector(texts: Iterable[str]) -> str:
    """Return the tsvector literal of all lexemes under which *texts* are found."""
    found: set[str] = set()
    for text in texts:
        for run in _runs(text):
            found.update(_han_lexemes(run) if _HAN.match(run) else [run])
    return " ".join(f"'{lexeme}'" for lexeme in sorted(found))


def query(text: str) -> str:
    """Return the tsquery that asks for every term of *text*; empty if it has none."""
    return " & ".join(_terms(text))


def _terms(text: str) -> Iterator[str]:
    for run in _runs(text):
        if not _HAN.match(run):
            yield f"'{run}':*"
        elif len(run) == 1:
            yield f"'{run}'"
        else:
            yield from (f"'{pair}'" for pair in _pairs(run))


def _runs(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).lower()
    return [part for run in _RUN.findall(folded) for part in _split_scripts(run)]


def _split_scripts(run: str) -> list[str]:
    # \w spans Han and Latin alike, so a run such as "c30混凝土" is cut here.
    return re.findall(rf"{_HAN.pattern}+|(?:(?!{_HAN.pattern}).)+", run)


def _han_lexemes(run: str) -> list[str]:
    return [*run, *_pairs(run)]


def _pairs(run: str) -> list[str]:
    return [first + second for first, second in pairwise(run)]
