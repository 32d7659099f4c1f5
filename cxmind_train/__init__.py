"""cxmind-train: the companion that will train on the stage folders of cxdata. Nothing trains yet; see the README."""

__version__ = "0.1.0"

__all__ = ["__version__"]
