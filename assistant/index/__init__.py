"""The index of a home: chunks and their vectors, words, and the ledger that vouches for them."""
