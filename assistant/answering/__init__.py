"""From ranked papers to an answer that cites them."""
