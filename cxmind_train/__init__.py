"""cxmind-train: the companion that will train on the stage folders of cxdata. As yet it scores; nothing trains."""

__version__ = "0.1.0"

__all__ = ["__version__"]
