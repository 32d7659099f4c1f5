"""What an answer text means, for checks of gold and for rewards: blocks, letters, marks, labels, thinks."""
