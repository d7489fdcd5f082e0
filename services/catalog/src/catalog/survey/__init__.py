"""Sales-need surveys (销售需求摸底): what villages still have to sell."""
