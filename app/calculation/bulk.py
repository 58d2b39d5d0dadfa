"""Reading a large request by columns, where nothing about it is unusual.

The processes of a block are decoded, taken apart and dropped before the next block
comes, so that whatever looks at them finds them in the processor's cache.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, compress
from typing import Any, Final, cast

import msgspec
import numpy as np
from msgspec import UNSET, Raw, Struct

from app.calculation import amounts, wire
from app.calculation.allocation import checked_share, not_listed
from app.calculation.assembly import CATEGORY_NUMBERS, STAGE_NUMBERS
from app.calculation.receipts import numbers_as_texts
from app.calculation.request import (
    CalculationRequest,
    InlineFactor,
    Input,
    Process,
    parse,
)
from app.calculation.table import Key, Lines, Links, Made, Table, Unusual, check
from app.kit.columns import Decimals, Floats, Ints, joined, read_decimals, reordered
from app.kit.errors import DomainError
from app.kit.schemas import are_texts

# Fewer make NumPy's calls cost more, more do not fit the processor's cache.
BLOCK: Final = 1024
_REQUEST: Final = msgspec.json.Decoder(wire.Request)
_PROCESSES: Final = msgspec.json.Decoder(list[wire.Process])
# What stands for all of them in the head: the first one may be huge.
_ANY_PROCESS: Final = Raw(b'{"id":"any","output":{"amount":"1","unit":"kg"}}')
_Columns = list[list[Any]]


def read(body: bytes) -> Table:
    """Return the request in *body*, or raise `Unusual`."""
    try:
        head, raws = _open(body)
        table = Table(head)
        for start in range(0, len(raws), BLOCK):
            block = b"[%b]" % b",".join(raws[start : start + BLOCK])
            _Block(table, _PROCESSES.decode(block)).read()
    except (msgspec.MsgspecError, ValueError, RecursionError, DomainError) as error:
        raise Unusual from error
    return table


def _open(body: bytes) -> tuple[CalculationRequest, list[Raw]]:
    """Return the request with another process alone, and all processes as bytes."""
    request = _REQUEST.decode(body)
    raws, request.processes = request.processes, [_ANY_PROCESS]
    check(usual=len(raws) > 0)
    return parse(msgspec.json.encode(request)), raws


def _fields(structs: Iterable[Struct], kind: type[Struct]) -> list[list[Any]]:
    """Return one list for each field of *kind*."""
    width = len(kind.__struct_fields__)
    flat = list(chain.from_iterable(map(msgspec.structs.astuple, structs)))
    return [flat[number::width] for number in range(width)]


def _owners(lists: Sequence[Sequence[object]]) -> tuple[Ints, Ints]:
    """Return for each member of *lists* the number of its list, and its place there."""
    counts = np.fromiter(map(len, lists), np.intp, len(lists))
    owner = np.repeat(np.arange(len(lists)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)


def _numbers(texts: list[Any], known: Mapping[str, int]) -> Ints:
    """Return the number of each text, -1 for none."""
    if texts.count(UNSET) == len(texts):
        return np.full(len(texts), -1)
    return np.array([known.get(each, -1) for each in texts], dtype=np.intp)


def _stages(texts: list[Any], home: Ints) -> Ints:
    """Return the stage of each line, by default its process's."""
    own = _numbers(texts, STAGE_NUMBERS)
    return np.where(own < 0, home, own)


def _stated(values: list[Any]) -> list[Any]:
    return [value for value in values if value is not UNSET]


class _Block:
    """Takes *processes* apart into the columns of *table*."""

    def __init__(self, table: Table, processes: list[wire.Process]) -> None:
        self.table = table
        self.processes = processes
        self.first = len(table.names)
        self.has_numbers = False

    def read(self) -> None:
        fields = _fields(self.processes, wire.Process)
        *split, emissions, names, inputs, titles, outputs, stages = fields
        check(usual=are_texts(names) and are_texts(_stated(titles)))
        home = np.array(
            [STAGE_NUMBERS[each or "UNSPECIFIED"] for each in stages], dtype=np.intp
        )
        amount, unit, share = self._read_outputs(outputs, split)
        self.table.made.append(Made(amount, unit, home, share))
        self.table.names += names
        self.table.titles += [title or None for title in titles]
        parts = self._read_inputs(inputs, home), self._read_emissions(emissions, home)
        lines: Lines = joined(parts)
        order = np.argsort(lines.process, kind="stable")
        self.table.lines.append(reordered(lines, order))
        encoded = msgspec.json.encode(self.processes)[1:-1]
        if self.has_numbers:
            encoded = numbers_as_texts(encoded)
        self.table.encoded.append(encoded)

    def _read_outputs(
        self, outputs: list[wire.Output], split: _Columns
    ) -> tuple[Decimals, Ints, Floats]:
        """Return amount, unit and share; *split* is co-products and allocations."""
        stated, units, values = _fields(outputs, wire.Output)
        share = np.ones(len(outputs))
        for place, each in enumerate(zip(values, *split, strict=True)):
            if each != (UNSET, UNSET, UNSET):
                # Numbers may stand anywhere in it.
                self.has_numbers = True
                share[place] = self._share(place)
        return self._decimals(stated), self.table.units.of(units), share

    def _decimals(self, stated: list[Any]) -> Decimals:
        """Read a column, noting whether numbers may be among its texts."""
        self.has_numbers |= not {*map(type, stated)} <= {str}
        return read_decimals(stated)

    def _share(self, place: int) -> float:
        process = cast("Process", msgspec.to_builtins(self.processes[place]))
        share = checked_share(process)
        notice = not_listed(process, share)
        if notice is not None:
            where = f"/processes/{self.first + place}/allocation"
            self.table.notices.append((notice, where))
        return share

    def _read_inputs(self, inputs: list[Any], home: Ints) -> Lines:
        """Add the links and return the factor lines."""
        lists = [each or () for each in inputs]
        user, place = _owners(lists)
        lines: list[wire.Input] = list(chain.from_iterable(lists))
        by_process = [line.process is not UNSET for line in lines]
        by_factor = [line.factor is not UNSET for line in lines]
        is_link = np.array(by_process, dtype=np.bool_)
        check(usual=(is_link != np.array(by_factor, dtype=np.bool_)).all())
        self._read_links(
            list(compress(lines, by_process)), user[is_link], place[is_link]
        )
        return self._read_factor_lines(
            list(compress(lines, by_factor)), user[~is_link], place[~is_link], home
        )

    def _read_links(self, lines: list[wire.Input], user: Ints, place: Ints) -> None:
        fields = _fields(lines, wire.Input)
        stated, category, distance, _, mass, suppliers, stage, units = fields
        others = (category, distance, mass, stage)
        check(usual=UNSET not in units and not any(map(_stated, others)))
        taken, unit = self._decimals(stated), self.table.units.of(units)
        self.table.suppliers += suppliers
        self.table.links.append(Links(user + self.first, place, taken, unit))

    def _read_factor_lines(
        self, lines: list[wire.Input], user: Ints, place: Ints, home: Ints
    ) -> Lines:
        fields = _fields(lines, wire.Input)
        stated, categories, distances, factors, masses, _, stages, units = fields
        given = np.full(len(lines), np.nan)
        if _stated(masses) or _stated(distances):
            self.has_numbers = True
            given = _transported(lines, stated, units)
        check(usual=UNSET not in units)
        key, strength, label = self._read_factors(factors, units)
        return Lines(
            process=user + self.first,
            place=place,
            key=key,
            amount=self._decimals(stated),
            given=given,
            strength=strength,
            stage=_stages(stages, home[user]),
            category=_numbers(categories, CATEGORY_NUMBERS),
            label=label,
        )

    def _read_factors(
        self, factors: list[str | wire.InlineFactor], units: list[str]
    ) -> tuple[Ints, Decimals, Any]:
        """Return the key of each factor, its strength and its own name."""
        keys: list[Key] = []
        strengths: list[Any] = []
        names: list[str | None] = []
        for factor, unit in zip(factors, units, strict=True):
            if isinstance(factor, str):
                keys.append(("published", factor, unit))
                strengths.append("1")
                names.append(None)
                continue
            names.append(factor.name)
            if factor.is_plain():
                keys.append(("plain", factor.unit, unit))
                strengths.append(factor.value)
            else:
                self.has_numbers = True
                keys.append(("own", self._own(factor), unit))
                strengths.append("1")
        check(usual=are_texts(list(filter(None, names))))
        return (
            self.table.keys.of(keys),
            self._decimals(strengths),
            np.array(names, dtype=object),
        )

    def _own(self, factor: wire.InlineFactor) -> str:
        mark = str(len(self.table.own))
        self.table.own[mark] = cast("InlineFactor", msgspec.to_builtins(factor))
        return mark

    def _read_emissions(self, emissions: list[Any], home: Ints) -> Lines:
        lists = [each or () for each in emissions]
        emitter, place = _owners(lists)
        stated, categories, gases, stages, units = _fields(
            chain.from_iterable(lists), wire.Emission
        )
        amount = self._decimals(stated)
        check(usual=(amount.digits >= 0).all())
        keys = [("gas", gas, unit) for gas, unit in zip(gases, units, strict=True)]
        size = len(emitter)
        return Lines(
            process=emitter + self.first,
            place=-1 - place,
            key=self.table.keys.of(keys),
            amount=amount,
            given=np.full(size, np.nan),
            strength=Decimals(np.ones(size, np.int64), np.zeros(size, np.intp)),
            stage=_stages(stages, home[emitter]),
            category=_numbers(categories, CATEGORY_NUMBERS),
            label=np.full(size, None),
        )


def _transported(
    lines: list[wire.Input], stated: list[Any], units: list[Any]
) -> Floats:
    """Return t_km of every line by mass and distance, and state its unit."""
    given = np.full(len(lines), np.nan)
    for number, line in enumerate(lines):
        if line.mass is not UNSET or line.distance is not UNSET:
            document = cast("Input", msgspec.to_builtins(line))
            given[number] = amounts.transported(document)
            stated[number], units[number] = "0", amounts.T_KM.code
    return given
