"""RadGraph: entities and relations in the reports of chest radiographs."""
