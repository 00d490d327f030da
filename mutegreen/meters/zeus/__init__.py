"""Reads GPUs of AMD, Apple silicon and NVIDIA Jetson through the device layer of zeus."""
