"""What the index holds of the log. Pure: an occurrence and its position in, documents out."""
