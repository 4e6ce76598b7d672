"""One widget a file; none knows the session."""
