"""A payment provider to practise with: it speaks as WeChat Pay API v3 does and moves no real money.

`python -m deploy.payment_sandbox` serves three things on one port: the merchant API under ``/v3``, a cashier page for
the payer at ``/pay/{code}``, and ``/control`` for tests and demonstrations. Its books are an append-only journal under
`.state/`, so a restart forgets neither an order nor a notice that nobody took yet.
"""
