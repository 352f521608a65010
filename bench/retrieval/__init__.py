"""How well papers are found: the assistant beside simpler searches, on any collection in BEIR's layout.

python -m bench.retrieval --help
"""
