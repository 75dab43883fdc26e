"""From today's placement to a better one: the fewest moves to a number of nodes, an order that can be carried out, waves, and the curve."""
