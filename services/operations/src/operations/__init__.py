"""Operations: what failed, found, understood, repaired and replayed; the trail of every event; who did what."""
