"""OneRoster 1.2 rostering (1EdTech), the consumer's side of it: all 41 read operations; `v1p1` is another form of them.

A request passes `token` (who asks), `query` (what is asked), `roster` (the use cases) over `resources` (what a
resource is made of, as SQL), and leaves through `answers`. JSON is built by PostgreSQL; Python passes bytes on.
"""
