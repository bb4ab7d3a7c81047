"""A seeded run of faults against the portal's real processes, and the oracle that compares three independent logs."""
