"""The national register of education providers, schools and sites (Organisaatiopalvelu), from its own answers."""
