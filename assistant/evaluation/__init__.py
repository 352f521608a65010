"""Measuring answers: curated questions and the measures they are scored by."""
