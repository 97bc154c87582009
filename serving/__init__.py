"""Online inference behind BentoML; app imports only schemas and client."""
