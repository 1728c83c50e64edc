"""Who is behind a party: repeats, provisional ids, identifiers, clusters. Pure."""
