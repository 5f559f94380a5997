"""Full-text and trigram search that respects row security."""
