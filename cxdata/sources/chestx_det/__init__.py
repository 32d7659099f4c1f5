"""ChestX-Det: pictures of ChestX-ray14, read anew by radiologists who boxed and outlined thirteen findings."""
