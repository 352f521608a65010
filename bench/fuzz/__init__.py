"""Tries to break whatever reads text from outside."""
