"""Everything that knows HTTP and belongs to no room: access, forms, errors, filters, limits, security headers."""
