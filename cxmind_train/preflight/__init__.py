"""What can be told before a graphics card is started: rows, prompts, golds, memory, packages."""
