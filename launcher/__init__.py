"""Starts the portal and its helpers on one machine. Standard library only; never imports the portal itself."""
