"""Checks of traces, of any writer: form, agreement with label and report, words."""
