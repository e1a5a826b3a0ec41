"""How long tests wait for what is certain to come."""

PATIENCE_S = 120.0  # only a failure waits so long; enough on a machine with five times as much to do as it can
