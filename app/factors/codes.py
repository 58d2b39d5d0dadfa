"""Factor codes `CNF-CC-NNNNNN-KK`, check digits by ISO 7064 MOD 97-10."""

import re
from dataclasses import dataclass
from typing import Final

from app.kit.errors import Invalid

_CODE: Final = re.compile(r"CNF-(\d{2})-(\d{6})-(\d{2})\Z", re.ASCII)
_PIN: Final = re.compile(r"([^@]*)@([1-9]\d{0,8})\Z", re.ASCII)


class InvalidFactorCode(Invalid):
    en = "A factor code reads CNF-CC-NNNNNN-KK with a right check number KK."
    zh = "因子编码应为 CNF-CC-NNNNNN-KK,且校验码 KK 正确。"


@dataclass(frozen=True, slots=True)
class Pin:
    """A factor code, with a version number where it is pinned."""

    code: str
    version: int | None

    def __str__(self) -> str:
        return self.code if self.version is None else f"{self.code}@{self.version}"


def factor_code(domain: str, serial: int) -> str:
    """Return the code of number *serial* in the two-digit *domain*."""
    digits = f"{domain}{serial:06d}"
    return f"CNF-{domain}-{serial:06d}-{98 - int(digits) * 100 % 97:02d}"


def as_code(text: str) -> str | None:
    """Return *text* if it is a factor code, else None."""
    match = _CODE.match(text)
    is_code = match is not None and factor_code(match[1], int(match[2])) == text
    return text if is_code else None


def check_code(text: str, pointer: str | None = None) -> str:
    """Return *text* if it is a factor code, else refuse."""
    if as_code(text) is None:
        raise InvalidFactorCode(pointer=pointer)
    return text


def parse_pin(text: str, pointer: str | None = None) -> Pin:
    """Return what `CODE` or `CODE@n` names."""
    match = _PIN.match(text)
    if match is None:
        return Pin(check_code(text, pointer), None)
    return Pin(check_code(match[1], pointer), int(match[2]))
