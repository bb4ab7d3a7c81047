"""Platforms that push work orders and take answers back (interfaces, section 1)."""
