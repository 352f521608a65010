"""Kills an assistant at random moments, and looks whether anything acknowledged was lost."""
