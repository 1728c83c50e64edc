"""What a text says: its language and its sentiment. Pure: text in, judgement out."""
