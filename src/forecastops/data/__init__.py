"""How raw rows become one regular series, without files, network or clock."""
