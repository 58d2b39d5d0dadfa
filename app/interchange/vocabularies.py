"""The closed vocabularies as cells name them: by code, by label, or by both.

A label counts where it means one code; `label | CODE`, as the lists of the template
have it, counts where the two agree.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from app.interchange.nearest import Nearest
from app.interchange.spreadsheet_text import shown
from app.kit.errors import Invalid
from app.reference.categories import categories
from app.reference.enums import ENUMERATIONS
from app.reference.gases import gases
from app.reference.gwp import gwp_sets
from app.reference.properties import PROPERTIES
from app.reference.regions import regions

SEPARATOR: Final = "|"
_FOLDED: Final = 200


class NotInVocabulary(Invalid):
    code = "BAD_VALUE"
    en = (
        '"{text}" is not in the vocabulary {vocabulary}; the nearest is {nearest}. '
        "Choose from the list of the template."
    )
    zh = "“{text}”不在词表 {vocabulary} 中,最接近的是 {nearest}。请从模板下拉列表选择。"


class NothingNear(Invalid):
    code = "BAD_VALUE"
    en = (
        '"{text}" is not in the vocabulary {vocabulary}. Choose from the list of the '
        "template."
    )
    zh = "“{text}”不在词表 {vocabulary} 中。请从模板下拉列表选择。"


class LabelContradictsCode(Invalid):
    code = "BAD_VALUE"
    en = '"{label}" is not the label of {code}, which is {right}.'
    zh = "“{label}”不是代码 {code} 的名称,其名称为 {right}。"


@dataclass(frozen=True, slots=True)
class Choice:
    """A code with its labels."""

    code: str
    zh: str
    en: str

    @property
    def text(self) -> str:
        """As the lists of the template show it."""
        return f"{self.zh} {SEPARATOR} {self.code}"


class Vocabulary:
    """Choices, found by whatever names exactly one of them."""

    def __init__(self, name: str, choices: Iterable[Choice]) -> None:
        self.name = name
        self.choices = tuple(choices)
        self._codes = {each.code: each for each in self.choices}
        self._folded = _unambiguous(self.choices)
        self._nearest = Nearest(self._folded)
        self.code = lru_cache(maxsize=1024)(self._code)

    def _code(self, text: str) -> str:
        """Return the code that *text* names, or refuse."""
        if text in self._codes:
            return text
        label, bar, code = text.rpartition(SEPARATOR)
        found = self._folded.get(fold(code if bar else text))
        if found is None:
            raise self._refusal(text)
        if bar and fold(label) not in {fold(found.zh), fold(found.en)}:
            raise LabelContradictsCode(
                label=shown(label.strip()), code=found.code, right=found.zh
            )
        return found.code

    def _refusal(self, text: str) -> NotInVocabulary | NothingNear:
        near = self._nearest.find(fold(text[:_FOLDED]))
        if near is None:
            return NothingNear(text=shown(text), vocabulary=self.name)
        nearest = self._folded[near].text
        return NotInVocabulary(text=shown(text), vocabulary=self.name, nearest=nearest)


def fold(text: str) -> str:
    """Return *text* without what does not tell two labels apart."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _unambiguous(choices: Iterable[Choice]) -> dict[str, Choice]:
    found: dict[str, Choice] = {}
    twice: set[str] = set()
    for each in choices:
        for name in {fold(each.code), fold(each.zh), fold(each.en)}:
            if name in found:
                twice.add(name)
            found[name] = each
    codes = {fold(each.code): each for each in choices}
    return {name: each for name, each in found.items() if name not in twice} | codes


_TYPES: Final = (
    Choice("NEW", "新增", "New factor"),
    Choice("UPDATE", "更新", "New version: newer data"),
    Choice("CORRECTION", "更正", "New version: a mistake is corrected"),
    Choice("RETIREMENT", "退出", "The factor is retired"),
)


def _enumeration(name: str) -> Iterable[Choice]:
    return (Choice(each.code, each.zh, each.en) for each in ENUMERATIONS[name])


def _tables() -> Mapping[str, Iterable[Choice]]:
    return {
        "type": _TYPES,
        "factor_kind": _enumeration("factor_kind"),
        "category": (Choice(each.code, each.zh, each.en) for each in categories()),
        "gwp_set": [
            *(Choice(each.code, each.zh, each.en) for each in gwp_sets()),
            *_enumeration("gwp_absence"),
        ],
        "boundary": _enumeration("boundary"),
        "region": (Choice(each.code, each.zh, each.en) for each in regions()),
        "representativeness": _enumeration("representativeness"),
        "gas": (Choice(each.code, each.zh, each.en) for each in gases()),
        "property": (
            Choice(each.code, each.zh, each.en) for each in PROPERTIES.values()
        ),
    }


VOCABULARIES: Final[Mapping[str, Vocabulary]] = MappingProxyType(
    {name: Vocabulary(name, choices) for name, choices in _tables().items()}
)
