"""Documents of the national register of study rights and attainments (KOSKI): in, out, and there and back.

`payload` has the register's own names and forms, `mapping` says what of a document is which column of ours. Both are
pure. What the data model has no place for is carried beside the row that it belongs to, never dropped.
"""
