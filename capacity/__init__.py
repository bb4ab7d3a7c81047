"""A sale day on paper: what people and machines of a given size would do with it. Knows none of the portal's code."""
