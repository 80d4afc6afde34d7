"""What if: deliveries that AWS allows and a capture does not show, put into a run on purpose."""
