"""What is known of a base model from its files, and where to find it."""
