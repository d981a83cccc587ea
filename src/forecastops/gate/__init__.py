"""From scores and a policy to a decision, without side effects."""
