"""Floor 1: the gate - from scores and a policy to a decision, without side effects."""
