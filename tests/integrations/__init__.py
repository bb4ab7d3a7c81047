"""The edge, tested over real connections on this machine."""
