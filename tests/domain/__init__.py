"""Claims about the rulebook, tested without database, network or clock."""
