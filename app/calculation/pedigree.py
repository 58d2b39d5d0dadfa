"""The spread of a number that nobody measured, judged by a pedigree. Pure.

Each indicator is scored from 1 (best) to 5, and each score stands for a factor of the
95 % interval: those of ecoinvent as openLCA ships them.
"""

import math
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from app.kit.decimals import number_text
from app.kit.errors import Invalid

FACTORS: Final[Mapping[str, tuple[float, ...]]] = MappingProxyType(
    {
        "reliability": (1.0, 1.05, 1.1, 1.2, 1.5),
        "completeness": (1.0, 1.02, 1.05, 1.1, 1.2),
        "temporal": (1.0, 1.03, 1.1, 1.2, 1.5),
        "geographical": (1.0, 1.01, 1.02, 1.05, 1.1),
        "technology": (1.0, 1.05, 1.2, 1.5, 2.0),
    }
)


class PedigreeScore(Invalid):
    en = "A score of a pedigree is 1, 2, 3, 4 or 5."
    zh = "谱系评分须为 1、2、3、4 或 5。"


class PedigreeBasic(Invalid):
    code = "PEDIGREE_BASIC_BELOW_ONE"
    en = "The basic factor of a pedigree is at least 1; 1 says that it adds nothing."
    zh = "谱系的基础不确定性系数不得小于 1;1 表示不增加不确定性。"


def sigma(document: Mapping[str, Any], pointer: str) -> float:
    """Return the standard deviation of the logarithm that *document* comes to.

    With U for the factors, GSD² = exp √(Σ ln² U), and the result is half that root.
    """
    basic = Decimal(number_text(document["basic"], f"{pointer}/basic"))
    if basic < 1:
        raise PedigreeBasic(pointer=f"{pointer}/basic")
    # Near 1 a logarithm of the rounded double would lose digits.
    parts = [math.log1p(float(basic - 1))]
    parts += [math.log(_factor(document, name, pointer)) for name in FACTORS]
    return math.hypot(*parts) / 2


def _factor(document: Mapping[str, Any], name: str, pointer: str) -> float:
    where = f"{pointer}/{name}"
    score = Decimal(number_text(document[name], where))
    factors = FACTORS[name]
    if score not in range(1, len(factors) + 1):
        raise PedigreeScore(pointer=where)
    return factors[int(score) - 1]
