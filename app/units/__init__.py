"""Exact quantities: units as rationals, conversion, the units of factors.

Knows the units that the wire accepts, with the origin of each figure, and converts
within one dimension without rounding. Refuses to know gases (codes are handed in), to
cross dimensions (that takes a property of a factor) and to guess: a name that means two
units is refused with both named. Rationals rather than floats or decimals, because a
standard cubic metre is 5463/5863 of a normal one; the cost is one rounding by the
caller, who needs a double anyway.
"""
