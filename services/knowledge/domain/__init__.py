"""Articles and how their text is folded for search. Pure: text in, text out."""
