"""Organisations, their people, roles and API keys.

Knows who somebody is; refuses to know what they do with factors.
"""
