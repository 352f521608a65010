"""Judges of faithfulness: one interface, and three who fill it."""
