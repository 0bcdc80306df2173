"""The newsroom's side: the **appeal** under an article, served as a frame to other sites."""
