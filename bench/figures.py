"""What a benchmark found, and the table of all."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_HEADINGS: Final = ("figure", "yardstick", "ours", "ratio", "required", "")
_PACKAGES: Final = ("fastapi", "uvicorn", "pydantic", "numpy", "scipy", "orjson")


@dataclass(frozen=True, slots=True)
class Figure:
    """One ratio, greater is better. Without `required` it is for information."""

    name: str
    yardstick: str
    ours: str
    ratio: float
    required: float | None = None
    note: str = ""

    @property
    def is_short(self) -> bool:
        """Whether the ratio misses what is required."""
        return self.required is not None and self.ratio < self.required

    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        required = "" if self.required is None else f"{self.required:g}"
        verdict = "SHORT" if self.is_short else ""
        note = " ".join(filter(None, [verdict, self.note]))
        ratio = f"{self.ratio:.3g}" if self.ratio < 100 else f"{self.ratio:.0f}"
        return self.name, self.yardstick, self.ours, ratio, required, note

    def document(self) -> dict[str, object]:
        """Return the figure as JSON."""
        return {**asdict(self), "short": self.is_short}


def table(figures: Iterable[Figure]) -> str:
    """Return the figures in aligned columns."""
    rows = [_HEADINGS, *(figure.cells() for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    # The first column is text, the last a remark; between them stand numbers.
    first, *numbers, last = row
    cells = [first.ljust(widths[0])]
    cells += [
        text.rjust(width) for text, width in zip(numbers, widths[1:-1], strict=True)
    ]
    return "  ".join([*cells, last]).rstrip()


def seconds(value: float) -> str:
    """Return a duration to read."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def machine() -> dict[str, str]:
    """Return what the figures depend on beside the code."""
    load = ", ".join(f"{each:.2f}" for each in os.getloadavg())
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version() + " " + sys.implementation.name,
        "load before": load,
        **{name: version(name) for name in _PACKAGES},
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor() or "unknown"
