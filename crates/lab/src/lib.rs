//! One world on one clock from one text, and the Scene to draw.
