"""VinDr-PCXR: 9,125 radiographs of children under ten, with diseases and boxes of one reader each."""
