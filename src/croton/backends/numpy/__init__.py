"""The reference backend: each application evaluated in turn, by the `perform` of its operation."""
