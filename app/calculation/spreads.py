"""The uncertainties that a request and its factors state, as variables of a system."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final, cast

from app.calculation import amounts, uncertainty
from app.calculation.coefficients import Figure, characterise
from app.calculation.findings import UncertaintyNotAllowed
from app.calculation.request import Emission, InlineFactor, Input
from app.calculation.resolution import Route, Terms
from app.calculation.uncertainty import Distribution
from app.calculation.variables import Collector, Part, Uncertain, Variable
from app.kit.decimals import number_text, scaled
from app.units.catalogue import unit

# What t_km counts.
_CARRIED: Final = (("mass", unit("t")), ("distance", unit("km")))


def concerns(line: Input | Emission, route: Route) -> bool:
    """Tell whether *line* on *route* may state or bring an uncertainty."""
    is_plain = "uncertainty" not in line and "mass" not in line
    return not is_plain or route.coefficient.figure.uncertainty is not None


def check(line: Input | Emission) -> None:
    """Refuse what is wrong with an uncertainty that *line* states."""
    if "mass" not in line and "distance" not in line:
        _distribution(line, "", signed="gas" not in line)
        return
    _check_place(line)
    for name, _ in _CARRIED:
        _distribution(_carried(line, name), f"/{name}", signed=name == "mass")


def _check_place(line: Input | Emission) -> None:
    if "uncertainty" in line:
        raise UncertaintyNotAllowed(pointer="/uncertainty")


@dataclass(frozen=True, slots=True)
class Spreads:
    """Collects the uncertain numbers of lines and links, if anybody *asked* for them.

    What is stated is judged whether or not anybody asked.
    """

    terms: Terms
    asked: bool
    _collector: Collector = field(default_factory=Collector)

    def line(
        self, number: int, line: Input | Emission, route: Route, pointer: str
    ) -> None:
        """Note line *number*, which stands at *pointer*."""
        if self.asked:
            factor = self._factor(line, route, pointer)
            self._collector.line(number, [*_amounts(line, route, pointer), factor])
        else:
            check(line)

    def link(self, number: int, line: Input, pointer: str) -> None:
        """Note link *number*, which stands at *pointer*."""
        factor = unit(line["unit"]).factor
        self._collector.link(number, _amount(line, factor, "", pointer))

    def collected(self) -> Uncertain:
        """Return what was noted."""
        return self._collector.collected()

    def _factor(self, line: Input | Emission, route: Route, pointer: str) -> Part:
        figure = route.coefficient.figure
        if figure.uncertainty is None:
            return Part(route.coefficient.intensity * _strength(line))
        stated, slope = float(figure.value), self._slope(route)
        reference = line.get("factor")
        name = figure.label if isinstance(reference, str) else pointer + "/factor/value"
        variable = Variable(name, stated, figure.uncertainty)
        return Part(route.coefficient.intensity, slope, variable)

    def _slope(self, route: Route) -> float:
        """Return the intensity per unit of the value; gas masses go with the value."""
        coefficient, figure = route.coefficient, route.coefficient.figure
        if figure.value:
            return coefficient.intensity / float(figure.value)
        unity: Figure = replace(figure, value=Fraction(1), gases=())
        return characterise(unity, self.terms.gwp_set).intensity


def _amounts(line: Input | Emission, route: Route, pointer: str) -> list[Part]:
    if "mass" not in line:
        return [_amount(line, route.factor, "", pointer)]
    _check_place(line)
    return [
        _amount(
            _carried(line, name),
            unit(_carried(line, name)["unit"]).factor / canonical.factor,
            f"/{name}",
            pointer,
        )
        for name, canonical in _CARRIED
    ]


def _amount(
    stated: Mapping[str, Any], factor: Fraction, place: str, pointer: str
) -> Part:
    """Return an amount whose unit *factor* leads from."""
    text = number_text(stated["amount"], place + "/amount")
    signed = "gas" not in stated and place != "/distance"
    found = _distribution(stated, place, signed=signed)
    value, name = scaled(text, factor), f"{pointer}{place}/amount"
    if found is None:
        return Part(value)
    return Part(value, float(factor), Variable(name, float(text), found))


def _distribution(
    stated: Mapping[str, Any], place: str, *, signed: bool = True
) -> Distribution | None:
    if "uncertainty" not in stated:
        return None
    text = number_text(stated["amount"], place + "/amount")
    where = place + "/uncertainty"
    return uncertainty.read(stated["uncertainty"], text, where, signed=signed)


def _strength(line: Input | Emission) -> float:
    factor = line.get("factor")
    return amounts.strength(cast("str | InlineFactor", factor)) if factor else 1.0


def _carried(line: Input | Emission, name: str) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", line.get(name, {}))
