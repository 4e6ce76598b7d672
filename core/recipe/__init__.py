"""The settings of a training run, described once."""
