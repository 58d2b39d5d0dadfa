"""TanYin 碳因: a product-carbon-footprint factor database as a service."""

__version__ = "0.1.0"
