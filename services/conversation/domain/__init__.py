"""A conversation's life: what happened in it, when, and how later arrivals correct the telling."""
