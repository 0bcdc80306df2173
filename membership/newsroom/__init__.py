"""Who we are: the newsroom's name, colours, sites, currencies, texts, and the articles that readers came from."""
