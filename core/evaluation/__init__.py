"""Measuring answers: styles, metrics, verdicts, without torch."""
