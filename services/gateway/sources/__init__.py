"""What the gateway goes and fetches, or listens for, itself: mailboxes, reviews, feeds."""
