"""Our own API, `/api/v1`: the resources of the open data model as apps see them, to read.

An endpoint is data (`endpoints`): from it come the addresses, the SQL, the checks of parameters and the OpenAPI.
"""
