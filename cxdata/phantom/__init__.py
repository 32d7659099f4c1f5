"""The radiograph and report painter that the sources share for their synthetic copies."""
