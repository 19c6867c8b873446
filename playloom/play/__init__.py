"""Playing by a policy, without model or network: which row of a chunk is now, who acts, and the switch that wins."""
