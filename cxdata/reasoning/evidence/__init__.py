"""The evidence writer: steps composed from the sentences and boxes that a label rests on, without a model."""
