"""Sources of a made-up system: each answers as AWS would, and the connectors themselves make records of its answers."""
