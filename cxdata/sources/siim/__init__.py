"""SIIM-ACR Pneumothorax Segmentation: pictures of ChestX-ray14 with masks of pneumothorax."""
