"""What worker processes are made to do in tests."""

import os
import time
from collections.abc import Generator
from typing import Any

from app.kit.errors import Findings, Invalid


class Odd(Invalid):
    en = "{number} is odd."
    zh = "{number} 是奇数。"


def counting(start: int) -> Generator[Any, Any, None]:
    """Say the process and the number; then add whatever is said."""
    total = start
    while True:
        total += yield os.getpid(), total


def refusing(number: int) -> Generator[Any, Any, None]:
    """Refuse with several findings."""
    yield number
    raise Findings([Odd(pointer="/a", number=number), Odd(pointer="/b", number=3)])


def failing() -> Generator[Any, Any, None]:
    """Make a mistake."""
    yield 1
    raise LookupError("a mistake of ours")


def sleeping(seconds: float) -> Generator[Any, Any, None]:
    """Be at work for a while."""
    yield os.getpid()
    time.sleep(seconds)
    yield seconds
