"""Reading tables that people made: xlsx, xls, ods and CSV as rows of cells, and cells as values."""
