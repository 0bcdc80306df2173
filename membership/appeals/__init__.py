"""The newsroom's side: the **appeal** under an article, framed on the newsroom's own sites, and the **support page**."""
