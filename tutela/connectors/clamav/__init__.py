"""ClamAV: scans files for viruses, on this machine or another."""
