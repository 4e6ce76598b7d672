"""From an example to text, token ids and the mask of supervised positions, without torch."""
