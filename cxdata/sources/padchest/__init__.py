"""PadChest: 160,861 radiographs of one Spanish hospital, its labels told by physicians or by a model."""
