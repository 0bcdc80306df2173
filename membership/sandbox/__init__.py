"""A local stand-in for Stripe: the API, the hosted payment page, signed events, a clock, faults. No money moves.

A separate WSGI application that the rest of the house speaks to over HTTP with the real SDK, never by import:

    StripeClient("sk_test_…", base_addresses={"api": "http://127.0.0.1:8001"}, max_network_retries=2).v1…

Start it with

    python -m membership.sandbox --port 8001 --data var/sandbox --webhook http://127.0.0.1:8000/webhooks/stripe
        --webhook-secret whsec_… --clock-file var/clock --letters var/letters

or inside a test with `membership.sandbox.server.running(data_dir, port=0, webhook=…, webhook_secret=…, clock_file=…,
letters=…)`, a context manager whose value has `.url`, `.store` and `.world`.

It speaks API version 2026-10-28.endive with flexible billing. Any `sk_test_…`/`rk_test_…` key opens it; live keys are
refused. Times are Unix seconds of the *sandbox's* clock (wall time + an offset), amounts are minor units.

**Loading a story** (the demo's seed). `Store.open(data_dir)` opens the store, `store.load(objects)` writes any number
of objects in one transaction without emitting events. They come from pure builders, every argument by name:

    shapes.customers.customer(id, created, email, name, metadata, default_payment_method, currency, …)
    shapes.catalogue.product(id, created, name, description, active, metadata)
    shapes.catalogue.price(id, created, product, currency, unit_amount, interval=None, interval_count=1, lookup_key,
                           nickname, active, metadata)              interval None: a one-time price
    shapes.cards.payment_method_card(id, created, card="4242424242424242", customer, email, name)
    shapes.payments.payment_intent(id, created, amount, currency, status, customer, payment_method, latest_charge, …)
    shapes.payments.charge(id, created, amount, currency, payment_intent, payment_method=<dict>, customer,
                           balance_transaction, decline=None, …)
    shapes.payments.balance_transaction(id, created, amount, currency, source)       fee: 1.5 % + 25 minor units
    shapes.payments.refund(id, created, charge=<dict>, amount, …)
    shapes.subscriptions.subscription(id, item_id, created, customer, price=<dict>, period_start, period_end, status,
                           default_payment_method, latest_invoice, metadata, cancel_at, canceled_at, ended_at, …)
    shapes.invoices.invoice(id, line_id, number, created, subscription=<dict>, customer=<dict>, period_start,
                           period_end, billing_reason, …) and shapes.invoices.invoice_payment(…)
    shapes.sessions.checkout_session(…)
    history.subscription_with_history(prefix, email, start, until, price=<dict> | amount, currency, interval,
                           interval_count, product_id, price_id, quantity, name, card, cancelled_at,
                           cancel_at_period_end, metadata, client_reference_id, session_metadata) -> list[dict]
    history.donation(prefix, email, at, amount, product_id, currency, name, card, customer, description, metadata,
                           client_reference_id, session_metadata) -> list[dict]
    aftermath.refunded(charge, at, amount=None, reason=…) -> list[dict]      the changed charge, the refund, its booking
    aftermath.disputed(charge, at, reason=…, outcome=None | "won" | "lost", decided=…) -> list[dict]
    history.paid_out(objects, until) -> list[dict]   all of them, and a payout for each past day with something to pay out

Ids in a history come from `ids.derived(kind, prefix, …)`: `cus_`, `pm_`, `sub_`, `si_`, `cs_test_` from the prefix alone;
`in_`, `il_`, `inpay_` from the prefix and the period's start; a payment's `pi_`, `ch_`, `txn_` from `f"{prefix}/{start}"`
(a donation's from the prefix). Products are not returned: load them once with `catalogue.product`.
A loaded subscription renews, fails and ends by the clock like any other.

**Levers** beside the clock and the faults: POST a JSON object under /_sandbox/ to do what a bank, a payer or Stripe
would do. Each answers with the changed object and is told of like everything else (`levers.py` has them all):

    charges/<id>      {"outcome": "succeeded" | "failed", "reason": "insufficient_funds" | "debit_not_authorized"}
                                                                                       the bank's answer to a debit, now
    disputes          {"charge": "ch_…", "reason": "fraudulent", "inquiry": false}     open a dispute on any paid charge
    disputes/<id>     {"outcome": "won" | "lost" | "warning_closed" | "escalated"}     the last two for inquiries
    fraud_warnings    {"charge": "ch_…"}                                               radar.early_fraud_warning.created
    mandates/<id>     {}                                                               the payer takes the mandate back
    payment_methods/<id>  {"exp_month": 1, "exp_year": 2030, "card": "4242…"}          payment_method.automatically_updated
    payouts           {"currency": "eur"}                                              pay out now what is available
    payouts/<id>      {"outcome": "paid" | "failed", "reason": "account_closed" | "could_not_process" | "no_account"}
    refunds/<id>      {"outcome": "succeeded" | "failed", "reason": "lost_or_stolen_card"}
    strangers         {"email": "…", "amount": 500}        somebody subscribes by another way, without our metadata
    webhook_endpoints/<id>/roll   {"secret": "whsec_…", "overlap": "24h"}      two v1 signatures for so long; id `start`
                                                           is the endpoint of the command line

Faults (POST /_sandbox/faults, see `faults.py`) beside the older ones: `foreign_account` and `unknown_customer` (n
well-signed copies that are not ours, or about what the API does not know), `old_shape` (the next n deliveries in the
shapes of 2024-06-20; an endpoint with that `api_version` always gets them).

Refunds: card …7726 makes them pending, they succeed two days later; with …5126 they succeed and fail two days later (a
`refund_failure` balance transaction; the charge counts as unrefunded again); fees are never returned. Disputes: a
minute after a payment with …0259 (dispute), …1976 (inquiry: no money moves), …5423 (early fraud warning). A dispute
takes its amount and a fee of 1500 minor units; won gives the amount back, not the fee. It stays open by the clock;
evidence with the text `winning_evidence` or `losing_evidence`, once submitted, decides it a minute later.

Changes of a subscription: `items[0][price | price_data]` with `proration_behavior` (prorations to the second are
invoice items, invoiced at once or with the next invoice; a negative total becomes credit on the customer's balance,
what is too small to be charged waits there too), `billing_cycle_anchor: {"type": "now"}` (a hash in this version),
`proration_date`, `payment_behavior` allow_incomplete or error_if_incomplete, `invoices.create_preview` for the cost of
a change now or of the next renewal; `subscription_schedules` (from_subscription, then phases) for a change at the
period's end; `pause_collection` with `resumes_at`; `subscriptions.pause` and `resume` (status paused).

Failing renewals: which card fails how is the table in `cards.py` (…0341 generic, …1341 insufficient funds, …2341
expired, …3341 lost, …4341 stolen, …5341 processing error, …6341 and …3184 want the payer's confirmation); the decline
code is on the intent (`invoice.payments.data[].payment.payment_intent.last_payment_error`). A confirmation leaves the
intent in `requires_action` and tells `invoice.payment_action_required` and `invoice.payment_failed`; that card is not
charged again until the payer confirms. Every open invoice can be paid at its `hosted_invoice_url` (/invoice/<id>: POST
`card`, or `stored=1` to confirm the stored card; `answer=confirm|fail`), a canceled subscription's as well, or by
`invoices.pay` with a `payment_method`; a card given there is attached to the customer but becomes nobody's default.
`invoice.upcoming` comes 7 days before a monthly renewal, 30 before a yearly one.

The billing portal (`billing_portal.configurations`, `.sessions` with the flows payment_method_update and
subscription_cancel) has its page at /portal/<session>: POST `cancel=sub_…` (with `feedback`, `comment`), `keep=sub_…`,
or `card`; the new card becomes the customer's default and that of every subscription with a default of its own. A
default configuration is made when it is first needed; a session's page closes after an hour.

Bank debits: sessions in euros take `iban` as well as `card` on the page, test accounts only (`debits.py`): AT61…3201
pays after five days, AT32…3204 after three minutes, AT86…3202 and AT05…3205 fail likewise, AT59…3203 pays and is taken
back (a dispute that is lost at once), AT00…0341 pays first and is returned at every renewal. Until the bank answers the
intent is `processing`, the charge (`py_…`) `pending`, the session complete but `unpaid`, a subscription active with its
invoice open. Then come `checkout.session.async_payment_succeeded` or `_failed`; a failed first debit voids the invoice
and leaves the subscription active, a failed later one makes it past due. The fee is 35, the balance transaction's type
`payment`. Mandates: `mandate.updated`, inactive once taken back or the account is detached.

Payouts happen only with `running(…, payouts=True)` or `--payouts` (or once, by the lever): every movement is available
three days later; at the next midnight (UTC) all that is available and in no payout yet is paid out, per currency, if the
sum is above nothing (`payout.created`), and arrives two days later (`payout.paid`).
`balance_transactions.list(payout="po_…")` gives what it holds and its own (type `payout`, negative); a failed one comes
back as `payout_failure` and goes into the next.

Thin events: `v2.core.event_destinations.create` (event_payload thin, `include` the signing secret) makes a place that is
told `v1.<type>` notifications of the same events; `parse_event_notification`, `fetch_related_object`, `fetch_event` and
`v2.core.events` work. The thin event of `evt_X` is `evt_test_X`. Faults and rolling hold for these places too.

Coupons and promotion codes: `discounts` on a session or a running subscription, or a code typed on the page
(`allow_promotion_codes`; POST `code`, with `apply` only to see the new amount). They lower the period's line for their
duration, prorations not.

Where it is simpler than Stripe: a subscription has one item; renewals are made final and tried at once (no hour as a
draft); no trials, taxes, credit at a cancellation (`prorate`).
Such parameters and paths are refused like unknown ones.

Where things are: `resources/` one file per kind of object under /v1, `billing/` what happens to money over time,
`pay` the hosted page, `events` and `deliveries` what is told to whom, `switches` the test levers under /_sandbox/,
`levers` those that move one object, `control` the control room at /.
"""
