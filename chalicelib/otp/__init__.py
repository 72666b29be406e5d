"""One-time codes: from Logto's request, over the queue, to the phone and the ledger."""
