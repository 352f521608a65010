"""Measuring the assistant: run from the root of a checkout, set up for development."""
