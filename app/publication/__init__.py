"""From content to published version: content, record, log entry, in one transaction.

The only package that writes facts. Knows roads and publishers; refuses to judge content.
"""
