"""Questions put to patrons: the **ballot**, its **options**, the **roll** of who may vote, the **urn** of votes without names."""
