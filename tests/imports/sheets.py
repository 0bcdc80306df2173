"""Files of other systems, invented people in them, with the columns that those systems write."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping


def columns(*lines: str) -> list[str]:
    """Headings, as a file's first line has them."""
    return next(csv.reader(["".join(lines)]))


PATREON = columns(
    "Name,Email,Discord,Patron Status,Follows You,Free Member,Free Trial,Lifetime Amount,Pledge Amount,",
    "Charge Frequency,Tier,Addressee,Street,City,State,Zip,Country,Phone,Patronage Since Date,",
    "Last Charge Date,Last Charge Status,Additional Details,User ID,Last Updated,Currency,Max Posts,Access Expiration,",
    "Next Charge Date,Full country name,Subscription Source",
)
GHOST = columns(
    "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers,",
    "gift_id",
)
MEMBERFUL = columns(
    "Memberful ID,Full Name,First name,Last name,Email,Plan,Active,Created at,Expiration date,Total spend,",
    "Stripe Customer ID,Referrer,UTM Source,Address,City,State,Zip/Postal,Country",
)
STEADY = columns(
    "first_name,last_name,email,plan_name,plan_monthly_amount_cents,gifted,subscription_period,subscription_state,",
    "subscribed_at,trial_ends_at,cancelled_at,expires_at,shipping_first_name,shipping_last_name,shipping_company_name,",
    "shipping_street_and_number,shipping_city,shipping_zip_code,shipping_state,shipping_country_code,new_plan_name,",
    "new_plan_monthly_amount_cents,price_increase_opt_in_email_sent_at,price_increase_opted_in_at,",
    "price_increase_new_plan_monthly_amount_cents",
)
OWN = columns(
    "email,name,status,amount,currency,interval,tier,since,paid_until,id,stripe_customer_id,stripe_subscription_id,letters"
)


def sheet(headings: Iterable[str], rows: Iterable[Mapping[str, str]], **manner: str) -> bytes:
    """A CSV file of these rows, by the names of their columns."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(headings), restval="", **manner)  # type: ignore[arg-type]
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def member(email: str, number: int = 1, **values: str) -> dict[str, str]:
    """A row of Patreon's export: somebody active, five euros a month, since 2023, paid until 15 December 2026."""
    return {
        "Name": email.partition("@")[0].title(), "Email": email, "Patron Status": "Active patron", "Follows You": "Yes",
        "Lifetime Amount": "180.00", "Pledge Amount": "5.00", "Charge Frequency": "monthly", "Tier": "Reader",
        "Patronage Since Date": "2023-04-08 17:45:28.731953", "Last Charge Date": "2026-11-15 07:00:00",
        "Last Charge Status": "Paid", "User ID": str(number), "Currency": "EUR", "Access Expiration": "2026-12-15 07:00:00",
        "Next Charge Date": "2026-12-15 07:00:00",
    } | {name.replace("_", " "): value for name, value in values.items()}  # fmt: skip
