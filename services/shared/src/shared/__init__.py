"""What every service stands on: events, transactions, errors, callers, money, time. It knows no business."""
