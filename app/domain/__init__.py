"""Floor 0: the rulebook as pure Python. Standard library only, no clock, no settings: values in, a value out."""
