"""OpenI: the Indiana University chest X-ray collection, NLM's archives and Kaggle's copy of it."""
