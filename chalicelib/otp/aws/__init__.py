"""The queue, the ledger, the counters and the templates on AWS."""
