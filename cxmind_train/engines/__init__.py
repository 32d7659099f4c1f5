"""Engines: what trains. TRL is the one that is here; nothing but these modules imports it."""
