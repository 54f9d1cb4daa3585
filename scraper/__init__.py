"""The kernel of USCE Atlas: what every other room may import, and which imports neither spiders nor pipelines."""

__version__ = "0.1.0"
