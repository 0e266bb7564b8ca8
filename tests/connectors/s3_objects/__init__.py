"""A person's files on a real S3 server."""
