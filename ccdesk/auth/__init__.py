"""The browser login to Constant Contact (OAuth2, PKCE), its tokens, and the place secrets are kept in."""
