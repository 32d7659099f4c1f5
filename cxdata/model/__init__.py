"""The nouns that every part of cxdata shares: facets, samples, manifests, findings, states, errors."""
