"""What this machine can do and what a recipe needs of it."""
