//! The commands a person types (kubectl and friends), run against a lab.
