"""Qt item models over store pages."""
