"""Reading and writing formats of others, one module per format.

Knows formats and content; refuses to publish anything.
"""
