"""What the web server says of itself at the terminal: faults, and no advice about what is meant so."""

import logging


class WithoutAdvice(logging.Filter):
    """Leaves out Granian's advice on the number of threads.

    On two cores it finds eight many. They mostly wait for PostgreSQL, and reads that wait together are asked of it together.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record is shown."""
        return "Python threads" not in str(record.msg)
