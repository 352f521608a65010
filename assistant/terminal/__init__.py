"""The command `assistant`: what is typed, what is printed, and nothing else."""
