"""What datasets are built on."""
