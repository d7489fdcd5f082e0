"""What can be imported: for each kind its columns as data (kinds/*.toml) and a small class for what joins columns."""
