"""TLS: certificates that the operator has, or those of a private authority that is made here."""
