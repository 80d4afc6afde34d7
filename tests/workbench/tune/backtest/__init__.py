"""The back-test, held against captures that tell the truth and captures that do not."""
