"""How time, memory and disk grow with the collection: `python -m bench.growth`."""
