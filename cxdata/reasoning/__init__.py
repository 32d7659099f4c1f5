"""Interleaved think/answer text: how an answer and a trace are written."""
