"""The adapters of a project: those of its runs, their checkpoints, and imported ones."""
