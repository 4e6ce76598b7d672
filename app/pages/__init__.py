"""One page a station: each joins widgets to the session."""
