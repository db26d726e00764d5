"""The use cases: `identity`, `district`, `departments` hear events; `keeping`, `looking`, `expiry` do the rest."""
