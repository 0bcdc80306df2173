"""`make demo`: an invented newsroom's **story**, loaded once into sandbox and books alike, its **site**, and the **runner**.

The Ferrowmouth Lantern, the town and everybody in it are made up. Nothing here runs in production.

    seed.seed(config, store, site_url=…, at=…)     fill an empty database and an empty sandbox store, so that they agree
    site.create_site(members_url=…)                the newsroom's own site, on another origin, with the appeal in a frame
    runner.run(port, sandbox_port, newsroom_port, fresh=False)
"""
