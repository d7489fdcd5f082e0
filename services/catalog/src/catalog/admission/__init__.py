"""Admission: a supplier applies, its county recommends, the platform admits (主体自愿申请、县级部门推荐、平台审核)."""
