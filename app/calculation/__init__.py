"""Composing factor versions along a process tree into a footprint.

Knows requests, allocation, GWP sets and linear systems. The engine is pure; only
`service` sees the database, and it writes nothing.
"""
