"""Models and their processors: loaded from a folder, a hub name or a run, or made tiny from nothing."""
