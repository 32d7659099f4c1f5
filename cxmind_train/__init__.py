"""cxmind-train: rewards, training and evaluation on the stage folders of cxdata."""

__version__ = "0.1.0"

__all__ = ["__version__"]
