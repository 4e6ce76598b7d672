"""Examples: what one is, where they are kept, how they change, come in and go out."""
