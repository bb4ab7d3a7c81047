"""What runs outside a request: RQ entry points, the schedule, and the bell. A few lines each over one service."""
