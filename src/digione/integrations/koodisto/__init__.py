"""National code lists (Koodistopalvelu), from both forms in which the service and its users keep them."""
