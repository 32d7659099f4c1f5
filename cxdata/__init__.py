"""cxdata: chest X-ray sources, as officially downloaded, into validated Parquet shards of questions and answers."""

__version__ = "0.1.0"

__all__ = ["__version__"]
