"""The browser log-in to Constant Contact (OAuth2, PKCE), its tokens, and the place secrets are kept in."""
