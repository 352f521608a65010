"""What a person waits for, beside what they would use instead: `python -m bench.speed` prints the tables."""
