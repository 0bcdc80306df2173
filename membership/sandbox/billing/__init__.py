"""What happens to money over time: payment, renewal, failed renewal and its retries, the end of a subscription."""
