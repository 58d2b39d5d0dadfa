"""The JSON interface: one thin file per domain, assembled under /v1 by `routes`."""
