"""CheXpert: v1.0 full and small, the test set's labels, and the reports and pictures of CheXpert Plus."""
