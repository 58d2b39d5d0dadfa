"""Slow-moving vocabularies: gases, GWP sets, regions, product categories, terms.

Knows codes, their names in Chinese and English and where each entry comes from; every
table is a file of the package, read once, and changes with a release of the software.
Refuses to know factors, people and the database, and refuses to fill gaps: a gas
without a figure in a GWP set is absent from it, never 0, and a province names no grid
until an official list does. Tables in the package rather than in the database keep the
engine pure and the answers of an old release reproducible; the cost is that a new gas
needs a release.
"""
