"""The model writer: traces by a language model behind an OpenAI-compatible endpoint, on this machine by default."""
