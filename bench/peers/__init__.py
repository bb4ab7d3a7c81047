"""Other ticket systems on the same machine, the same server and as much data: what `PEERS=1` puts beside our figures.

Nothing of theirs is imported or copied here. Each is installed into a folder of its own below `var/bench/peers`, is
asked over HTTP as a signed-in agent asks it, and gets the settings that its own documentation names for production.
"""
