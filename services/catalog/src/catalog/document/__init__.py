"""Documents: scans and pictures that prove something: licences, mandates, agreements, certificates, reports."""
