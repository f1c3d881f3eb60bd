"""The words everybody uses: values, events, errors, and the protocols between packages."""
