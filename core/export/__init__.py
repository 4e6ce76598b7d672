"""Taking an adapter away: cards, archives, verified copies."""
