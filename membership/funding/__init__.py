"""How the newsroom is paid for, in public: by kind and size, the largest by name where they agreed, nobody shown else."""
