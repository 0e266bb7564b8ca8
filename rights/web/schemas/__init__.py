"""What calls take and give: once, for the check and for the contract."""
