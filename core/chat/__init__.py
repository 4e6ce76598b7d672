"""A conversation with several models at once: what was said, kept with the project, and who is asked what."""
