"""`make bench`: what the portal's work costs beside what the machine could do, in one run (docs/performance.md)."""
