"""RSNA Pneumonia Detection Challenge: pictures of ChestX-ray14 that radiologists read for opacities of the lung."""
