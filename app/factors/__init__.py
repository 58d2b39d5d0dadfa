"""Factors, which are names, and their immutable versions, which are facts.

Knows content, codes, search and status at a snapshot; refuses to know how a version
came to be published. The word is *version*, never revision or edition.
"""
