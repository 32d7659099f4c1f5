"""VQA-RAD: questions that clinicians asked about radiographs of MedPix, as from OSF and as MEVF cut it; the chest's."""
