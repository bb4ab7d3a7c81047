"""A complaint platform to run and test the portal against. Speaks the real protocol over HTTP and never imports it."""
