"""CANDID-PTX: pictures of a hospital in New Zealand, with reports and masks of pneumothorax, rib fractures, tubes."""
