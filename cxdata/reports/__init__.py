"""Report text: sections, sentences, mentions of priors."""
