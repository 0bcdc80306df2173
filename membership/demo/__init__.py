"""The demo: an invented newsroom's story, loaded into sandbox and books alike, its site, and the runner."""
