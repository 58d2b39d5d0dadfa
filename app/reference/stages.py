"""The life-cycle stages that a request may state and an answer may name."""

from enum import StrEnum
from typing import Final

from app.kit.errors import Invalid
from app.reference.enums import Term, terms
from app.reference.tables import shown


class Stage(StrEnum):
    """The five life-cycle stages; UNSPECIFIED appears in answers, nobody states it."""

    RAW = "RAW"
    MFG = "MFG"
    DIST = "DIST"
    USE = "USE"
    EOL = "EOL"
    UNSPECIFIED = "UNSPECIFIED"


class UnknownStage(Invalid):
    en = '"{code}" is not a life-cycle stage; choose RAW, MFG, DIST, USE or EOL.'
    zh = "“{code}”不是生命周期阶段，可选 RAW、MFG、DIST、USE 或 EOL。"


_STAGES: Final = terms("stage", Stage)
_STATED: Final = {each.value: each for each in Stage if each is not Stage.UNSPECIFIED}


def stage(code: str, pointer: str | None = None) -> Stage:
    """Return the stage that a request states with *code*."""
    found = _STATED.get(code)
    if found is None:
        raise UnknownStage(pointer=pointer, code=shown(code))
    return found


def stages() -> tuple[Term, ...]:
    """Return the stages with their labels, in the order of a life."""
    return _STAGES
