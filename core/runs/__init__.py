"""A training run as a folder: its events, its state, its process."""
