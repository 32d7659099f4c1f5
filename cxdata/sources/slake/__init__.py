"""SLAKE 1.0: questions about radiological pictures in English and Chinese; the chest radiographs among them."""
