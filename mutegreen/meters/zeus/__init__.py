"""GPUs of AMD, Apple silicon and NVIDIA Jetson, read through the device layer of zeus."""
