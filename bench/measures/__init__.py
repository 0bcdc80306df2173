"""One file per benchmark, each with `measure(ground) -> {name: Figure}`."""
