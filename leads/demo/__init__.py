"""The synthetic show: invented people and dealers, played through the same verbs as real ones, on a clock that ends now."""
