"""What the formats of tables share: one table a file, read column by column."""
