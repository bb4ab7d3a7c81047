"""The edge: what speaks to the outside. It knows no rule, no table and no request."""
