"""The company's privacy office: its staff, the way they sign in, and what lies on their desks."""
